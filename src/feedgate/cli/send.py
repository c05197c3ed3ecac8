"""``feedgate send``: send what a feed holds to another index."""

from typing import Annotated

import typer

from feedgate.api.destination_bodies import SendCreation
from feedgate.api.run_bodies import DestinationChoice
from feedgate.cli.destination_choice import ChosenDestination, DestinationOptions
from feedgate.cli.destination_options import (
    AcceptExisting,
    LimitOptions,
    ReadUrl,
    Username,
    announce,
    chosen_destination,
    chosen_standing,
)
from feedgate.cli.door import Door, opened
from feedgate.cli.feed_moment import parse_feed_moment
from feedgate.cli.follow import follow_to_end, new_key, require_a_staying_server, show_accepted
from feedgate.model.names import FeedPath

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def send(
    context: typer.Context,
    feed: Annotated[
        str, typer.Argument(metavar="ORG/FEED[@serial:N]", help="The feed, as it is or as it was.")
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="URL|NAME",
            help="Its upload address or simple index, a standing destination of the feed, or a section of .pypirc.",
        ),
    ],
    read_url: ReadUrl = None,
    username: Username = None,
    accept_existing: AcceptExisting = None,
    limits: LimitOptions = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run to its end.")] = True,
) -> None:
    """Send what a feed holds to another index, less what is yanked; what is there is not sent again."""
    path, serial = parse_feed_moment(feed)
    options = DestinationOptions(
        to=to,
        read_url=read_url,
        username=username,
        accept_existing=accept_existing or [],
        limits=limits or [],
    )
    standing: list[str] = []
    if "://" not in to:
        with opened(context) as door:
            standing = [one.name for one in door.client.list_destinations(path).body]
            if to.lower() in standing:
                chosen = _present(chosen_standing(options))
                body = chosen.body(is_standing=True)
                raise typer.Exit(_send(door, path, body, serial, wait=wait))
    chosen = _present(chosen_destination(options))
    body = chosen.body(standing=standing)
    announce(chosen)
    with opened(context, own=chosen.own) as door:
        raise typer.Exit(_send(door, path, body, serial, wait=wait))


def _send(door: Door, path: FeedPath, to: DestinationChoice, serial: int | None, *, wait: bool) -> int:
    if not wait:
        require_a_staying_server(door)
    reply = door.client.send(path, SendCreation(destination=to, serial=serial), key=new_key())
    if not wait:
        return show_accepted(reply, as_json=door.as_json)
    return follow_to_end(door, reply.body.run)


def _present(chosen: ChosenDestination | None) -> ChosenDestination:
    if chosen is None:
        raise RuntimeError("--to was given")
    return chosen
