"""Downloads: no entries of the ledger, written in batches off the request's path."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import case, func, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.sql.dml import Insert

from feedgate.model.digest import Digest
from feedgate.model.download import Client, ClientKind, Fetched
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import FeedId, Note, View
from feedgate.records.upsert import upsert_into

_count, _download, _token = tables.download_count.c, tables.download.c, tables.token.c

_REFUSED: Final = (IntegrityError, DataError)
_AT_ONCE: Final = 400

CountKey: TypeAlias = tuple[FeedId, str, str]
"""Feed, file name and day (``YYYY-MM-DD``, UTC)."""

FetchKey: TypeAlias = tuple[FeedId, str, str, Client]
"""Feed, file name, day and who."""


def add(note: Note, counts: Mapping[CountKey, int]) -> int:
    """Add counts; returns how many rows the database refused for what they are, a feed that is gone say."""
    row = upsert_into(note, tables.download_count)
    upsert = row.on_conflict_do_update(
        index_elements=["feed_id", "filename", "day"], set_={"count": _count.count + row.excluded.count}
    )
    return _put_all(
        note,
        upsert,
        [
            {"feed_id": feed, "filename": filename, "day": day, "count": count}
            for (feed, filename, day), count in sorted(counts.items())
        ],
    )


def add_fetches(note: Note, fetches: Mapping[FetchKey, Fetched]) -> int:
    """Say who fetched what; returns how many rows the database refused for what they are."""
    row = upsert_into(note, tables.download)
    is_earlier = row.excluded.first_at < _download.first_at
    is_later = row.excluded.last_at > _download.last_at
    upsert = row.on_conflict_do_update(
        index_elements=["feed_id", "filename", "day", "kind", "client"],
        set_={
            "first_at": case((is_earlier, row.excluded.first_at), else_=_download.first_at),
            "last_at": case((is_later, row.excluded.last_at), else_=_download.last_at),
        },
    )
    return _put_all(
        note,
        upsert,
        [
            {
                "feed_id": feed,
                "filename": filename,
                "day": day,
                "kind": client.kind.value,
                "client": client.name,
                "digest": fetched.digest,
                "first_at": to_microseconds(fetched.first_at),
                "last_at": to_microseconds(fetched.last_at),
            }
            for (feed, filename, day, client), fetched in fetches.items()
        ],
    )


def _put_all(note: Note, upsert: Insert, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the rows at once, and one by one where some are refused, so that these stop no other."""
    if not rows:
        return 0
    try:
        with note.connection.begin_nested():
            note.connection.execute(upsert, rows)
    except _REFUSED:
        return sum(not _put(note, upsert, row) for row in rows)
    return 0


def _put(note: Note, upsert: Insert, row: Mapping[str, Any]) -> bool:
    try:
        with note.connection.begin_nested():
            note.connection.execute(upsert, row)
    except _REFUSED:
        return False
    return True


def total(view: View, feed: FeedId, filename: str) -> int:
    """Return how often the file was fetched in all."""
    query = select(func.coalesce(func.sum(_count.count), 0)).where(
        _count.feed_id == feed, _count.filename == filename
    )
    return int(view.connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class FetchedBy:
    """What a client fetched of a file over all days; ``actor`` is the token's, None where no token asked."""

    filename: str
    client: Client
    actor: str | None
    fetched: Fetched


def fetched_by(view: View, feed: FeedId, filenames: Collection[str]) -> Iterator[FetchedBy]:
    """Yield who fetched the files from the feed, by file, then by the first time."""
    for some in _parts(filenames):
        first_at = func.min(_download.first_at).label("first_at")
        query = (
            select(
                _download.filename,
                _download.kind,
                _download.client,
                _download.digest,
                _token.actor,
                first_at,
                func.max(_download.last_at).label("last_at"),
            )
            .outerjoin(
                tables.token,
                (_token.id == _download.client) & (_download.kind == ClientKind.TOKEN.value),
            )
            .where(_download.feed_id == feed, _download.filename.in_(some))
            .group_by(_download.filename, _download.kind, _download.client, _download.digest, _token.actor)
            .order_by(_download.filename, first_at, _download.client)
        )
        for row in view.connection.execute(query):
            yield FetchedBy(
                row.filename,
                Client(ClientKind(row.kind), row.client),
                row.actor,
                Fetched(Digest(row.digest), from_microseconds(row.first_at), from_microseconds(row.last_at)),
            )


def counted_before(view: View, feed: FeedId, filenames: Collection[str]) -> int:
    """Return how many fetches of the files are counted on days of which nobody wrote down who fetched."""
    found = 0
    for some in _parts(filenames):
        known = select(_download.day).where(
            _download.feed_id == _count.feed_id,
            _download.filename == _count.filename,
            _download.day == _count.day,
        )
        query = select(func.coalesce(func.sum(_count.count), 0)).where(
            _count.feed_id == feed, _count.filename.in_(some), ~known.exists()
        )
        found += int(view.connection.execute(query).scalar_one())
    return found


def _parts(filenames: Collection[str]) -> Iterator[Sequence[str]]:
    in_order = sorted(filenames)
    for start in range(0, len(in_order), _AT_ONCE):
        yield in_order[start : start + _AT_ONCE]
