"""Queries on which run was last about to send a file to a destination: a kill tells nobody whether it came to it."""

from collections.abc import Collection

from sqlalchemy import delete, insert, select

from feedgate.model.run import RunId
from feedgate.records import tables
from feedgate.records.database import Note, View

_attempt = tables.send_attempt.c
_AT_ONCE = 500


def put(note: Note, upload_url: str, filenames: Collection[str], run: RunId) -> None:
    """Note that ``run`` is about to send the files to ``upload_url``, whoever was before it."""
    names = sorted(filenames)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        note.connection.execute(
            delete(tables.send_attempt).where(_attempt.upload_url == upload_url, _attempt.filename.in_(some))
        )
        rows = [{"upload_url": upload_url, "filename": name, "run": run} for name in some]
        note.connection.execute(insert(tables.send_attempt), rows)


def last_by(view: View, upload_url: str, run: RunId) -> frozenset[str]:
    """Return the files that no other run was about to send to ``upload_url`` after ``run`` was."""
    query = select(_attempt.filename).where(_attempt.upload_url == upload_url, _attempt.run == run)
    return frozenset(view.connection.execute(query).scalars())
