"""Queries on a feed's distributions: listed, opened, closed, and names spent for ever."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, insert, select

from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, parse_filename
from feedgate.model.feed import Origin
from feedgate.model.ledger import Serial
from feedgate.model.names import ProjectName
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, Snapshot, View
from feedgate.records.span import close, seen_at

_distribution, _spent = tables.distribution.c, tables.spent.c

_BATCH = 400


@dataclass(frozen=True, slots=True)
class Published:
    """A distribution of a feed: the file, where it came from, and since when it is seen.

    ``file.source`` is None: our store holds it. ``source`` is its address at the upstream.
    """

    project: ProjectName
    version: str
    file: Distribution
    digest: Digest
    size_bytes: int
    origin: Origin
    source: str | None
    published_at: datetime


def of_project(view: Snapshot | Change, feed: FeedId, name: ProjectName) -> tuple[Published, ...]:
    """Return the project's distributions, by file name."""
    query = (
        select(tables.distribution)
        .where(
            _distribution.feed_id == feed,
            _distribution.project == name,
            seen_at(tables.distribution, view.at),
        )
        .order_by(_distribution.filename)
    )
    return tuple(_read(row) for row in view.connection.execute(query))


def all_of(snapshot: Snapshot, feed: FeedId) -> Iterator[Published]:
    """Yield every distribution of the feed, by project and file name."""
    query = (
        select(tables.distribution)
        .where(_distribution.feed_id == feed, seen_at(tables.distribution, snapshot.at))
        .order_by(_distribution.project, _distribution.filename)
    )
    for row in snapshot.connection.execute(query):
        yield _read(row)


def last_change(snapshot: Snapshot | Change, feed: FeedId, name: ProjectName) -> Serial:
    """Return the serial of the last change of what the project's page shows, up to the snapshot's."""
    latest = 0
    for table in (tables.distribution, tables.project):
        key = table.c.project if table is tables.distribution else table.c.name
        where = (table.c.feed_id == feed, key == name)
        opened = select(func.max(table.c.valid_from)).where(*where, table.c.valid_from <= snapshot.at)
        closed = select(func.max(table.c.valid_until)).where(*where, table.c.valid_until <= snapshot.at)
        for query in (opened, closed):
            latest = max(latest, snapshot.connection.execute(query).scalar_one() or 0)
    return Serial(latest)


def find(view: Snapshot | Change, feed: FeedId, filename: str) -> Published | None:
    """Return the distribution under that file name."""
    query = select(tables.distribution).where(
        _distribution.feed_id == feed,
        _distribution.filename == filename,
        seen_at(tables.distribution, view.at),
    )
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def of_digest(view: Snapshot | Change, feed: FeedId, digest: Digest) -> tuple[Published, ...]:
    """Return the distributions with these bytes, by file name."""
    query = (
        select(tables.distribution)
        .where(
            _distribution.digest == digest,
            _distribution.feed_id == feed,
            seen_at(tables.distribution, view.at),
        )
        .order_by(_distribution.filename)
    )
    return tuple(_read(row) for row in view.connection.execute(query))


def first_serials(view: View, feed: FeedId, filenames: Sequence[str]) -> dict[str, Serial]:
    """Return, of ``filenames``, the serial with which each first became visible in the feed."""
    found: dict[str, Serial] = {}
    for start in range(0, len(filenames), _BATCH):
        query = select(_spent.filename, _spent.first_serial).where(
            _spent.feed_id == feed, _spent.filename.in_(filenames[start : start + _BATCH])
        )
        found.update({row.filename: Serial(row.first_serial) for row in view.connection.execute(query)})
    return found


def versions(snapshot: Snapshot, feed: FeedId) -> tuple[tuple[ProjectName, str], ...]:
    """Return every project and version of the feed that has a file that is not yanked."""
    query = (
        select(_distribution.project, _distribution.version)
        .where(
            _distribution.feed_id == feed,
            _distribution.yanked.is_(None),
            seen_at(tables.distribution, snapshot.at),
        )
        .distinct()
    )
    return tuple((ProjectName(row.project), row.version) for row in snapshot.connection.execute(query))


