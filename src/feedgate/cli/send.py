"""``feedgate send``: send what a feed holds to another index."""

import re
from typing import Annotated, Final

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
from feedgate.cli.follow import follow_to_end, new_key, require_a_staying_server, show_accepted
from feedgate.errors import Invalid
from feedgate.model.names import FeedPath, parse_feed_path

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_SERIAL: Final = re.compile(r"serial:([1-9][0-9]{0,14})")


class NoMoment(Invalid):
    """What stands behind a feed's @ is no serial."""

    code = "no-moment-of-a-feed"

    def __init__(self, view: str) -> None:
        super().__init__(
            f"{view[:80]!r} is no moment of a feed",
            next_step="Write ORG/FEED@serial:N with N from the feed's ledger, or ORG/FEED for the feed as it is.",
        )


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
    path, serial = _parse(feed)
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


def _parse(raw: str) -> tuple[FeedPath, int | None]:
    """Read ``ORG/FEED`` or ``ORG/FEED@serial:N``; raises InvalidFeedName, NoMoment."""
    feed, at, view = raw.partition("@")
    path = parse_feed_path(feed)
    if not at:
        return path, None
    found = _SERIAL.fullmatch(view)
    if found is None:
        raise NoMoment(view)
    return path, int(found[1])
