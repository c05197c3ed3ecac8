"""Queries on what lay at addresses whose page states no digest, and how to see whether it still does."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from feedgate.model.digest import Digest
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Note, View

_known = tables.known_digest.c


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """What was hashed, with what the answer said of it; None where it did not say."""

    digest: Digest
    size_bytes: int
    etag: str | None
    last_modified: str | None
    hashed_at: datetime


def find(view: View, url: str) -> KnownDigest | None:
    """Return what was fetched from there last, or None."""
    row = view.connection.execute(select(tables.known_digest).where(_known.url == url)).first()
    if row is None:
        return None
    hashed_at = from_microseconds(row.hashed_at)
    return KnownDigest(Digest(row.digest), row.size_bytes, row.etag, row.last_modified, hashed_at)


def put(note: Note, url: str, known: KnownDigest) -> None:
    """Remember what lies there."""
    note.connection.execute(delete(tables.known_digest).where(_known.url == url))
    note.connection.execute(
        insert(tables.known_digest).values(
            url=url,
            digest=known.digest,
            size_bytes=known.size_bytes,
            etag=known.etag,
            last_modified=known.last_modified,
            hashed_at=to_microseconds(known.hashed_at),
        )
    )
