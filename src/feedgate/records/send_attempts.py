"""Queries on which run was last about to send a file to a destination: a kill tells nobody whether it came to it."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import delete, insert, select

from feedgate.model.run import RunId
from feedgate.records import tables
from feedgate.records.database import Note, View

_attempt = tables.send_attempt.c
_AT_ONCE = 500


def put(note: Note, upload_url: str, filenames: Collection[str], run: RunId) -> None:
    """Note that ``run`` is about to send the files to ``upload_url``, whoever was before it."""
    for some in _parts(filenames):
        note.connection.execute(
            delete(tables.send_attempt).where(_attempt.upload_url == upload_url, _attempt.filename.in_(some))
        )
        rows = [{"upload_url": upload_url, "filename": name, "run": run} for name in some]
        note.connection.execute(insert(tables.send_attempt), rows)


def last_of(view: View, upload_url: str, filenames: Collection[str]) -> Mapping[str, RunId]:
    """Return of each file which run was last about to send it to ``upload_url``; of none that no run was."""
    found: dict[str, RunId] = {}
    for some in _parts(filenames):
        query = select(_attempt.filename, _attempt.run).where(
            _attempt.upload_url == upload_url, _attempt.filename.in_(some)
        )
        found.update({row.filename: RunId(row.run) for row in view.connection.execute(query)})
    return found


def last_by(view: View, run: RunId) -> frozenset[str]:
    """Return the files that no other run was about to send after ``run`` was."""
    query = select(_attempt.filename).where(_attempt.run == run)
    return frozenset(view.connection.execute(query).scalars())


def _parts(filenames: Collection[str]) -> Iterator[Sequence[str]]:
    in_order = sorted(filenames)
    for start in range(0, len(in_order), _AT_ONCE):
        yield in_order[start : start + _AT_ONCE]
