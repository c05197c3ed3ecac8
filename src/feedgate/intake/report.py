"""What a run came to, put together from what its steps kept; the same at any time of the run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from feedgate.intake.asked import Asked, words
from feedgate.intake.kept import (
    Fetched,
    Proof,
    Publication,
    Resolved,
    fetched_by,
    internal_by,
    judged_by,
    proofs_by,
    publication_by,
    resolved_by,
)
from feedgate.intake.remarks import remarks
from feedgate.intake.sending.sent import End, Sent, sent_by
from feedgate.model.decision import Verdict
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.run import Run, RunKind
from feedgate.records import events, runs
from feedgate.records.database import Database
from feedgate.records.decisions import Judged
from feedgate.records.events import Told

_RESOLVES = frozenset({RunKind.ADD, RunKind.PLAN})


@dataclass(frozen=True, slots=True)
class TargetReport:
    """One target's end; ``reason`` says why it is not proved, or where the promise begins."""

    target: str
    proved: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of the closure.

    ``state`` is new, present, fetched, published, held or refused; in a run with a destination it
    speaks of that, and is conflict, spent or kept-back too.
    """

    filename: str
    sha256: str | None
    size_bytes: int | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class RequestReport:
    """What was asked for, and why; ``projects`` are the names in words and files, over all targets."""

    requirements: tuple[str, ...]
    files: tuple[str, ...]
    projects: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class StepReport:
    """How long a step took, the longest of its targets."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SendReport:
    """A run that takes what was published to a standing destination, and how far it is."""

    run: str
    destination: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """The members of the API's run body, in plain types."""

    serial: int | None
    projects: int
    distributions: int
    size_bytes: int
    published: int
    already_present: int
    fetched: int
    built: int
    held: int
    refused: int
    targets: tuple[TargetReport, ...]
    files: tuple[FileReport, ...]
    conflicts: tuple[str, ...]
    spent: tuple[str, ...]
    internal: tuple[str, ...]
    internal_because: Mapping[str, str]
    kept: tuple[tuple[str, str], ...]
    passed_over: tuple[PassedOver, ...]
    notes: tuple[str, ...]
    escapes: tuple[str, ...]
    steps: tuple[StepReport, ...]
    seconds: float | None
    request: RequestReport | None = None
    sends: tuple[SendReport, ...] = ()


def report(records: Database, run: Run) -> Report:
    """Return the report of ``run`` as far as it has come."""
    resolved = resolved_by(records, run.id)
    fetched = fetched_by(records, run.id)
    judged = {file.filename: file for file in judged_by(records, run.id)}
    proofs = proofs_by(records, run.id)
    publication = publication_by(records, run.id)
    sent = sent_by(records, run.id)
    told = _told(records, run)
    pins = {pin.file.filename: pin for part in resolved.values() for pin in part.pins}
    files = tuple(_file(pin, fetched, judged, publication) for _name, pin in sorted(pins.items()))
    if run.destination is not None:
        files = tuple(_file_there(file, pins[file.filename], sent) for file in files)
        proofs = {**proofs, **sent.proofs}
    because = internal_by(records, run.id)
    kept = {(name, pin.version) for part in resolved.values() for name, pin in _kept(part)}
    escapes = [*(part.escapes for part in resolved.values()), *(proof.escapes for proof in proofs.values())]
    return Report(
        serial=None if publication is None else publication.serial,
        projects=len({pin.project for pin in pins.values()}),
        distributions=len(pins),
        size_bytes=sum(pin.file.size_bytes or 0 for pin in pins.values()),
        published=sum(1 for file in files if file.state == "published"),
        already_present=sum(1 for file in files if file.state == "present"),
        fetched=0 if fetched is None else fetched.fetched,
        built=0,
        held=sum(1 for file in judged.values() if file.verdict == Verdict.HOLD.value),
        refused=sum(1 for file in judged.values() if file.verdict == Verdict.REFUSE.value),
        targets=tuple(_target(str(target), proofs, told) for target in run.targets),
        files=files,
        conflicts=tuple(file.filename for file in files if file.state == End.CONFLICT.value),
        spent=tuple(sorted(sent.spent)),
        internal=tuple(sorted({*because, *(name for part in resolved.values() for name in part.internal)})),
        internal_because=because,
        kept=tuple(sorted(kept)),
        notes=(*sent.notes, *remarks(judged.values(), told)),
        passed_over=tuple(entry for _target, part in sorted(resolved.items()) for entry in part.passed_over),
        escapes=tuple(dict.fromkeys(escape for found in escapes for escape in found)),
        steps=_steps(told),
        seconds=_seconds(run),
        request=_request(records, run),
    )


