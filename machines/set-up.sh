#!/bin/sh
# Lets pip and uv of all users of this machine use one index and nothing else. As root:
#
#   sh set-up.sh URL [--user NAME]... [options of feedgate-connect.pyz]  < FILE-WITH-THE-TOKEN
#
# It needs feedgate-connect.pyz in its own folder and Python 3.9 or newer; neither PyPI nor Feedgate.
# URL    https://HOST/ORGANIZATION/FEED of Feedgate, or the whole address of any simple index.
# --user whose ~/.netrc takes the token, mode 0600; say it for each user who installs. /etc/pip.conf holds none.
# The token comes on standard input or in FEEDGATE_READ_TOKEN, or is what the program FEEDGATE_TOKEN_COMMAND
# prints. It is never an argument, which every user of the machine could read, and is never printed.
#
# How long it lives: one of Feedgate 90 days unless it was made with --expires; a personal access token of
# Azure DevOps until the day that was chosen with it, at most a year. The token of a pipeline's job ends with the
# job: it is of no use here.
# To change it: the same command with the new token and --replace. Without --replace an entry that is
# there for the host is left, and named: pip and uv match netrc by the host alone, so every index of it shares one.
set -eu
umask 022

stop() {
    printf 'set-up: %s\n' "$1" >&2
    exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
pyz=$here/feedgate-connect.pyz
[ -s "$pyz" ] || stop "$pyz is not there. In Feedgate's sources, make connect-pyz makes it."

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || stop "no Python 3.9 or newer is on the PATH. Name one: PYTHON=/path/to/python3"

if [ -n "${FEEDGATE_TOKEN_COMMAND:-}" ]; then
    token=$("$FEEDGATE_TOKEN_COMMAND") || stop "$FEEDGATE_TOKEN_COMMAND brought no token"
    # printf is the shell's own, so the token is in no list of processes
    printf '%s\n' "$token" | "$python" "$pyz" connect --system "$@"
else
    "$python" "$pyz" connect --system "$@"
fi
