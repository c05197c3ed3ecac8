"""``feedgate connect``: let the clients on this machine use one feed and nothing else."""

import sys
from collections.abc import Callable
from dataclasses import replace as changed
from getpass import getpass
from typing import Annotated

import typer

from feedgate.api.bodies import TokenCreation
from feedgate.cli.show import inert, lines
from feedgate.errors import Invalid
from feedgate.machine.addresses import FeedUrl, parse_feed_url
from feedgate.machine.command import TokenMissing, describe
from feedgate.machine.connect import TOKEN_VARIABLE, connected_feeds, plan_connection, read_token
from feedgate.machine.netrc import has_entry
from feedgate.machine.plan import Client, Obstructed, Plan, apply
from feedgate.machine.reach import ask_feed
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
    feed: Annotated[str, typer.Argument(metavar="ORG/FEED|URL", help="The feed, or https://HOST/ORG/FEED.")],
    clients: Annotated[
        list[Client] | None, typer.Option("--client", help="That client alone. Repeatable.")
    ] = None,
    system: Annotated[bool, typer.Option("--system", help="The settings of all users, in /etc.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take out what stands in the way, keeping the files as they were."),
    ] = False,
) -> None:
    """Set pip, uv or Poetry up for one feed: index-url in its settings, the token in netrc alone.

    For ORG/FEED a read token is made where you may; for a URL it comes from FEEDGATE_READ_TOKEN,
    standard input or a prompt.
    """
    here = Surroundings.of_this_process()

    def planned(url: FeedUrl, token: str | None) -> Plan:
        return plan_connection(
            url, here, clients=tuple(clients or ()), system=system, replace=replace, token=token
        )

    if "://" in feed:
        url = parse_feed_url(feed)
        token = _given_token(url, here, dry_run=dry_run)
        plan = planned(url, token)
        if not dry_run and not plan.obstacles and (token is not None or not has_entry(here, url.host)):
            note = ask_feed(url, token)
            plan = plan if note is None else changed(plan, notes=(*plan.notes, note))
    else:
        plan = _plan_with_server(context, parse_feed_path(feed), here, planned, dry_run=dry_run)
    if not dry_run:
        backups = apply(plan)
    lines(inert(line) for line in describe(plan))
    if dry_run and plan.obstacles:
        raise Obstructed(plan.obstacles)
    if not dry_run:
        lines(f"{inert(backup)}: the file as it was" for backup in backups)


def _given_token(url: FeedUrl, here: Surroundings, *, dry_run: bool) -> str | None:
    """Return the token that the caller gives; raises TokenMissing where there is none at all."""
    token = read_token(sys.stdin, here.environment, None if dry_run else getpass)
    if token is None and not dry_run and not sys.stdin.isatty() and not has_entry(here, url.host):
        raise TokenMissing(url.host)
    return None if token is None else token.value


def _plan_with_server(
    context: typer.Context,
    path: FeedPath,
    here: Surroundings,
    planned: Callable[[FeedUrl, str | None], Plan],
    *,
    dry_run: bool,
) -> Plan:
    """Ask the server for a read token that reaches this feed and those this machine has there already."""
    from feedgate.cli.door import opened  # a URL needs no server of ours

    with opened(context) as door:
        if not door.stays:
            raise NoServerToConnectTo(path)
        found = door.client.show_feed(path).body
        url = parse_feed_url(f"{door.client.server.origin}/{found.feed}")
        already = connected_feeds(here, url.host)
        named = here.environment.get(TOKEN_VARIABLE)
        if named or found.public or (url in already and has_entry(here, url.host)):
            return planned(url, named)
        plan = planned(url, _NOT_MADE_YET)
        if plan.obstacles or dry_run:
            return plan  # nothing is made that would not be used
        feeds = dict.fromkeys([found.feed, *(f"{feed.organization}/{feed.feed}" for feed in already)])
        creation = TokenCreation(feeds=list(feeds), scope=Scope.READ)
        return planned(url, door.client.create_token(creation).body.token)
