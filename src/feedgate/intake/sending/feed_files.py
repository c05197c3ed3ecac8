"""Which of a feed's files a run sends: as they stood at its serial, less what is yanked."""

from collections.abc import Iterable
from dataclasses import dataclass

from feedgate.model.ledger import Serial
from feedgate.model.names import ProjectName
from feedgate.model.send_request import SendRequest
from feedgate.records import distributions
from feedgate.records.database import Database, FeedId, Snapshot
from feedgate.records.distributions import Published


@dataclass(frozen=True, slots=True)
class FeedFiles:
    """``rows`` are to be sent, ``yanked`` are the names of files that are left out."""

    rows: tuple[Published, ...]
    yanked: tuple[str, ...]


def files_to_send(records: Database, feed: FeedId, request: SendRequest) -> FeedFiles:
    """Return what ``request`` is about, from a thread that may wait for the database.

    A destination can not be told that a file is yanked, so such files do not go: neither of a whole feed those
    yanked then or now, nor of named ones those that were yanked since. A named file that was
    yanked before was asked for all the same, and goes.
    """
    with records.read(feed, request.serial) as snapshot:
        rows = _rows(snapshot, feed, request)
    with records.read(feed) as snapshot:
        yanked_now = {row.file.filename for row in _rows(snapshot, feed, request) if _is_yanked(row)}
    is_whole = request.filenames is None
    left_out = {
        row.file.filename
        for row in rows
        if (is_whole and _is_yanked(row)) or (row.file.filename in yanked_now and not _is_yanked(row))
    }
    kept = tuple(row for row in rows if row.file.filename not in left_out)
    return FeedFiles(kept, tuple(sorted(left_out)))


def files_of_projects(
    records: Database, feed: FeedId, serial: Serial, names: Iterable[ProjectName]
) -> tuple[Published, ...]:
    """Return all files of these projects that were not yanked at ``serial`` and are not now, from a thread that may wait."""
    in_order = sorted(names)
    with records.read(feed) as snapshot:
        now = [row for name in in_order for row in distributions.of_project(snapshot, feed, name)]
    yanked_now = {row.file.filename for row in now if _is_yanked(row)}
    with records.read(feed, serial) as snapshot:
        then = [row for name in in_order for row in distributions.of_project(snapshot, feed, name)]
    return tuple(row for row in then if not _is_yanked(row) and row.file.filename not in yanked_now)


def _rows(snapshot: Snapshot, feed: FeedId, request: SendRequest) -> tuple[Published, ...]:
    if request.filenames is None:
        return tuple(distributions.all_of(snapshot, feed))
    found = (distributions.find(snapshot, feed, name) for name in request.filenames)
    return tuple(row for row in found if row is not None)


def _is_yanked(row: Published) -> bool:
    return row.file.yanked is not None
