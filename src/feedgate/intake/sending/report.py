"""What a run that sends came to, and what became of the sends that followed a publish."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from feedgate.intake.kept import publication_by
from feedgate.intake.report import FileReport, Report, SendReport, report
from feedgate.intake.sending.feed_files import files_to_send
from feedgate.intake.sending.sent import End, Sent, sent_by
from feedgate.model.run import Run, RunKind, RunState
from feedgate.model.send_request import SendRequest
from feedgate.records import runs, send_attempts
from feedgate.records.database import Database
from feedgate.records.distributions import Published

_BROKEN_OFF: Final = frozenset({RunState.FAILED, RunState.CANCELLED})
_MOST_NAMED: Final = 10


def whole_report(records: Database, run: Run) -> Report:
    """Return the report of any run as far as it has come."""
    found = _whole(records, run, report(records, run))
    return replace(found, notes=(*found.notes, *_nobody_knows(records, run)))


def _whole(records: Database, run: Run, found: Report) -> Report:
    if run.kind is RunKind.SEND:
        return _of_send(records, run, found)
    return replace(found, sends=_sends_after(records, run))


def _of_send(records: Database, run: Run, found: Report) -> Report:
    """Say of each file of the feed what became of it; nothing is resolved, so no target is proved."""
    with records.read() as view:
        request = SendRequest.from_text(runs.request_text(view, run.id))
        feed = runs.feed_of(view, run.id)
    rows = files_to_send(records, feed, request).rows
    sent = sent_by(records, run.id)
    files = tuple(_file(row, sent) for row in rows)
    return replace(
        found,
        serial=request.serial,
        projects=len({row.project for row in rows}),
        distributions=len(rows),
        size_bytes=sum(row.size_bytes for row in rows),
        published=sum(1 for file in files if file.state == End.SENT.value),
        already_present=sum(1 for file in files if file.state == End.PRESENT.value),
        targets=(),
        files=files,
        conflicts=tuple(file.filename for file in files if file.state == End.CONFLICT.value),
        notes=sent.notes,
    )


def _nobody_knows(records: Database, run: Run) -> Iterator[str]:
    """Name the files that a run was about to send when it was killed, where no run has looked for them since."""
    if run.state not in _BROKEN_OFF:
        return
    with records.read() as view:
        attempted = send_attempts.last_by(view, run.id)
    ends = sent_by(records, run.id).files
    unknown = [name for name in sorted(attempted) if name not in ends or ends[name].end is End.KEPT_BACK]
    if unknown:
        named = ", ".join(unknown[:_MOST_NAMED])
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        yield f"it was sending {named}{more} when it broke off; whether they are there the next run that sends them finds out"


def _file(row: Published, sent: Sent) -> FileReport:
    ended = sent.files.get(row.file.filename)
    state, reason = ("new", None) if ended is None else (ended.end.value, ended.reason)
    return FileReport(row.file.filename, row.digest, row.size_bytes, state, reason)


def _sends_after(records: Database, run: Run) -> tuple[SendReport, ...]:
    publication = publication_by(records, run.id)
    if publication is None or not publication.published:
        return ()
    with records.read() as view:
        found = runs.sends_after(view, runs.feed_of(view, run.id), publication.serial)
    return tuple(SendReport(one.id, one.destination or "", one.state.value, one.reason) for one in found)
