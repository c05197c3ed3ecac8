"""What a run that sends came to, and what became of the sends that followed a publish."""

from dataclasses import replace

from feedgate.intake.kept import publication_by
from feedgate.intake.report import FileReport, Report, SendReport, report
from feedgate.intake.sending.feed_files import files_to_send
from feedgate.intake.sending.sent import End, Sent, sent_by
from feedgate.model.run import Run, RunKind
from feedgate.model.send_request import SendRequest
from feedgate.records import runs
from feedgate.records.database import Database
from feedgate.records.distributions import Published


def whole_report(records: Database, run: Run) -> Report:
    """Return the report of any run as far as it has come."""
    found = report(records, run)
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
