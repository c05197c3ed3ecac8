"""Step: policy is asked about every file that would become new in the feed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from packaging.version import Version

from feedgate.feed.verdicts import note_verdict
from feedgate.gate.decide import decide_import, decide_upload
from feedgate.gate.facts import PageJudge
from feedgate.gate.look import Looks
from feedgate.gate.looked import Looked
from feedgate.intake.kept import feed_of, fetched_by, keep_judged, resolved_by
from feedgate.intake.refused_releases import keep_refused_releases, refused_releases_by
from feedgate.intake.run_index import RunIndexes
from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.hold import NewHold
from feedgate.model.index import ProjectPage
from feedgate.model.resolution import Pin
from feedgate.model.run import Again, Done, Event, Held, Outcome, Refused, Run, Tell
from feedgate.model.target import Target
from feedgate.policy.decide import with_opinion
from feedgate.policy.policies import Policy
from feedgate.records.database import Database
from feedgate.records.decisions import Judged
from feedgate.records.feeds import Located

_MOST_NAMED = 10
_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Decide:
    """Hold or refuse the whole closure if policy holds or refuses one file of it."""

    name: ClassVar[str] = "decide"

    records: Database
    looks: Looks
    views: RunIndexes
    clock: Callable[[], datetime]

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Take a decision for each new file and keep all of them, with their reasons."""
        del target
        resolved = await asyncio.to_thread(resolved_by, self.records, run.id)
        fetched = await asyncio.to_thread(fetched_by, self.records, run.id)
        located = await asyncio.to_thread(feed_of, self.records, run)
        view = await self.views.of(run)
        pins = {pin.file.filename: pin for part in resolved.values() for pin in part.pins if not pin.present}
        digests = {} if fetched is None else fetched.digests
        looked = await self.looks.look_all([(digests[name], name) for name in pins], seen=lambda _count: None)
        pages = {pin.project: await view.overlay.page(pin.project) for pin in pins.values()}
        downgrades = {name: one for part in resolved.values() for name, one in part.downgrades.items()}
        # In a thread: a hostile METADATA takes seconds to read.
        decisions = await asyncio.to_thread(
            lambda: {
                name: _decide(view.gate, pages[pin.project], pin, looked[digests[name]], downgrades.get(name))
                for name, pin in pins.items()
            }
        )
        judged = tuple(
            _judged(pins[name].file, digests[name], decision) for name, decision in decisions.items()
        )
        await asyncio.to_thread(keep_judged, self.records, run.id, judged)
        tell(Event("decided", {verdict.value: _count(judged, verdict) for verdict in Verdict}))
        for verdict, outcome in ((Verdict.REFUSE, Refused), (Verdict.HOLD, Held)):
            kept_out = [file for file in judged if file.verdict == verdict.value]
            if kept_out:
                holds = _holds(pins, decisions, digests) if verdict is Verdict.HOLD else ()
                await asyncio.to_thread(self._note, run, located, verdict, kept_out, holds)
                if verdict is Verdict.REFUSE and await self._chooses_anew(
                    run, view.gate.policy, pins, decisions
                ):
                    return Again(_in_words(kept_out))
                return outcome(_in_words(kept_out))
        return Done()

    async def _chooses_anew(
        self, run: Run, policy: Policy, pins: Mapping[str, Pin], decisions: Mapping[str, Decision]
    ) -> bool:
        """Keep the releases that were refused for what was seen in a file, so that the run chooses without them.

        Not where a record names one as malware: then a person looks, before an earlier release of it comes in quietly.
        """
        refused = {name: one.deciding for name, one in decisions.items() if one.verdict is Verdict.REFUSE}
        looking = {rule.code for rule in policy.rules if rule.needs}
        known = await asyncio.to_thread(refused_releases_by, self.records, run.id)
        if known.round >= _MOST_ROUNDS or any(
            opinion.rule not in looking for opinions in refused.values() for opinion in opinions
        ):
            return False
        releases = {
            (pins[name].project, Version(pins[name].version)): replace(
                opinions[0], reason=decisions[name].reason
            )
            for name, opinions in refused.items()
        }
        await asyncio.to_thread(keep_refused_releases, self.records, run.id, known.next_round(releases))
        self.views.close(run.id)
        return True

    def _note(
        self,
        run: Run,
        located: Located,
        verdict: Verdict,
        files: Sequence[Judged],
        holds: Sequence[NewHold],
    ) -> None:
        kept_out = [(file.filename, file.digest, file.reason) for file in files]
        note_verdict(self.records, located, run.id, run.requester, verdict, kept_out, holds, now=self.clock())


def _holds(
    pins: Mapping[str, Pin], decisions: Mapping[str, Decision], digests: Mapping[str, Digest]
) -> tuple[NewHold, ...]:
    """Return what is to be answered: a hold for each rule that holds one of the files."""
    return tuple(
        NewHold(
            pins[name].project,
            pins[name].version,
            name,
            digests[name],
            opinion.rule,
            opinion.findings,
            opinion.reason,
            opinion.until,
        )
        for name, decision in decisions.items()
        if decision.verdict is Verdict.HOLD
        for opinion in decision.deciding
    )


def _decide(
    gate: PageJudge, page: ProjectPage, pin: Pin, looked: Looked, downgrade: Opinion | None
) -> Decision:
    """Decide on a file as what it is: a destination's own is like an upload, all others are imports."""
    policy, now = gate.policy, gate.by_name.now
    advised = gate.advised(page, Version(pin.version))
    if pin.internal:
        decision = decide_upload(policy, pin.file.filename, looked, advised, now=now)
    else:
        decision = decide_import(policy, pin.file, looked, advised, now=now)
    if downgrade is not None:
        decision = with_opinion(policy, decision, downgrade, pin.file.filename, now=now)
    return gate.releases.applied(decision, looked.digest)


def _judged(file: Distribution, digest: Digest, decision: Decision) -> Judged:
    return Judged(
        file.filename,
        digest,
        decision.verdict.value,
        decision.reason,
        decision.policy,
        decision.opinions,
        decision.reported,
    )


def _count(judged: Sequence[Judged], verdict: Verdict) -> int:
    return sum(1 for file in judged if file.verdict == verdict.value)


def _in_words(files: Sequence[Judged]) -> str:
    named = [file.reason for file in files[:_MOST_NAMED]]
    more = len(files) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")
