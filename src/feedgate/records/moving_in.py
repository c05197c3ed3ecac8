"""Queries on what imports came to: a row a project and a row a file, summed up by the database."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Row, func, insert, select

from feedgate.model.digest import Digest
from feedgate.model.feed import Origin
from feedgate.model.moving_in import FileEnd, MovedFile, MovedProject
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, Note, View

_project, _file = tables.moved_project.c, tables.moved_file.c


@dataclass(frozen=True, slots=True)
class MovedTotals:
    """How far an import has come. ``unread`` counts projects of which nothing could be read."""

    projects: int
    unread: int
    internal: int
    mixed: int
    files: Mapping[FileEnd, int]
    size_bytes: int
    """Of what was taken, or would be."""


def find_open(view: View, feed: FeedId, requester: str, request: str) -> RunId | None:
    """Return the run of the requester's that copies the same index into the feed and has not ended, if there is one."""
    run = tables.run.c
    query = select(run.id).where(
        run.feed_id == feed,
        run.requester == requester,
        run.kind.in_([RunKind.IMPORT.value, RunKind.IMPORT_PLAN.value]),
        run.state.in_([state.value for state in RunState if not state.is_final]),
        run.request == request,
        ~run.cancel_requested,
    )
    found = view.connection.execute(query.order_by(run.created_at).limit(1)).scalar_one_or_none()
    return None if found is None else RunId(found)


def put(view: Note | Change, run: RunId, moved: MovedProject) -> None:
    """Keep a project's end and that of each of its files; once a run."""
    view.connection.execute(
        insert(tables.moved_project).values(
            run=run,
            name=moved.name,
            is_internal=moved.is_internal,
            is_mixed=moved.is_mixed,
            reason=moved.reason,
        )
    )
    if moved.files:
        rows = [_row(run, moved.name, file) for file in moved.files]
        view.connection.execute(insert(tables.moved_file), rows)


def is_done(view: View, run: RunId, name: ProjectName) -> bool:
    """Whether the run has gone through that project."""
    query = select(_project.name).where(_project.run == run, _project.name == name)
    return view.connection.execute(query).first() is not None


def names_done(view: View, run: RunId) -> set[ProjectName]:
    """Return the projects that the run has gone through."""
    query = select(_project.name).where(_project.run == run)
    return {ProjectName(name) for name in view.connection.execute(query).scalars()}


def projects_after(view: View, run: RunId, name: str, *, limit: int) -> tuple[MovedProject, ...]:
    """Return the next projects behind ``name`` in order, with their files by name."""
    query = select(tables.moved_project).where(_project.run == run, _project.name > name)
    found = view.connection.execute(query.order_by(_project.name).limit(limit)).all()
    return tuple(
        MovedProject(
            ProjectName(row.name), row.is_internal, row.is_mixed, row.reason, _files(view, run, row.name)
        )
        for row in found
    )


def totals(view: View, run: RunId) -> MovedTotals:
    """Return the sums."""
    projects = select(
        func.count(),
        func.count(_project.reason),
        func.count().filter(_project.is_internal),
        func.count().filter(_project.is_mixed),
    ).where(_project.run == run)
    files = (
        select(_file.state, func.count(), func.coalesce(func.sum(_file.size_bytes), 0))
        .where(_file.run == run)
        .group_by(_file.state)
    )
    counted, unread, internal, mixed = view.connection.execute(projects).one()
    by_end = {
        FileEnd(state): (count, size_bytes) for state, count, size_bytes in view.connection.execute(files)
    }
    came = (by_end.get(end, (0, 0)) for end in (FileEnd.TAKEN, FileEnd.NEW))
    return MovedTotals(
        int(counted),
        int(unread),
        int(internal),
        int(mixed),
        {end: int(count) for end, (count, _size_bytes) in by_end.items()},
        sum(int(size_bytes) for _count, size_bytes in came),
    )


def _files(view: View, run: RunId, name: str) -> tuple[MovedFile, ...]:
    query = select(tables.moved_file).where(_file.run == run, _file.project == name).order_by(_file.filename)
    return tuple(_read(row) for row in view.connection.execute(query))


def _row(run: RunId, name: ProjectName, file: MovedFile) -> dict[str, object]:
    return {
        "run": run,
        "project": name,
        "filename": file.filename,
        "state": file.end.value,
        "digest": file.digest,
        "size_bytes": file.size_bytes,
        "origin": None if file.origin is None else file.origin.value,
        "reason": file.reason,
    }


def _read(row: Row[tuple[object, ...]]) -> MovedFile:
    return MovedFile(
        filename=row.filename,
        end=FileEnd(row.state),
        digest=None if row.digest is None else Digest(row.digest),
        size_bytes=row.size_bytes,
        origin=None if row.origin is None else Origin(row.origin),
        reason=row.reason,
    )
