"""Queries on what lies at addresses whose page states no digest."""

from sqlalchemy import delete, insert, select

from feedgate.model.digest import Digest
from feedgate.records import tables
from feedgate.records.database import Note, View

_known = tables.known_digest.c


def find(view: View, url: str) -> Digest | None:
    """Return the digest of what was fetched from there once, or None."""
    found = view.connection.execute(select(_known.digest).where(_known.url == url)).scalar_one_or_none()
    return None if found is None else Digest(found)


def put(note: Note, url: str, digest: Digest) -> None:
    """Remember what lies there."""
    note.connection.execute(delete(tables.known_digest).where(_known.url == url))
    note.connection.execute(insert(tables.known_digest).values(url=url, digest=digest))
