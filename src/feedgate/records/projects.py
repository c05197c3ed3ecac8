"""Queries on a feed's projects: origin, upstream rule, status."""

from sqlalchemy import Row, insert, select

from feedgate.model.feed import FeedProject, Origin, UpstreamRule
from feedgate.model.names import ProjectName
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, Snapshot
from feedgate.records.span import close, seen_at

_project = tables.project.c


def names(snapshot: Snapshot) -> tuple[ProjectName, ...]:
    """Return the names of the feed's projects that have a distribution, in order."""
    query = (
        select(tables.distribution.c.project)
        .where(tables.distribution.c.feed_id == snapshot.feed, seen_at(tables.distribution, snapshot.at))
        .distinct()
        .order_by(tables.distribution.c.project)
    )
    return tuple(ProjectName(name) for name in snapshot.connection.execute(query).scalars())


def find(view: Snapshot | Change, feed: FeedId, name: ProjectName) -> FeedProject | None:
    """Return the project's row; it may have no distribution (a name that a person set)."""
    query = select(tables.project).where(
        _project.feed_id == feed, _project.name == name, seen_at(tables.project, view.at)
    )
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def all_projects(view: Snapshot | Change, feed: FeedId) -> dict[ProjectName, FeedProject]:
    """Return every project's row by name."""
    query = select(tables.project).where(_project.feed_id == feed, seen_at(tables.project, view.at))
    return {ProjectName(row.name): _read(row) for row in view.connection.execute(query)}


def put(change: Change, feed: FeedId, project: FeedProject) -> None:
    """Close the project's row and open this one."""
    close(change, tables.project, _project.feed_id == feed, _project.name == project.name)
    change.connection.execute(
        insert(tables.project).values(
            feed_id=feed,
            name=project.name,
            origin=project.origin.value,
            upstream=None if project.upstream is None else project.upstream.value,
            status=project.status,
            status_reason=project.status_reason,
            valid_from=change.serial,
        )
    )


def _read(row: Row[tuple[object, ...]]) -> FeedProject:
    return FeedProject(
        name=row.name,
        origin=Origin(row.origin),
        upstream=None if row.upstream is None else UpstreamRule(row.upstream),
        status=row.status,
        status_reason=row.status_reason,
    )
