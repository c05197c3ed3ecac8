"""The room's own command line, for a machine that has this folder and nothing else of Feedgate."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Iterator, Sequence
from typing import TextIO

from feedgate.machine.addresses import FeedUrl, parse_feed_url
from feedgate.machine.connect import TOKEN_VARIABLE, plan_connection, read_token
from feedgate.machine.errors import MachineError
from feedgate.machine.netrc import has_entry
from feedgate.machine.plan import Client, Obstructed, Plan, apply
from feedgate.machine.surroundings import Surroundings


class TokenMissing(MachineError):
    """Nobody gave a token, and netrc has none for the host."""

    code = "token-missing"
    exit_status = 2

    def __init__(self, host: str) -> None:
        super().__init__(
            f"no token was given, and netrc has none for {host}",
            next_step=f"Give it on standard input or in {TOKEN_VARIABLE}.",
        )


def main(
    arguments: Sequence[str],
    surroundings: Surroundings,
    *,
    stdin: TextIO | None,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Run the command and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 broken off."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse has said what is wrong, or printed the help
        return 2 if ended.code else 0
    try:
        stdout.writelines(f"{line}\n" for line in _connect(options, surroundings, stdin))
    except MachineError as error:
        stderr.write(f"{error.message}\nNext: {error.next_step}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def describe(plan: Plan) -> Iterator[str]:
    """Yield the plan in lines for people; holds no secret."""
    for change in plan.changes:
        for line in change.lines:
            yield f"{change.path}: {line}"
    if not plan.changes:
        yield "nothing to change"
    yield from plan.notes


def _connect(options: argparse.Namespace, surroundings: Surroundings, stdin: TextIO | None) -> Iterator[str]:
    feed: FeedUrl = parse_feed_url(options.url)
    token = read_token(stdin, surroundings.environment, None if options.dry_run else getpass.getpass)
    asked = stdin is not None and stdin.isatty()
    if token is None and not options.dry_run and not asked and not has_entry(surroundings, feed.host):
        raise TokenMissing(feed.host)
    plan = plan_connection(
        feed,
        surroundings,
        clients=tuple(Client(name) for name in options.client),
        system=options.system,
        replace=options.replace,
        token=None if token is None else token.value,
    )
    if options.dry_run:
        yield from describe(plan)
        if plan.obstacles:
            raise Obstructed(plan.obstacles)
        return
    backups = apply(plan)
    yield from describe(plan)
    for backup in backups:
        yield f"{backup}: the file as it was"
    if token is not None:
        yield f"token from {token.source}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="feedgate-connect", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    connect = commands.add_parser(
        "connect", help="let pip, uv or Poetry on this machine use one feed and nothing else"
    )
    connect.add_argument("url", metavar="URL", help=f"{FeedUrl.SHORTHAND}, or the whole address of a feed")
    connect.add_argument(
        "--client",
        action="append",
        default=[],
        choices=[client.value for client in Client],
        help="set up this client alone (repeatable)",
    )
    connect.add_argument("--system", action="store_true", help="write the settings of all users, in /etc")
    connect.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    connect.add_argument(
        "--replace",
        action="store_true",
        help="take out what stands in the way, keeping the files as they were",
    )
    return parser