def filenames(snapshot: Snapshot, feed: FeedId, *, origin: Origin) -> tuple[tuple[ProjectName, str], ...]:
    """Return project and file name of every distribution of that origin."""
    query = select(_distribution.project, _distribution.filename).where(
        _distribution.feed_id == feed,
        _distribution.origin == origin.value,
        seen_at(tables.distribution, snapshot.at),
    )
    return tuple((ProjectName(row.project), row.filename) for row in snapshot.connection.execute(query))


def totals(view: View, feed: FeedId, at: Serial) -> tuple[int, int, int]:
    """Return how many projects, distributions and bytes the feed has at that serial."""
    query = select(
        func.count(func.distinct(_distribution.project)),
        func.count(),
        func.coalesce(func.sum(_distribution.size_bytes), 0),
    ).where(_distribution.feed_id == feed, seen_at(tables.distribution, at))
    projects, files, size_bytes = view.connection.execute(query).one()
    return int(projects), int(files), int(size_bytes)


def spent(view: Snapshot | Change, feed: FeedId, filenames: Sequence[str]) -> dict[str, Digest]:
    """Return, of ``filenames``, those once used in the feed, by whatever spelling, with the digest of then."""
    by_key = {parse_filename(filename).key: filename for filename in filenames}
    keys = list(by_key)
    found: dict[str, Digest] = {}
    for start in range(0, len(keys), _BATCH):
        query = select(_spent.key, _spent.digest).where(
            _spent.feed_id == feed, _spent.key.in_(keys[start : start + _BATCH])
        )
        found.update({by_key[row.key]: Digest(row.digest) for row in view.connection.execute(query)})
    return found


def was_imported(view: Snapshot | Change, feed: FeedId, name: ProjectName) -> bool:
    """Whether the feed has, or once had, a file of that name that came from an upstream."""
    query = select(_distribution.id).where(
        _distribution.feed_id == feed,
        _distribution.project == name,
        _distribution.origin == Origin.IMPORTED.value,
    )
    return view.connection.execute(query.limit(1)).first() is not None


def publish(change: Change, feed: FeedId, rows: Iterable[Published]) -> None:
    """Open a row for each distribution and spend its name."""
    published = list(rows)
    if not published:
        return
    change.connection.execute(
        insert(tables.distribution), [_row(feed, row, change.serial) for row in published]
    )
    change.connection.execute(
        insert(tables.spent),
        [
            {
                "feed_id": feed,
                "filename": row.file.filename,
                "key": row.file.stem.key,
                "digest": row.digest,
                "first_serial": change.serial,
            }
            for row in published
        ],
    )


def replace(change: Change, feed: FeedId, row: Published) -> None:
    """Close the row under the file's name and open this one (a yank, say)."""
    close(
        change,
        tables.distribution,
        _distribution.feed_id == feed,
        _distribution.filename == row.file.filename,
    )
    change.connection.execute(insert(tables.distribution).values(_row(feed, row, change.serial)))


def _row(feed: FeedId, row: Published, serial: Serial) -> dict[str, object]:
    file = row.file
    return {
        "feed_id": feed,
        "project": row.project,
        "version": row.version,
        "filename": file.filename,
        "digest": row.digest,
        "size_bytes": row.size_bytes,
        "requires_python": file.requires_python,
        "uploaded_at": None if file.uploaded_at is None else to_microseconds(file.uploaded_at),
        "metadata_digest": file.metadata_digest,
        "yanked": file.yanked,
        "origin": row.origin.value,
        "source": row.source,
        "published_at": to_microseconds(row.published_at),
        "valid_from": serial,
    }


def _read(row: Row[tuple[object, ...]]) -> Published:
    digest = Digest(row.digest)
    file = Distribution(
        filename=row.filename,
        digest=digest,
        size_bytes=row.size_bytes,
        requires_python=row.requires_python,
        uploaded_at=None if row.uploaded_at is None else from_microseconds(row.uploaded_at),
        metadata_digest=row.metadata_digest,
        yanked=row.yanked,
    )
    return Published(
        project=ProjectName(row.project),
        version=row.version,
        file=file,
        digest=digest,
        size_bytes=row.size_bytes,
        origin=Origin(row.origin),
        source=row.source,
        published_at=from_microseconds(row.published_at),
    )
