"""What became of each file on its way to a destination, kept while a run sends, so that a kill loses no truth."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from feedgate.intake.kept import Proof
from feedgate.model.run import RunId
from feedgate.records import outcomes
from feedgate.records.database import Database, Note, View

_STEP = "send"


class End(StrEnum):
    """How a file ended: the destination has it by this run, had it, or has it not."""

    SENT = "published"
    PRESENT = "present"
    CONFLICT = "conflict"
    SPENT = "spent"
    REFUSED = "refused"
    KEPT_BACK = "kept-back"


GOOD = frozenset({End.SENT, End.PRESENT})


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file's end; ``reason`` in words where it is not a good one, ``address`` where the destination lists it."""

    end: End
    reason: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A run's sending as far as it came.

    ``notes`` are sentences for the report. ``is_complete`` = the destination has all of the closure, and it was proved.
    """

    files: Mapping[str, SentFile] = field(default_factory=dict)
    spent: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    is_complete: bool = False


def sent_by(records: Database, run: RunId) -> Sent:
    """Return how far the run's sending came."""
    with records.read() as view:
        return _find(view, run)


def keep_sent(records: Database, run: RunId, sent: Sent) -> None:
    """Keep how far it came."""
    with records.note() as note:
        _put(note, run, sent)


def keep_ends(
    records: Database, run: RunId, files: Mapping[str, SentFile], others: Mapping[RunId, Collection[str]]
) -> None:
    """Keep how files of the run ended, beside what it said of others; and what ``others``, killed, sent before it."""
    with records.note() as note:
        sent = _find(note, run)
        _put(note, run, replace(sent, files={**sent.files, **files}))
        for other, filenames in others.items():
            _claim(note, other, filenames)


def _claim(note: Note, run: RunId, filenames: Collection[str]) -> None:
    """Say for a run that it has sent these files; what it said of a file itself stands."""
    sent = _find(note, run)
    said = {name for name, file in sent.files.items() if file.end is not End.KEPT_BACK}
    unsaid = [name for name in filenames if name not in said]
    if unsaid:
        _put(note, run, replace(sent, files={**sent.files, **dict.fromkeys(unsaid, SentFile(End.SENT))}))


def _put(note: Note, run: RunId, sent: Sent) -> None:
    outcomes.put(
        note,
        run,
        _STEP,
        {
            "files": {name: asdict(file) for name, file in sent.files.items()},
            "spent": dict(sent.spent),
            "proofs": {target: asdict(proof) for target, proof in sent.proofs.items()},
            "notes": list(sent.notes),
            "is_complete": sent.is_complete,
        },
    )


def has_sent(view: View, run: RunId) -> bool:
    """Return whether the destination has all of the run's closure."""
    return _find(view, run).is_complete


def _find(view: View, run: RunId) -> Sent:
    body: Any = outcomes.find(view, run, _STEP)
    if body is None:
        return Sent()
    return Sent(
        files={
            name: SentFile(End(file["end"]), file["reason"], file["address"])
            for name, file in body["files"].items()
        },
        spent=body["spent"],
        proofs={
            target: Proof(proof["proved"], proof["reason"], tuple(proof["escapes"]))
            for target, proof in body["proofs"].items()
        },
        notes=tuple(body["notes"]),
        is_complete=body["is_complete"],
    )
