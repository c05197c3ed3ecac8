"""Queries on what the gate said of a run's files: the verdict, and each rule's opinion behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from feedgate.model.canonical import Json
from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.run import RunId
from feedgate.model.times import format_time
from feedgate.records import outcomes
from feedgate.records.database import Change, Note, View

STEP: Final = "decide"
"""The step that these were worked out by."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate said of one file.

    ``opinions`` are those of all rules of ``policy``, of which the ones in ``reported`` did not count. Runs
    of earlier versions kept neither: then ``policy`` is None.
    """

    filename: str
    digest: Digest
    verdict: str
    reason: str
    policy: str | None = None
    opinions: tuple[Opinion, ...] = ()
    reported: frozenset[str] = frozenset()

    @classmethod
    def of(cls, filename: str, digest: Digest, decision: Decision) -> "Judged":
        """Return a decision as it is kept."""
        return cls(
            filename,
            digest,
            decision.verdict.value,
            decision.reason,
            decision.policy,
            decision.opinions,
            decision.reported,
        )


def put(note: Note | Change, run: RunId, files: Sequence[Judged]) -> None:
    """Keep the gate's decisions on a run's files."""
    outcomes.put(note, run, STEP, {"files": [to_json(file) for file in files]})


def of_run(view: View, run: RunId) -> tuple[Judged, ...]:
    """Return the gate's decisions on a run's files, none before they were taken."""
    body: Any = outcomes.find(view, run, STEP)  # JSON of our own, read here only
    return () if body is None else tuple(from_json(file) for file in body["files"])


def to_json(file: Judged) -> Mapping[str, Json]:
    """Return the form in which a decision is stored: with its run, or in the entry of an upload."""
    return {
        "filename": file.filename,
        "digest": file.digest,
        "verdict": file.verdict,
        "reason": file.reason,
        "policy": file.policy,
        "opinions": [_opinion(opinion) for opinion in file.opinions],
        "reported": sorted(file.reported),
    }


def _opinion(opinion: Opinion) -> Mapping[str, Json]:
    return {
        "rule": opinion.rule,
        "verdict": opinion.verdict.value,
        "reason": opinion.reason,
        "until": None if opinion.until is None else format_time(opinion.until),
        "findings": list(opinion.findings),
    }


def from_json(file: dict[str, Any]) -> Judged:
    """Read what ``to_json`` wrote."""
    return Judged(
        filename=file["filename"],
        digest=Digest(file["digest"]),
        verdict=file["verdict"],
        reason=file["reason"],
        policy=file.get("policy"),
        opinions=tuple(_read_opinion(opinion) for opinion in file.get("opinions", ())),
        reported=frozenset(file.get("reported", ())),
    )


def _read_opinion(stored: dict[str, Any]) -> Opinion:
    until = stored["until"]
    return Opinion(
        rule=stored["rule"],
        verdict=Verdict(stored["verdict"]),
        reason=stored["reason"],
        until=None if until is None else datetime.fromisoformat(until),
        findings=tuple(stored["findings"]),
    )
