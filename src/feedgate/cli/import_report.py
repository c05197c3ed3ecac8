"""What copying an index came to, for people: sums, what was kept out and why, and whose names are whose."""

from collections.abc import Iterable, Iterator
from typing import Final

from feedgate.api.import_bodies import ImportBody, ImportedFileBody
from feedgate.api.run_bodies import RunBody
from feedgate.cli import units
from feedgate.cli.exit import Exit
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.model.moving_in import FileEnd
from feedgate.model.run import RunState

_WELL: Final = frozenset({FileEnd.NEW, FileEnd.TAKEN, FileEnd.PRESENT})


def exit_of_import(imported: ImportBody) -> Exit:
    """Return the exit status: failed where a file was kept out for good, held where one only waits."""
    if imported.refused or imported.conflicts or imported.unreadable or imported.unread:
        return Exit.FAILED
    return Exit.HELD if imported.held else Exit.OK


def show_import(run: RunBody, imported: ImportBody) -> None:
    """Show a run's sums."""
    took = "" if run.seconds is None else f" in {units.seconds(run.seconds)}"
    lines([f"{inert(run.run)}: {run.state.value}{took}, feed {inert(run.feed)}", *_sums(imported)])
    lines(f"  note     {inert(note)}" for note in run.notes)
    if run.reason and run.state is not RunState.PUBLISHED:
        lines(f"  reason   {inert(line)}" for line in run.reason.splitlines())


def show_folder(feed: str, imported: ImportBody) -> None:
    """Show a folder's sums."""
    did = "looked at" if imported.dry_run else "copied"
    lines([f"{inert(imported.source)}: {did}, feed {inert(feed)}", *_sums(imported)])


def show_files(found: Iterable[tuple[ImportedFileBody, str]], *, as_json: bool, is_dry: bool = False) -> None:
    """Show the files that were kept out, and the names that are mixed; with ``as_json`` the lines of all files.

    Of a look beforehand, which names are or become internal too.
    """
    odd: list[tuple[str | None, ...]] = []
    internal: dict[str, None] = {}
    mixed: dict[str, None] = {}
    for body, line in found:
        if as_json:
            json_text(line)
            continue
        if body.state not in _WELL:
            odd.append((body.project, body.filename, body.state.value, body.reason))
        if body.mixed:
            mixed[body.project] = None
        elif body.internal:
            internal[body.project] = None
    if odd:
        table(("project", "file", "", "reason"), odd)
    if mixed:
        lines(
            [
                "Mixed, so internal from now on: some of their files are the upstream's, some are not.",
                "To ask the upstream for one all the same: feedgate project set NAME -f ORG/FEED --upstream allow",
            ]
        )
        table(("project",), [(name,) for name in mixed])
    if internal and is_dry:
        lines(["Internal, never taken from the upstream:"])
        table(("project",), [(name,) for name in internal])


def _sums(imported: ImportBody) -> Iterator[str]:
    yield f"  from     {inert(imported.source)}"
    unread = f", {imported.unread} that could not be read" if imported.unread else ""
    yield (
        f"  projects {imported.projects}: {imported.internal} internal, of these {imported.mixed} mixed{unread}"
    )
    came = f"{imported.new} to be taken" if imported.dry_run else f"{imported.taken} taken"
    size = f" ({units.size(imported.size_bytes)})" if imported.size_bytes else ""
    yield f"  files    {imported.files}: {came}{size}, {imported.present} present"
    kept_out = {
        "held": imported.held,
        "refused": imported.refused,
        "in conflict": imported.conflicts,
        "unreadable": imported.unreadable,
    }
    said = [f"{count} {what}" for what, count in kept_out.items() if count]
    if said:
        yield f"  kept out {', '.join(said)}"
