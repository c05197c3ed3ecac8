"""A run's report for people: what came, for whom it is proved, what was passed over, and why it ended."""

from collections.abc import Iterator, Sequence
from typing import Final

from feedgate.api.run_bodies import FileOutcome, RunBody
from feedgate.cli import units
from feedgate.cli.import_report import show_import
from feedgate.cli.show import inert, lines, table
from feedgate.model.run import RunKind, RunState

_BRINGS: Final = frozenset({RunKind.ADD, RunKind.SEND})
_ODD: Final = frozenset({"held", "refused", "conflict", "spent", "kept-back"})


def show_report(run: RunBody) -> None:
    """Show a run's report on standard output."""
    if run.imported is not None:
        show_import(run, run.imported)
        return
    lines(_summary(run))
    if run.targets and run.kind is RunKind.ADD:
        table(
            ("target", "", ""),
            # Why a target is not proved stands above, among the run's reasons.
            [(t.target, *(("proved", t.reason) if t.proved else ("not proved", ""))) for t in run.targets],
        )
    if run.passed_over:
        lines(["Passed over:"])
        table(
            ("name", "version", "rule", "reason"),
            [(p.name, p.version, p.rule, p.reason) for p in run.passed_over],
        )
    odd = [file for file in run.files if file.state in _ODD]
    if odd:
        table(("file", "", "reason"), [(file.filename, file.state, file.reason) for file in odd])
    if run.internal_because:
        lines(["Internal, never taken from the upstream:"])
        table(("name", "because"), [(one.name, one.because) for one in run.internal_because])
    if run.kind is RunKind.PLAN and run.files:
        table(
            ("file", "", "size"),
            [(file.filename, file.state, _size(file.size_bytes)) for file in run.files],
        )
        lines([_total(run.files)])  # once more, since the list may be long


def _total(files: Sequence[FileOutcome]) -> str:
    """Return how many files there are, and how much; "at least" where a page states no size."""
    sizes = [file.size_bytes for file in files]
    least = "at least " if None in sizes else ""
    new = [file for file in files if file.state == "new"]
    new_bytes = units.size(sum(file.size_bytes or 0 for file in new))
    return f"{len(files)} files, {least}{units.size(sum(size or 0 for size in sizes))}: {len(new)} new ({new_bytes})"


def _size(size_bytes: int | None) -> str:
    """Return a size in words; of a file whose page states none, nothing."""
    return "" if size_bytes is None else units.size(size_bytes)


def _summary(run: RunBody) -> Iterator[str]:
    took = "" if run.seconds is None else f" in {units.seconds(run.seconds)}"
    is_new = run.kind not in _BRINGS or run.state is not RunState.PUBLISHED or run.published
    state = run.state.value if is_new else "nothing to do, everything is there,"
    yield f"{inert(run.run)}: {state}{took}, feed {inert(run.feed)}"
    if run.request is not None:
        asked = [*run.request.requirements, *(f"-r {file}" for file in run.request.files)]
        yield f"  asked    {inert(', '.join(asked))}"
        if run.request.reason:
            yield f"  because  {inert(run.request.reason)}"
    if run.destination is not None:
        yield f"  to       {inert(run.destination)}"
    if run.closure is not None and run.closure.distributions:
        closure = run.closure
        what = "closure" if run.kind is not RunKind.SEND else "feed   "
        yield (
            f"  {what}  {closure.projects} projects, {closure.distributions} files, {units.size(closure.bytes)}"
        )
    yield from _counts(run)
    yield from _said(run)
    if run.reason and run.state is not RunState.PUBLISHED:
        for number, line in enumerate(run.reason.splitlines()):
            yield f"  {'reason  ' if number == 0 else '        '} {inert(line)}"


def _counts(run: RunBody) -> Iterator[str]:
    """Say how many files came, or would."""
    if run.kind is RunKind.ADD and run.state is RunState.PUBLISHED:
        did = "published" if run.destination is None else "sent"
        yield (
            f"  files    {run.published} {did}, {run.already_present} already present, {run.fetched} fetched"
        )
        if run.serial is not None:
            yield f"  serial   {run.serial}"
    if run.kind is RunKind.SEND:
        yield f"  files    {run.published} sent, {run.already_present} already present"
        yield f"  serial   {run.serial}"
    if run.kind is RunKind.PLAN and run.state is RunState.PLANNED:
        new = [file for file in run.files if file.state == "new"]
        size = units.size(sum(file.size_bytes or 0 for file in new))
        yield f"  plan     {len(new)} new ({size}), {run.already_present} present, {len(run.kept)} kept"


def _said(run: RunBody) -> Iterator[str]:
    """Name what a reader should know of, whatever the run came to."""
    if run.spent:
        yield f"  spent    {inert(', '.join(run.spent))}: deleted there, it seems; an Owner can restore it for 30 days"
    if run.internal and not run.internal_because:
        yield f"  internal {inert(', '.join(run.internal))}"
    for send in run.sends:
        because = f" ({send.reason})" if send.reason and not send.state.is_final else ""
        yield inert(f"  sends    to {send.destination}: {send.state.value}, {send.run}{because}")
    for note in run.notes:
        yield f"  note     {inert(note)}"
    for escape in run.escapes:
        yield f"  escape   {inert(escape)}"
