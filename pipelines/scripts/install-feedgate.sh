#!/usr/bin/env bash
# Makes an environment that holds Feedgate and nothing else.
#
#   FEEDGATE_HOME          where the environment goes; what is there is replaced
#   FEEDGATE_WHEEL         Feedgate's wheel: an https address, or a path
#   FEEDGATE_WHEEL_SHA256  its sha256; without it, or with other bytes, nothing is installed
#   PYTHON                 the interpreter, if it must be a certain one (3.11 or newer)
#
# What Feedgate stands on comes from the index that the job's pip is set to, by the hashes in feedgate.lock.
# That index is never printed: its address may hold a password.
set +x # whoever traces the job must not trace what stands in its variables
set -euo pipefail
umask 077

# Says why the step ends: in the log, and where the service has a form of its own for that, in that form too.
stop() {
    local words="install-feedgate: ${1//##/# #}"
    printf '%s\n' "$words" >&2
    if [ -n "${TF_BUILD:-}" ]; then
        printf '##vso[task.logissue type=error]%s\n' "${words//\%/%AZP25}" >&2
    elif [ -n "${GITHUB_ACTIONS:-}" ]; then
        printf '::error::%s\n' "${words//\%/%25}" >&2
    fi
    exit 1
}

home=${FEEDGATE_HOME:?names no folder to install into}
wheel=${FEEDGATE_WHEEL:-}
sha256=${FEEDGATE_WHEEL_SHA256:-}
lock=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/feedgate.lock

[ -n "$wheel" ] || stop "FEEDGATE_WHEEL is empty: name Feedgate's wheel, by its address or its path."
[[ $sha256 =~ ^[0-9a-f]{64}$ ]] ||
    stop "FEEDGATE_WHEEL_SHA256 is no sha256 in 64 lower-case hexadecimal digits: sha256sum FILE prints it."
[ -s "$lock" ] || stop "$lock is not there: copy the whole folder that these scripts came in."

# Settings that would lead an installer past the environment, or have it tell more than its errors.
unset PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT PIP_NO_BINARY PIP_ONLY_BINARY \
    PIP_VERBOSE PIP_LOG PIP_REPORT PIP_DRY_RUN UV_VERBOSE UV_PROJECT_ENVIRONMENT UV_SYSTEM_PYTHON VIRTUAL_ENV \
    PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

find_python() {
    local candidate
    local -a candidates=(python3 python3.14 python3.13 python3.12 python3.11 python)
    # Where the agents of Azure and GitHub keep interpreters that are not on the PATH.
    candidates+=("${AGENT_TOOLSDIRECTORY:-${RUNNER_TOOL_CACHE:-/nowhere}}"/Python/3.*/*/bin/python3)
    [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer was found. Put one on the PATH, or name it: PYTHON=/path/to/python3"
}

# Runs the installer in silence. What it says when it fails is shown without addresses and hosts, and so that no
# build service takes a word of it for a command.
quietly() {
    local said
    said=$("$@" 2>&1) && return
    printf '%s\n' "$said" | tail -n 30 | tr '\r' '\n' | sed -E \
        -e "s#[A-Za-z][A-Za-z0-9+.-]*://[^[:space:]\"'<>]*#(address)#g" \
        -e "s#host='[^']*'#host=(hidden)#g" \
        -e 's/##/# #/g' -e 's/^([[:space:]]*):+/\1/' >&2
    return 1
}

# Fills the array `installer`: pip of that interpreter, any pip that can install into another environment, or uv.
find_installer() {
    local candidate
    for candidate in "$python -m pip" pip3 pip; do
        read -ra installer <<<"$candidate"
        [ "$candidate" != "$python -m pip" ] || installer=("$python" -m pip)
        # --python came with pip 22.3; an older one does not know the option.
        if "${installer[@]}" --python "$python" --version >/dev/null 2>&1; then
            installer+=(--python "$home/bin/python" install --quiet --no-compile)
            return
        fi
    done
    command -v uv >/dev/null 2>&1 ||
        stop "neither pip 22.3 or newer nor uv was found for $python. Put one of them on the PATH."
    installer=(uv pip install --quiet --no-progress --python "$home/bin/python")
}

python=$(find_python)
find_installer

case $wheel in
https://* | http://*) ;;
*)
    [ -f "$wheel" ] || stop "FEEDGATE_WHEEL names no file: $(basename -- "$wheel" | tr -d '[:cntrl:]')"
    wheel=$("$python" -I -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).resolve().as_uri())' "$wheel")
    ;;
esac
[[ ${wheel%%\?*} == *.whl && $wheel != *[[:space:]#]* ]] ||
    stop "FEEDGATE_WHEEL is neither the address nor the path of a wheel (feedgate-VERSION-py3-none-any.whl)."

"$python" -m venv --clear --without-pip "$home"
printf 'feedgate @ %s --hash=sha256:%s\n' "$wheel" "$sha256" >"$home/feedgate.txt"
# The wheel first, so that a wrong one is told before anything else is fetched.
quietly "${installer[@]}" --require-hashes --no-deps --only-binary :all: -r "$home/feedgate.txt" -r "$lock" ||
    stop "Feedgate could not be installed; the installer's words are above."
"$home/bin/feedgate" --version
