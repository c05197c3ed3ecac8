"""``feedgate connect``: let the clients on this machine use one index and nothing else."""

import json
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from feedgate.api.bodies import TokenCreation
from feedgate.cli.main import place
from feedgate.cli.show import inert, json_text, lines
from feedgate.errors import Invalid
from feedgate.machine.addresses import FeedUrl, parse_feed_url
from feedgate.machine.connect import (
    TOKEN_VARIABLE,
    Choices,
    Connected,
    carry_out,
    connected_feeds,
    plan_with,
    read_token,
)
from feedgate.machine.connect import connect as connect_machine
from feedgate.machine.index_address import IndexAddress, parse_index_url, unencrypted
from feedgate.machine.netrc import has_entry
from feedgate.machine.plan import Client, Obstructed, Plan
from feedgate.machine.report import lines_of, object_of
from feedgate.machine.surroundings import Surroundings
from feedgate.model.access import Scope
from feedgate.model.names import FeedPath, parse_feed_path

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_NOT_MADE_YET = "fgt_not-made-yet"


class NoServerToConnectTo(Invalid):
    """A feed named without an address, where no server stays to answer for it."""

    code = "no-server-to-connect-to"

    def __init__(self, feed: FeedPath) -> None:
        super().__init__(
            f"{feed}: no server of this data directory stays, so clients would find nothing there",
            next_step=f"Start one with: feedgate serve. Or name a server: feedgate connect https://HOST/{feed}",
        )


@app.command()
def connect(  # each is a choice of the caller
    context: typer.Context,
    *,
    feed: Annotated[
        str,
        typer.Argument(
            metavar="ORG/FEED|URL", help="The feed, https://HOST/ORG/FEED, or any simple index's address."
        ),
    ],
    clients: Annotated[
        list[Client] | None, typer.Option("--client", help="That client alone. Repeatable.")
    ] = None,
    system: Annotated[bool, typer.Option("--system", help="The settings of all users, in /etc.")] = False,
    users: Annotated[
        list[str] | None,
        typer.Option(
            "--user", metavar="NAME", help="Whose netrc takes the token, for the caller's. Repeatable."
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(metavar="LOGIN", help="The user name that goes with the token (default: any)."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="An image's folder, for the running machine.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take out what stands in the way, keeping the files as they were."),
    ] = False,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Ask the index first.")] = True,
) -> None:
    """Set pip, uv or Poetry up for one index: index-url in its settings, the token in netrc alone.

    For ORG/FEED a read token is made where you may; for a URL it comes from FEEDGATE_READ_TOKEN,
    standard input or a prompt.
    """
    here = Surroundings.of_this_process()
    machines = here.seen_by(users or (), root=root)
    choices = Choices(tuple(clients or ()), system, replace, username, dry_run, check)
    if "://" in feed:
        connected = _connect_by_url(_warned(parse_index_url(feed)), here, machines, choices)
    else:
        connected = _connect_with_server(context, parse_feed_path(feed), here, machines, choices)
    as_json = place(context).as_json
    if not as_json:
        lines(inert(line) for line in lines_of(connected))
    if connected.plan.obstacles:
        raise Obstructed(connected.plan.obstacles)
    if as_json:
        json_text(json.dumps(object_of(connected)))


def _connect_by_url(
    index: IndexAddress, here: Surroundings, machines: tuple[Surroundings, ...], choices: Choices
) -> Connected:
    token = read_token(sys.stdin, here.environment, None if choices.dry_run else getpass)
    return connect_machine(index, machines, token, choices, insists=not sys.stdin.isatty())


def _connect_with_server(
    context: typer.Context,
    path: FeedPath,
    here: Surroundings,
    machines: tuple[Surroundings, ...],
    choices: Choices,
) -> Connected:
    """Ask the server for a read token that reaches this feed and those this machine has there already."""
    from feedgate.cli.door import opened  # a URL needs no server of ours

    with opened(context) as door:
        if not door.stays:
            raise NoServerToConnectTo(path)
        found = door.client.show_feed(path).body
        url = parse_feed_url(f"{door.client.server.origin}/{found.feed}")
        _warned(url)
        already = [connected_feeds(machine, url.host) for machine in machines]
        named = here.environment.get(TOKEN_VARIABLE)

        def made() -> str:
            others = [f"{feed.organization}/{feed.feed}" for feeds in already for feed in feeds]
            feeds = list(dict.fromkeys([found.feed, *others]))
            return door.client.create_token(TokenCreation(feeds=feeds, scope=Scope.READ)).body.token

        all_can_read = all(_can_read(*pair, url) for pair in zip(machines, already, strict=True))
        if named or found.public or all_can_read:
            return carry_out(url, plan_with(url, machines, choices, named), choices)
        return carry_out(url, _plan_with_new_token(url, machines, choices, made), choices)


def _warned(index: IndexAddress) -> IndexAddress:
    """Return the index, after a warning on standard error where it is asked in the clear."""
    warning = unencrypted(index)
    if warning is not None:
        typer.echo(warning, err=True)
    return index


def _can_read(machine: Surroundings, already: tuple[FeedUrl, ...], url: FeedUrl) -> bool:
    """Whether the machine has a token for the feed, or is an image in which nobody was named who takes one."""
    return machine.is_nobodys or (url in already and has_entry(machine, url.host))


def _plan_with_new_token(
    url: FeedUrl, machines: tuple[Surroundings, ...], choices: Choices, made: Callable[[], str]
) -> Plan:
    """Plan first: no token is made that would not be used."""
    plan = plan_with(url, machines, choices, _NOT_MADE_YET)
    if plan.obstacles or choices.dry_run:
        return plan
    return plan_with(url, machines, choices, made())
