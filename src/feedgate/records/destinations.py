"""Queries on a feed's standing destinations."""

import json
from typing import Any, Final

from sqlalchemy import Row, insert, select

from feedgate.model.destination import Addresses
from feedgate.model.secret_source import parse_secret_source
from feedgate.model.standing_destination import StandingDestination
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, View
from feedgate.records.span import close, is_open

_destination = tables.feed_destination.c
_SAID: Final = ("internal", "upstream_allow", "accept_existing", "limits")


def find(view: View, feed: FeedId, name: str) -> StandingDestination | None:
    """Return the feed's standing destination of that name as it is now."""
    query = select(tables.feed_destination).where(
        _destination.feed_id == feed, _destination.name == name, is_open(tables.feed_destination)
    )
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def all_of(view: View, feed: FeedId) -> tuple[StandingDestination, ...]:
    """Return the feed's standing destinations, by name."""
    query = (
        select(tables.feed_destination)
        .where(_destination.feed_id == feed, is_open(tables.feed_destination))
        .order_by(_destination.name)
    )
    return tuple(_read(row) for row in view.connection.execute(query))


def put(change: Change, feed: FeedId, destination: StandingDestination) -> None:
    """Close the row under the destination's name and open this one."""
    remove(change, feed, destination.name)
    change.connection.execute(
        insert(tables.feed_destination).values(
            feed_id=feed,
            name=destination.name,
            upload_url=destination.addresses.upload_url,
            read_url=destination.addresses.read_url,
            username=destination.username,
            secret=None if destination.secret is None else str(destination.secret),
            said=json.dumps({key: list(getattr(destination, key)) for key in _SAID}),
            valid_from=change.serial,
        )
    )


def remove(change: Change, feed: FeedId, name: str) -> bool:
    """Close the destination's row; False where there was none."""
    return close(change, tables.feed_destination, _destination.feed_id == feed, _destination.name == name)


def _read(row: Row[Any]) -> StandingDestination:
    said: dict[str, list[str]] = json.loads(row.said)
    return StandingDestination(
        name=row.name,
        addresses=Addresses(row.upload_url, row.read_url),
        username=row.username,
        secret=None if row.secret is None else parse_secret_source(row.secret),
        internal=tuple(said["internal"]),
        upstream_allow=tuple(said["upstream_allow"]),
        accept_existing=tuple(said["accept_existing"]),
        limits=tuple(said["limits"]),
    )
