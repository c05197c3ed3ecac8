"""Queries on the ledger: read a stretch of it, follow it, verify it."""

from collections.abc import Iterator

from sqlalchemy import Row, select

from feedgate.model.ledger import Act, Entry, Serial
from feedgate.model.times import from_microseconds
from feedgate.records import tables
from feedgate.records.database import FeedId, View
from feedgate.records.tables import INSTALLATION


def ledger_name(view: View, feed: FeedId | None) -> str:
    """Return the name that the ledger's entries are hashed with."""
    query = select(tables.head.c.ledger).where(tables.head.c.feed_id == (feed or INSTALLATION))
    return str(view.connection.execute(query).scalar_one())


def entries(
    view: View, feed: FeedId | None, *, after: Serial = Serial(0), limit: int | None = None
) -> Iterator[Entry]:
    """Yield entries in order, those behind ``after``; rows stream, nothing is held."""
    name = ledger_name(view, feed)
    query = (
        select(tables.entry)
        .where(tables.entry.c.feed_id == (feed or INSTALLATION), tables.entry.c.serial > after)
        .order_by(tables.entry.c.serial)
        .limit(limit)
    )
    for row in view.connection.execution_options(yield_per=500).execute(query):
        yield _entry(name, row)


def find(view: View, feed: FeedId | None, serial: Serial) -> Entry | None:
    """Return the entry of that serial."""
    query = select(tables.entry).where(
        tables.entry.c.feed_id == (feed or INSTALLATION), tables.entry.c.serial == serial
    )
    row = view.connection.execute(query).first()
    return None if row is None else _entry(ledger_name(view, feed), row)


def written_by(view: View, feed: FeedId, run: str, act: Act) -> Entry | None:
    """Return the newest entry of that act that ``run`` wrote, if it did."""
    query = (
        select(tables.entry)
        .where(tables.entry.c.feed_id == feed, tables.entry.c.run == run, tables.entry.c.act == act.value)
        .order_by(tables.entry.c.serial.desc())
    )
    row = view.connection.execute(query).first()
    return None if row is None else _entry(ledger_name(view, feed), row)


def _entry(ledger: str, row: Row[tuple[object, ...]]) -> Entry:
    return Entry(
        ledger=ledger,
        serial=Serial(row.serial),
        at=from_microseconds(row.at),
        actor=row.actor,
        # Kept as text: verifying must name a row whose act was rewritten, not stumble on it.
        act=row.act,
        run=row.run,
        facts=row.facts,
        previous=row.previous,
        hash=row.hash,
    )
