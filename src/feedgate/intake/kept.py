"""What steps keep for later steps and for the report, in types and as stored JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from feedgate.model.canonical import Json
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.run import Run, RunId
from feedgate.model.times import format_time
from feedgate.records import decisions, outcomes, runs
from feedgate.records.database import Change, Database, Note
from feedgate.records.decisions import Judged
from feedgate.records.feeds import Located


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the resolve step chose for one target.

    ``pythons`` are the exact Pythons that are to be proved; ``brought`` the digests
    fetched on the way; ``internal`` and ``kept`` are names; ``escapes`` attempts to get out;
    ``downgrades`` what policy says of files that are steps into the past, by file name.
    """

    pins: tuple[Pin, ...]
    pythons: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]
    internal: tuple[ProjectName, ...]
    kept: tuple[ProjectName, ...]
    escapes: tuple[str, ...]
    brought: tuple[Digest, ...]
    downgrades: Mapping[str, Opinion] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a run is judged by from its start to its end: the time (aware UTC), the policy, the advisory databases.

    ``policy`` is its name or its document, ``databases`` the digest of each source's compiled form.
    """

    now: datetime
    policy: str
    databases: Mapping[str, Digest]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The upstream's files as they lie in the store: digests by file name, and how many came now."""

    digests: Mapping[str, Digest]
    fetched: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What the prove step saw for one target; ``reason`` bounds the promise or says why there is none."""

    proved: bool
    reason: str | None
    escapes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """What was made visible; ``serial`` is the feed's after it."""

    serial: int
    published: tuple[str, ...]
    present: tuple[str, ...]


def feed_of(records: Database, run: Run) -> Located:
    """Return where the run's feed stands."""
    with records.read() as view:
        return Located(runs.feed_of(view, run.id), run.feed)


def keep_moment(records: Database, run: RunId, moment: Moment) -> None:
    """Keep what the run is judged by."""
    with records.note() as note:
        databases: dict[str, Json] = dict(moment.databases)
        body: Json = {"now": format_time(moment.now), "policy": moment.policy, "databases": databases}
        outcomes.put(note, run, "moment", body)


def moment_of(records: Database, run: RunId) -> Moment | None:
    """Return what the run is judged by, None before it has begun."""
    body = _find(records, run, "moment")
    if body is None:
        return None
    databases = {name: Digest(digest) for name, digest in body["databases"].items()}
    return Moment(datetime.fromisoformat(body["now"]), body["policy"], databases)


def keep_resolved(records: Database, run: RunId, target: str, resolved: Resolved) -> None:
    """Keep the resolution of one target."""
    downgrades = {
        name: {"rule": one.rule, "reason": one.reason, "findings": list(one.findings)}
        for name, one in resolved.downgrades.items()
    }
    body = asdict(resolved) | {
        "pins": [_from_pin(pin) for pin in resolved.pins],
        "downgrades": downgrades,
    }
    with records.note() as note:
        outcomes.put(note, run, "resolve", body, target=target)


def resolved_by(records: Database, run: RunId) -> dict[str, Resolved]:
    """Return the run's resolutions by target."""
    with records.read() as view:
        bodies: dict[str, Any] = dict(outcomes.all_of(view, run, "resolve"))
    return {target: _to_resolved(body) for target, body in bodies.items()}


def keep_internal(records: Database, run: RunId, target: str, because: Mapping[ProjectName, str]) -> None:
    """Keep why names are a destination's own, as one target's resolution met them, also where it failed."""
    with records.note() as note:
        outcomes.put(note, run, "internal", {str(name): why for name, why in because.items()}, target=target)


def internal_by(records: Database, run: RunId) -> dict[str, str]:
    """Return why names are the destination's own; none in a run without one."""
    with records.read() as view:
        bodies: dict[str, Any] = dict(outcomes.all_of(view, run, "internal"))
    return {name: reason for body in bodies.values() for name, reason in sorted(body.items())}


def keep_fetched(records: Database, run: RunId, fetched: Fetched) -> None:
    """Keep what the fetch step brought."""
    with records.note() as note:
        outcomes.put(note, run, "fetch", {"digests": dict(fetched.digests), "fetched": fetched.fetched})


def fetched_by(records: Database, run: RunId) -> Fetched | None:
    """Return what the fetch step brought, None before it did."""
    body = _find(records, run, "fetch")
    if body is None:
        return None
    return Fetched({name: Digest(digest) for name, digest in body["digests"].items()}, body["fetched"])


def keep_judged(records: Database, run: RunId, judged: tuple[Judged, ...]) -> None:
    """Keep the gate's decisions."""
    with records.note() as note:
        decisions.put(note, run, judged)


def judged_by(records: Database, run: RunId) -> tuple[Judged, ...]:
    """Return the gate's decisions, none before they were taken."""
    with records.read() as view:
        return decisions.of_run(view, run)


def keep_proof(records: Database, run: RunId, target: str, proof: Proof) -> None:
    """Keep the proof of one target."""
    with records.note() as note:
        outcomes.put(note, run, "prove", asdict(proof), target=target)


def proofs_by(records: Database, run: RunId) -> dict[str, Proof]:
    """Return the run's proofs by target."""
    with records.read() as view:
        bodies: dict[str, Any] = dict(outcomes.all_of(view, run, "prove"))
    return {
        target: Proof(body["proved"], body["reason"], tuple(body["escapes"]))
        for target, body in bodies.items()
    }


def keep_publication(view: Change | Note, run: RunId, publication: Publication) -> None:
    """Keep what was published."""
    outcomes.put(view, run, "publish", asdict(publication))


def publication_by(records: Database, run: RunId) -> Publication | None:
    """Return what the run published, None where it did not."""
    body = _find(records, run, "publish")
    if body is None:
        return None
    return Publication(body["serial"], tuple(body["published"]), tuple(body["present"]))


def _find(records: Database, run: RunId, step: str) -> Any:  # JSON of our own, read here only
    with records.read() as view:
        return outcomes.find(view, run, step)


def _from_pin(pin: Pin) -> dict[str, Any]:
    file = asdict(pin.file)
    if pin.file.uploaded_at is not None:
        file["uploaded_at"] = format_time(pin.file.uploaded_at)
    return asdict(pin) | {"file": file}


def _to_pin(body: dict[str, Any]) -> Pin:
    file = dict(body["file"])
    if file["uploaded_at"] is not None:
        file["uploaded_at"] = datetime.fromisoformat(file["uploaded_at"])
    return Pin(**body | {"file": Distribution(**file)})


def _to_resolved(body: dict[str, Any]) -> Resolved:
    return Resolved(
        pins=tuple(_to_pin(pin) for pin in body["pins"]),
        pythons=tuple(body["pythons"]),
        passed_over=tuple(PassedOver(**entry) for entry in body["passed_over"]),
        internal=tuple(body["internal"]),
        kept=tuple(body["kept"]),
        escapes=tuple(body["escapes"]),
        brought=tuple(body["brought"]),
        downgrades={
            name: Opinion(one["rule"], Verdict.HOLD, one["reason"], findings=tuple(one["findings"]))
            for name, one in body.get("downgrades", {}).items()
        },
    )
