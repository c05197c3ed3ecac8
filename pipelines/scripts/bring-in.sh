#!/usr/bin/env bash
# Turns a job's variables into one call of `feedgate add` or `feedgate plan`, and ends with its exit status:
# 0 there and proved, 1 failed, 2 asked wrongly, 3 held, 4 refused by policy.
#
#   FEEDGATE_HOME          the environment that install-feedgate.sh made
#   FEEDGATE_PACKAGES      what to bring in, one a line or parted by |
#   FEEDGATE_REQUIREMENTS  requirements files or pylock.toml of this repository, likewise
#   FEEDGATE_TARGETS       what the machines run, PYTHON@PLATFORM, likewise
#   FEEDGATE_FEED          where to: a section of .pypirc or an address; with FEEDGATE_URL a feed, ORGANIZATION/FEED
#   FEEDGATE_REASON        why
#   FEEDGATE_PLAN          yes = only say what would come in, and change nothing
#   FEEDGATE_OPTIONS       further options of `feedgate add`, likewise, with = before their value: --internal=acme-*
#   FEEDGATE_REPORT        the folder for the report
#   FEEDGATE_DATA          the data directory; what a cache of the build service brought back is looked at first
#   FEEDGATE_URL           a Feedgate server to ask, its token in FEEDGATE_TOKEN
#
# Nothing here is evaluated by a shell: each value becomes an argument as it stands.
set +x # whoever traces the job must not trace what stands in its variables
set -euo pipefail
umask 077

# Says why the step ends: in the log, and where the service has a form of its own for that, in that form too.
stop() {
    local words="bring-in: ${1//##/# #}"
    printf '%s\n' "$words" >&2
    if [ -n "${TF_BUILD:-}" ]; then
        printf '##vso[task.logissue type=error]%s\n' "${words//\%/%AZP25}" >&2
    elif [ -n "${GITHUB_ACTIONS:-}" ]; then
        printf '::error::%s\n' "${words//\%/%25}" >&2
    fi
    exit 2
}

# Fills the array `parts` with what stands between line ends and |, without blanks around it; what is empty is left out.
split() {
    local part
    parts=()
    while IFS= read -r part; do
        part=${part#"${part%%[![:space:]]*}"}
        part=${part%"${part##*[![:space:]]}"}
        [ -z "$part" ] || parts+=("$part")
    done <<<"${1//|/$'\n'}"
}

# A value that somebody typed must carry no secret of the job out with the report: some services put variables
# into what is typed.
require_no_secret() {
    local name secret
    for name in FEEDGATE_TOKEN FEEDGATE_DESTINATION_PASSWORD SYSTEM_ACCESSTOKEN CI_JOB_TOKEN GITHUB_TOKEN; do
        secret=${!name:-}
        if [ -n "$secret" ] && [[ $1 == *"$secret"* ]]; then
            stop "one of the values holds the secret $name. Type no variable's name into a field."
        fi
    done
}

# A requirements file is one of this repository: what else lies on the agent is nobody's to name.
require_in_repository() {
    local found
    found=$(realpath -e -- "$1" 2>/dev/null) || stop "FEEDGATE_REQUIREMENTS names a file that is not there."
    [[ $found == "$(pwd -P)"/* && $found =~ \.(txt|in|toml)$ ]] ||
        stop "FEEDGATE_REQUIREMENTS takes files of this repository that end in .txt, .in or .toml."
}

# Feedgate knows its blobs by their name alone. What a cache brought back must be what its name says, and what is
# a month old is left out, so that the cache does not grow for ever. A directory with records is no cache's: there
# the records say which blobs must stay.
look_at_blobs() {
    local blobs=$1/blobs/sha256 file found
    [ ! -e "$1/records.sqlite" ] || return 0
    [ ! -L "$blobs" ] || rm -f -- "$blobs"
    mkdir -p -- "$blobs"
    find "$blobs" ! -type d \( ! -type f -o -mtime +30 \) -delete
    while IFS= read -r -d '' file; do
        found=$(sha256sum <"$file")
        [ "${found%% *}" = "${file##*/}" ] || rm -f -- "$file"
    done < <(find "$blobs" -type f -print0)
}

feedgate=${FEEDGATE_HOME:?names no environment}/bin/feedgate
[ -x "$feedgate" ] || stop "$feedgate is not there: run install-feedgate.sh first."
case ${FEEDGATE_TOKEN:-} in
'$('*')') stop "the secret variable FEEDGATE_TOKEN is not defined in this pipeline." ;;
esac
[ -n "${FEEDGATE_URL:-}" ] || [ -z "${FEEDGATE_TOKEN:-}" ] ||
    stop "FEEDGATE_TOKEN is a server's, and FEEDGATE_URL, which names the server, is empty."
for value in "${FEEDGATE_PACKAGES:-}" "${FEEDGATE_REQUIREMENTS:-}" "${FEEDGATE_TARGETS:-}" "${FEEDGATE_FEED:-}" \
    "${FEEDGATE_REASON:-}" "${FEEDGATE_PLAN:-}"; do
    require_no_secret "$value"
done

case ${FEEDGATE_PLAN:-no} in
no) words=(add) ;;
yes) words=(plan) ;;
*) stop "FEEDGATE_PLAN is yes or no." ;;
esac
split "${FEEDGATE_FEED:-}"
[ "${#parts[@]}" = 1 ] || stop "FEEDGATE_FEED must name one feed."
if [ -n "${FEEDGATE_URL:-}" ]; then
    words+=("--feed=${parts[0]}")
else
    unset FEEDGATE_URL
    words+=("--to=${parts[0]}")
    data=${FEEDGATE_DATA:?names no folder}
    mkdir -p -- "$data" "$data/cache/uv"
    chmod 700 -- "$data"
    look_at_blobs "$data"
fi
split "${FEEDGATE_TARGETS:-}"
for part in ${parts[@]+"${parts[@]}"}; do words+=("--target=$part"); done
split "${FEEDGATE_REQUIREMENTS:-}"
for part in ${parts[@]+"${parts[@]}"}; do
    require_in_repository "$part"
    words+=("--requirement=$part")
done
[[ ! ${FEEDGATE_REASON:-} =~ [^[:space:]] ]] || words+=("--reason=$FEEDGATE_REASON")
[ -z "${FEEDGATE_REPORT:-}" ] || words+=("--report=$FEEDGATE_REPORT")
split "${FEEDGATE_OPTIONS:-}"
for part in ${parts[@]+"${parts[@]}"}; do
    [[ ! $part =~ ^--?[a-z-]+[[:space:]] ]] ||
        stop "FEEDGATE_OPTIONS takes one option a line, with = before its value, as in --internal=acme-*."
done
words+=(${parts[@]+"${parts[@]}"})
split "${FEEDGATE_PACKAGES:-}"
words+=(-- ${parts[@]+"${parts[@]}"})

# In its place, so that its exit status is the step's, and a cancelled job reaches it.
exec "$feedgate" "${words[@]}"
