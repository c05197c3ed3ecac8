"""Download counts: no entries of the ledger, written in batches off the request's path."""

from collections.abc import Mapping

from sqlalchemy import func, select

from feedgate.records import tables
from feedgate.records.database import FeedId, Note, View
from feedgate.records.upsert import upsert_into

_count = tables.download_count.c


def add(note: Note, counts: Mapping[tuple[FeedId, str, str], int]) -> None:
    """Add counts by feed, file name and day (``YYYY-MM-DD``, UTC)."""
    for (feed, filename, day), count in sorted(counts.items()):
        row = upsert_into(note, tables.download_count).values(
            feed_id=feed, filename=filename, day=day, count=count
        )
        note.connection.execute(
            row.on_conflict_do_update(
                index_elements=["feed_id", "filename", "day"],
                set_={"count": _count.count + row.excluded.count},
            )
        )


def total(view: View, feed: FeedId, filename: str) -> int:
    """Return how often the file was fetched in all."""
    query = select(func.coalesce(func.sum(_count.count), 0)).where(
        _count.feed_id == feed, _count.filename == filename
    )
    return int(view.connection.execute(query).scalar_one())
