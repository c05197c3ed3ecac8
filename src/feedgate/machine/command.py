"""The room's own command line, for a machine that has this folder and nothing else of Feedgate."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from feedgate.machine.addresses import FeedUrl
from feedgate.machine.connect import Choices, Connected, connect, read_token
from feedgate.machine.errors import MachineError
from feedgate.machine.index_address import IndexAddress, parse_index_url, unencrypted
from feedgate.machine.plan import Client, Obstructed
from feedgate.machine.report import lines_of, object_of, problem_of
from feedgate.machine.surroundings import Surroundings

_PYZ_ENDING = ".pyz"


def run() -> int:
    """Run what the process was called with; see ``main``."""
    here = Surroundings.of_this_process()
    return main(sys.argv[1:], here, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)


def main(
    arguments: Sequence[str],
    surroundings: Surroundings,
    *,
    stdin: TextIO | None,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Run the command and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 broken off.

    The word ``connect`` may be left away: there is no other command.
    """
    words = list(arguments)
    if words[:1] == ["connect"]:
        words.pop(0)
    try:
        options = _parser().parse_args(words)
    except SystemExit as ended:  # argparse has said what is wrong, or printed the help
        return 2 if ended.code else 0
    try:
        index = parse_index_url(options.url)
        warning = unencrypted(index)
        if warning is not None:
            stderr.write(f"{warning}\n")
        connected = _connect(index, options, surroundings, stdin)
        _say(connected, stdout, as_json=options.json)
        if connected.plan.obstacles:
            raise Obstructed(connected.plan.obstacles)
    except MachineError as error:
        if options.json:
            stdout.write(json.dumps(problem_of(error)) + "\n")
        else:
            stderr.write(f"{error.message}\nNext: {error.next_step}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _connect(
    index: IndexAddress, options: argparse.Namespace, here: Surroundings, stdin: TextIO | None
) -> Connected:
    machines = here.seen_by(options.user, root=options.root)
    given = read_token(stdin, here.environment, None if options.dry_run else getpass.getpass)
    choices = Choices(
        clients=tuple(Client(name) for name in options.client),
        system=options.system,
        replace=options.replace,
        login=options.username,
        dry_run=options.dry_run,
        check=options.check,
    )
    return connect(index, machines, given, choices, insists=stdin is None or not stdin.isatty())


def _say(connected: Connected, stdout: TextIO, *, as_json: bool) -> None:
    if not as_json:
        stdout.writelines(f"{line}\n" for line in lines_of(connected))
    elif not connected.plan.obstacles:  # they are said as a problem, and there is one object
        stdout.write(json.dumps(object_of(connected)) + "\n")


def _parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog=_program(sys.argv[0]),
        description="Let pip, uv or Poetry on this machine use one index and nothing else. The token comes from "
        "FEEDGATE_READ_TOKEN, standard input or a prompt, never from an option.",
    )
    command.add_argument(
        "url", metavar="URL", help=f"{FeedUrl.SHORTHAND}, or the whole address of any simple index"
    )
    command.add_argument(
        "--client",
        action="append",
        default=[],
        choices=[client.value for client in Client],
        help="set up this client alone (repeatable)",
    )
    command.add_argument("--system", action="store_true", help="write the settings of all users, in /etc")
    command.add_argument(
        "--user",
        action="append",
        default=[],
        metavar="NAME",
        help="the user whose netrc takes the token, in place of the caller's (repeatable)",
    )
    command.add_argument(
        "--username", metavar="LOGIN", help="the user name that goes with the token (default: any)"
    )
    command.add_argument(
        "--root", type=Path, metavar="DIR", help="an image's folder, in place of the running machine"
    )
    command.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    command.add_argument(
        "--replace",
        action="store_true",
        help="take out what stands in the way, keeping the files as they were",
    )
    command.add_argument(
        "--no-check", dest="check", action="store_false", help="write the settings without asking the index"
    )
    command.add_argument(
        "--json", action="store_true", help="print one object for programs, and nothing else"
    )
    return command


def _program(called: str) -> str:
    """Return what one writes to call this: the one file by its name, else the room as a module."""
    name = Path(called).name
    return f"python3 {name}" if name.endswith(_PYZ_ENDING) else "python3 -m feedgate.machine"
