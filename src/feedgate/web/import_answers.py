"""What the API says of imports: their sums in a run's body, and their files a line each."""

from collections.abc import AsyncIterator, Iterable, Iterator

from starlette.concurrency import run_in_threadpool

from feedgate.api.import_bodies import ImportBody, ImportedFileBody
from feedgate.api.run_bodies import RunBody
from feedgate.intake.moving_in.request import ImportReport
from feedgate.model.moving_in import FileEnd, MovedProject


def with_import(body: RunBody, found: ImportReport | None) -> RunBody:
    """Return a run's body with what its import came to; one of another kind as it is."""
    if found is None:
        return body
    files = found.totals.files
    return body.model_copy(
        update={
            "imported": _sums(found),
            "published": files.get(FileEnd.TAKEN, 0),
            "already_present": files.get(FileEnd.PRESENT, 0),
            "held": files.get(FileEnd.HELD, 0),
            "refused": files.get(FileEnd.REFUSED, 0),
            "notes": [*body.notes, *found.notes],
        }
    )


async def file_lines(parts: Iterator[tuple[MovedProject, ...]]) -> AsyncIterator[bytes]:
    """Yield the files' lines, some at a time."""
    while (projects := await run_in_threadpool(next, parts, None)) is not None:
        yield "".join(f"{line.model_dump_json()}\n" for line in _lines(projects)).encode()


def _lines(projects: Iterable[MovedProject]) -> Iterator[ImportedFileBody]:
    for project in projects:
        if project.reason is not None:
            yield ImportedFileBody(
                project=project.name, filename=None, state=FileEnd.UNREADABLE, reason=project.reason
            )
        for file in project.files:
            yield ImportedFileBody(
                project=project.name,
                filename=file.filename,
                state=file.end,
                sha256=file.digest,
                size_bytes=file.size_bytes,
                origin=file.origin,
                internal=project.is_internal,
                mixed=project.is_mixed,
                reason=file.reason,
            )


def _sums(found: ImportReport) -> ImportBody:
    totals, files = found.totals, found.totals.files
    return ImportBody(
        source=found.source,
        dry_run=found.is_dry,
        projects=totals.projects,
        unread=totals.unread,
        internal=totals.internal,
        mixed=totals.mixed,
        files=sum(files.values()),
        new=files.get(FileEnd.NEW, 0),
        taken=files.get(FileEnd.TAKEN, 0),
        present=files.get(FileEnd.PRESENT, 0),
        held=files.get(FileEnd.HELD, 0),
        refused=files.get(FileEnd.REFUSED, 0),
        conflicts=files.get(FileEnd.CONFLICT, 0),
        unreadable=files.get(FileEnd.UNREADABLE, 0),
        size_bytes=totals.size_bytes,
    )
