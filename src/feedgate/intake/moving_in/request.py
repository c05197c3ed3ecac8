"""Imports asked for, and what they came to: a run like others, whose files are too many for one body."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.intake.moving_in.asked import AskedImport
from feedgate.intake.moving_in.move_in import STEP
from feedgate.intake.request import OtherRequestUnderKey, show_run
from feedgate.model.access import Caller
from feedgate.model.moving_in import MovedProject
from feedgate.model.names import FeedPath
from feedgate.model.run import Run, RunId, RunKind
from feedgate.records import moving_in, outcomes, runs
from feedgate.records.database import Database
from feedgate.records.moving_in import MovedTotals
from feedgate.records.runs import Posting

IMPORTS: Final = frozenset({RunKind.IMPORT, RunKind.IMPORT_PLAN})

_PROJECTS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How far an import has come; ``notes`` are what its source could not tell."""

    source: str
    is_dry: bool
    totals: MovedTotals
    notes: tuple[str, ...]


def post_import(
    records: Database, caller: Caller, path: FeedPath, asked: AskedImport, *, key: str, now: datetime
) -> Run:
    """Write the run's row and return it; one that is asked for again while it goes on is returned as it is.

    Raises what is wrong with the request itself (Invalid), OtherRequestUnderKey, and what ``require`` raises.
    """
    with records.read() as view:
        located = require(view, caller, Permission.FEED_IMPORT, path)
    asked.check()
    requester, text = require_actor(caller), asked.to_text()
    posting = Posting(
        id=RunId("run_" + secrets.token_hex(10)),
        kind=asked.kind,
        feed=located.id,
        requester=requester,
        idempotency_key=key,
        request=text,
        targets=(),
    )
    with records.note() as note:
        run_id = moving_in.find_open(note, located.id, requester, text) or runs.post(note, posting, now)
        run = runs.find(note, run_id)
        if run is None or runs.request_text(note, run_id) != text:
            raise OtherRequestUnderKey(key)
    return run


def import_report(records: Database, run: Run) -> ImportReport | None:
    """Return how far the run has come, None for one of another kind."""
    if run.kind not in IMPORTS:
        return None
    with records.read() as view:
        asked = AskedImport.from_text(runs.request_text(view, run.id))
        kept = outcomes.find(view, run.id, STEP)
        totals = moving_in.totals(view, run.id)
    notes = kept.get("notes") if isinstance(kept, dict) else None
    said = tuple(str(one) for one in notes) if isinstance(notes, list) else ()
    return ImportReport(asked.in_words, asked.is_dry, totals, said)


def import_files(records: Database, caller: Caller, run_id: str) -> Iterator[tuple[MovedProject, ...]]:
    """Return the projects that the run has gone through, some at a time and in order; none of a run of another kind.

    Raises NoSuchRun at once, before anything is read.
    """
    run = show_run(records, caller, run_id)
    return _projects(records, run.id)


def _projects(records: Database, run: RunId) -> Iterator[tuple[MovedProject, ...]]:
    name = ""
    while True:
        with records.read() as view:
            found = moving_in.projects_after(view, run, name, limit=_PROJECTS_AT_ONCE)
        if not found:
            return
        yield found
        name = found[-1].name