def _request(records: Database, run: Run) -> RequestReport | None:
    """Return what was asked for; None for a run that resolves nothing."""
    if run.kind not in _RESOLVES:
        return None
    with records.read() as view:
        asked = Asked.from_text(runs.request_text(view, run.id))
    names = {name for target in run.targets for name in words(asked, target, target.python).names}
    return RequestReport(
        requirements=asked.requirements,
        files=tuple(file.name for file in asked.files if file.kind != "constraints"),
        projects=tuple(sorted(names)),
        reason=asked.reason,
    )


def _kept(part: Resolved) -> Iterator[tuple[str, Pin]]:
    by_name = {pin.project: pin for pin in part.pins}
    for name in part.kept:
        yield name, by_name[name]


def _file(
    pin: Pin, fetched: Fetched | None, judged: Mapping[str, Judged], publication: Publication | None
) -> FileReport:
    filename = pin.file.filename
    digest = pin.file.digest if fetched is None else fetched.digests.get(filename, pin.file.digest)
    decision = judged.get(filename)
    reason = None
    if pin.present or (publication is not None and filename in publication.present):
        state = "present"
    elif publication is not None:
        state = "published"
    elif decision is not None and decision.verdict != Verdict.ADMIT.value:
        state, reason = ("held" if decision.verdict == Verdict.HOLD.value else "refused"), decision.reason
    else:
        state = "new" if fetched is None else "fetched"
    return FileReport(filename, digest, pin.file.size_bytes, state, reason)


def _file_there(file: FileReport, pin: Pin, sent: Sent) -> FileReport:
    """Say of a file what became of it at the destination, where the run came so far."""
    ended = sent.files.get(file.filename)
    if ended is not None:
        return replace(file, state=ended.end.value, reason=ended.reason)
    if pin.there:
        return replace(file, state="present")
    return replace(file, state="fetched") if file.state in {"published", "present"} else file


def _target(target: str, proofs: Mapping[str, Proof], told: Sequence[Told]) -> TargetReport:
    proof = proofs.get(target)
    if proof is not None:
        return TargetReport(target, proof.proved, proof.reason)
    failed = [
        event.facts.get("reason") for event in told if event.target == target and event.kind == "failed"
    ]
    return TargetReport(target, proved=False, reason=str(failed[-1]) if failed else None)


def _told(records: Database, run: Run) -> tuple[Told, ...]:
    """Return all events of the run."""
    told: tuple[Told, ...] = ()
    while True:
        with records.read() as view:
            more = events.after(view, run.id, told[-1].number if told else 0)
        if not more:
            return told
        told += more


def _steps(told: Sequence[Told]) -> tuple[StepReport, ...]:
    longest: dict[str, float] = {}
    for event in told:
        seconds = event.facts.get("seconds")
        if isinstance(seconds, int | float):
            longest[event.step] = max(longest.get(event.step, 0.0), float(seconds))
    return tuple(StepReport(name, seconds) for name, seconds in longest.items())


def _seconds(run: Run) -> float | None:
    if run.finished_at is None:
        return None
    return round((run.finished_at - run.created_at).total_seconds(), 3)
