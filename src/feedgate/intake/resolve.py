"""Step: choose one file for every project that the request needs, for one target.

uv chooses; we decide what it sees, and look whether the choice holds on the
other patches of a bare minor too.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeAlias

from packaging.requirements import Requirement
from packaging.version import Version

from feedgate.errors import Invalid
from feedgate.formats.core_metadata import CoreMetadata
from feedgate.formats.pylock import LockedFile
from feedgate.index.admitting import Admitting, LeftOut
from feedgate.intake.asked import Asked, Words, conditions, newest_allowed, upgraded, words
from feedgate.intake.closure import patches_named, walk
from feedgate.intake.downgrades import downgrades
from feedgate.intake.kept import Resolved, keep_internal, keep_resolved
from feedgate.intake.no_solution import Sought, why_unsolvable
from feedgate.intake.passed_over import DESTINATION, Chosen, kept_back, passed_over, without_sources_of
from feedgate.intake.remarks import REPORTED
from feedgate.intake.run_index import RunIndex, RunIndexes, asked_by
from feedgate.intake.shown import NOTHING_MORE, Shown, closed_names, kept_out, solve_showing, with_fewest_held
from feedgate.intake.step_back import step_back
from feedgate.intake.unknown_extra import unknown_extra
from feedgate.intake.uv import IndexFault, Solved, Uv, Wanted
from feedgate.intake.way_out import with_way_out
from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.distribution import parse_filename
from feedgate.model.environment import marker_environment
from feedgate.model.index import Index
from feedgate.model.names import ProjectName
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.run import Done, Event, Failed, Held, Outcome, Refused, Run, Tell
from feedgate.model.target import NEWEST_PATCH, Target
from feedgate.policy.policies import DATABASE_AGE
from feedgate.records.database import Database

_MOST_ROUNDS = 5
_MOST_STEPS_BACK = 10


_Found: TypeAlias = tuple[dict[ProjectName, Pin], dict[ProjectName, CoreMetadata]]


@dataclass(frozen=True, slots=True)
class Resolve:
    """Resolve a request for one target; the resolver's work lies below ``scratch``."""

    name: ClassVar[str] = "resolve"

    records: Database
    views: RunIndexes
    uv: Uv
    scratch: Path

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Choose the files for ``target`` and keep them."""
        if target is None:
            raise RuntimeError("resolve is a step of one target")
        view = await self.views.of(run, tell)
        asked = await asyncio.to_thread(asked_by, self.records, run)
        blind = view.gate.why_blind()
        if blind is not None:
            return Held(blind)
        if (reported := view.gate.why_database_is_too_old()) is not None:
            tell(Event(REPORTED, {"rule": DATABASE_AGE, "reason": reported}))
        work = _Work(self, run, target, view, asked, self.scratch / run.id / target.file_form)
        try:
            outcome = await work.choose(tell)
        finally:
            if view.faced is not None:
                because = dict(view.faced.learning.internal)
                await asyncio.to_thread(keep_internal, self.records, run.id, str(target), because)
        if isinstance(outcome, Failed | Refused):
            return outcome
        await asyncio.to_thread(keep_resolved, self.records, run.id, str(target), outcome)
        tell(Event("resolved", {"projects": len(outcome.pins), "pythons": list(outcome.pythons)}))
        return Done()


@dataclass(slots=True)
class _Work:
    """One target's resolution while it is made."""

    step: Resolve
    run: Run
    target: Target
    view: RunIndex
    asked: Asked
    folder: Path
    escapes: tuple[str, ...] = ()
    left_out: Mapping[ProjectName, Sequence[LeftOut]] = field(default_factory=dict)
    shown: Shown = NOTHING_MORE
    """What of that which policy keeps out may be chosen all the same."""
    hidden: dict[ProjectName, Mapping[str, Decision]] = field(default_factory=dict)
    """What policy kept out of the pages that were asked for, by project and file name."""

    async def choose(self, tell: Tell) -> Resolved | Refused | Failed:
        asked_words = words(self.asked, self.target, self.target.python)
        found: _Found | Refused | Failed = await self._solve_within(asked_words, tell)
        if isinstance(found, Failed) and self._is_hidden(Verdict.HOLD, Verdict.REFUSE):
            found = await self._solve_with_hidden(found, asked_words, tell)
        if isinstance(found, Failed | Refused):
            return found
        pins, members = found
        tell(Event("chosen", {"projects": len(pins)}))
        extra = unknown_extra(asked_words, members, self.target)
        if extra is not None:
            return extra
        patches: tuple[int | None, ...] = (self.target.patch,)
        if self.target.is_bare:
            patches = await self._unite_patches(pins, members, tell)
        kept = [
            pin.project
            for pin in pins.values()
            if (pin.present or pin.there) and pin.project not in asked_words.names
        ]
        chosen = self._chosen(asked_words, pins, members)
        return Resolved(
            pins=tuple(pins[name] for name in sorted(pins)),
            pythons=tuple(self.target.at(patch) for patch in patches if patch is not None),
            passed_over=await self._passed_over(chosen, asked_words.names),
            internal=tuple(name for name in sorted(pins) if pins[name].internal),
            kept=tuple(sorted(kept)),
            escapes=self.escapes,
            brought=tuple(sorted(self.view.arrivals.brought)),
            downgrades=await self._downgrades(chosen, asked_words),
        )

    def _is_hidden(self, *verdicts: Verdict) -> bool:
        return any(one.verdict in verdicts for page in self.hidden.values() for one in page.values())

    async def _solve_with_hidden(
        self, failed: Failed, asked_words: Words, tell: Tell
    ) -> _Found | Refused | Failed:
        """Choose with what policy holds, which the run then waits for; else tell what it refuses.

        The reasons come from what was hidden, never from the resolver's words.
        """

        async def attempt(shown: Shown) -> _Found | Failed:
            return await self._attempt(shown, asked_words, tell)

        async def closed(below: Verdict) -> frozenset[ProjectName]:
            return await closed_names(self._admissible(), self.hidden, below, asked_words, self.target)

        for gravest, below in ((Verdict.HOLD, Verdict.ADMIT), (Verdict.REFUSE, Verdict.HOLD)):
            if not self._is_hidden(gravest):
                continue
            found = await solve_showing(attempt, partial(closed, below), gravest, below)
            if isinstance(found, Failed):
                continue
            if gravest is Verdict.HOLD:
                return await with_fewest_held(found, attempt, self._held_names)
            pins, _members = found
            return Refused(self._why_refused(pins))
        return failed

    def _held_names(self, found: _Found) -> frozenset[ProjectName]:
        judged = self.view.gate.decision_of
        pins, _members = found
        return frozenset(
            name
            for name, pin in pins.items()
            if (decision := judged(name, pin.file.filename)) and decision.verdict is Verdict.HOLD
        )

    async def _attempt(self, shown: Shown, asked_words: Words, tell: Tell) -> _Found | Failed:
        """Choose with what is ``shown``; where that fails all is known that was known before."""
        before = self.shown, self.hidden, self.left_out
        self.shown, self.hidden = shown, {}
        found = await self._solve_within(asked_words, tell)
        if isinstance(found, Failed):
            hidden = {**before[1], **self.hidden}
            self.shown, self.hidden, self.left_out = before[0], hidden, before[2]
        return found

    def _why_refused(self, pins: Mapping[ProjectName, Pin]) -> str:
        """Name each chosen file that policy refuses, with its reason; one that was looked at speaks for itself."""
        judged = self.view.gate.decision_of
        decisions = [judged(pin.project, pin.file.filename) for _, pin in sorted(pins.items())]
        refused = [one for one in decisions if one is not None and one.verdict is Verdict.REFUSE]
        named = "; ".join(one.reason for one in refused)
        seen = set(self.view.gate.refused.values())
        if all(seen.intersection(one.deciding) for one in refused):
            return named
        return (
            f"{named}. Next: ask for a version that is fixed, where one is named; else an Owner of "
            f"{self.run.feed} may change its policy ({refused[0].policy})"
        )

    async def _solve_within(self, asked_words: Words, tell: Tell) -> _Found | Failed:
        """Choose, and choose again without what exceeds the destination's limits, until nothing does."""
        for _ in range(_MOST_STEPS_BACK):
            found = await self._solve_preferring(asked_words)
            if isinstance(found, Failed):
                return with_way_out(self._with_whose_names(found, asked_words), self.view.hidden)
            pins = {pin.project: pin for pin in await self._pins(found)}
            members = await self._members(pins, tell)
            too_new = await step_back(self.view, self.target, pins, members)
            if not too_new or self.view.faced is None:
                return pins, members
            for filename, reason in too_new.items():
                self.view.faced.hiding.hide_release(filename, reason)
            tell(Event("stepped-back", {"files": sorted(too_new)}))
        failed = Failed(
            "destination-takes-too-little", f"{self.target}: no closure fits the destination's limits"
        )
        return with_way_out(failed, self.view.hidden)

    def _with_whose_names(self, failed: Failed, asked_words: Words) -> Failed:
        """Say of names that were asked for and not found why the destination alone was asked, and what changes that."""
        faced = self.view.faced
        if faced is None:
            return failed
        own = [
            f"{name} is the destination's own: {why}"
            for name, why in faced.learning.internal.items()
            if name in asked_words.names
        ]
        if not own:
            return failed
        return Failed(
            failed.code,
            f"{failed.reason}\n{'; '.join(own)}. To ask the upstream for such a name too: --upstream-allow NAME",
        )

    async def _solve_preferring(self, asked_words: Words) -> Solved | Failed:
        """Choose with the versions that are there; a destination's are known once its pages were read."""
        preferences = self._preferences(asked_words)
        found = await self._solve(asked_words, self.target.python, preferences)
        for _ in range(_MOST_ROUNDS):
            known, preferences = preferences, self._preferences(asked_words)
            if isinstance(found, Failed) or preferences == known:
                break
            found = await self._solve(asked_words, self.target.python, preferences)
        return found

    async def _unite_patches(
        self, pins: dict[ProjectName, Pin], members: dict[ProjectName, CoreMetadata], tell: Tell
    ) -> tuple[int, ...]:
        """Add to ``pins`` what other patches of a bare minor need; return the patches to be proved."""
        named = conditions(self.asked, self.target)
        for _ in range(_MOST_ROUNDS):
            patches = {0, NEWEST_PATCH} | patches_named(members.values(), self.target.minor, named)
            added = False
            for patch in sorted(patches - {NEWEST_PATCH}):
                for pin in await self._lacking_at(patch, members):
                    if pin.project not in pins:
                        pins[pin.project] = pin
                        added = True
            members.update(await self._members(pins, tell))
            if not added:
                break
        return tuple(sorted(patches))

    async def _lacking_at(self, patch: int, members: Mapping[ProjectName, CoreMetadata]) -> tuple[Pin, ...]:
        """Return what the closure lacks on one patch: the chosen versions stay as they are.

        Where they can not, nothing is added: the proof will bound the promise there.
        """
        python = self.target.at(patch)
        try:
            asked_words = words(self.asked, self.target, python)
        except Invalid:  # a lock that is not for this patch
            return ()
        there = walk(asked_words.wanted, members, marker_environment(self.target, python))
        if not there.lacking:
            return ()
        fixed = tuple(Requirement(f"{name}=={member.version}") for name, member in members.items())
        solved = await self._solve(asked_words, python, (), fixed=fixed)
        return () if isinstance(solved, Failed) else await self._pins(solved)

    async def _solve(
        self,
        asked_words: Words,
        python: str,
        preferences: tuple[tuple[ProjectName, str], ...],
        *,
        fixed: tuple[Requirement, ...] = (),
    ) -> Solved | Failed:
        permitted = self.shown.of(self.view.permitted(self.shown.gravest))
        admitting = Admitting(permitted, python, asked_words.hashes, newest_allowed(self.asked))
        wanted = Wanted(
            requirements=asked_words.wanted,
            python=python,
            platform=self.target.platform,
            constraints=(*asked_words.bounds, *fixed),
            preferences=preferences,
            allow_prereleases=self.asked.allow_prereleases,
        )
        mount = self.view.mount(admitting)
        answer = await self.step.uv.compile(
            mount, wanted, working_directory=self.folder / python, cached=self.view.may_be_kept
        )
        self.hidden.update(permitted.hidden)
        if python == self.target.python:
            self.left_out = admitting.left_out
        self.escapes += answer.asked.escapes
        if isinstance(answer, Solved):
            return answer
        if isinstance(answer, IndexFault):
            return _fault(answer)
        sought = Sought(self._admissible(), self.target, asked_words, admitting.left_out)
        return await why_unsolvable(answer, sought)

    def _chosen(
        self,
        asked_words: Words,
        pins: Mapping[ProjectName, Pin],
        members: Mapping[ProjectName, CoreMetadata],
    ) -> Chosen:
        environment = marker_environment(self.target, self.target.python)
        there = walk((*asked_words.wanted, *asked_words.bounds), members, environment)
        return Chosen(self.target, pins, there.specifiers, self.asked.allow_prereleases)

    async def _downgrades(self, chosen: Chosen, asked_words: Words) -> dict[str, Opinion]:
        rule = self.view.gate.policy.downgrade
        if rule is None:
            return {}
        return await downgrades(rule, self._admissible(), chosen, asked_words, self.hidden)

    async def _passed_over(self, chosen: Chosen, names: Collection[ProjectName]) -> tuple[PassedOver, ...]:
        left_out = {name: tuple(files) for name, files in self.left_out.items()}
        hidden = self.view.hidden
        for filename, reason in hidden.items():
            name = parse_filename(filename).project
            left_out[name] = (*left_out.get(name, ()), LeftOut(filename, DESTINATION, reason))
        for name, decisions in self.hidden.items():
            left_out[name] = (*left_out.get(name, ()), *kept_out(decisions))
        found = await passed_over(self._admissible(), chosen, left_out)
        asked = await kept_back(self._admissible(), chosen, names, hidden)
        return (*without_sources_of(found, hidden), *asked)

    def _admissible(self) -> Index:
        """Return what the resolver chose from, with what only lacks a wheel."""
        newest = newest_allowed(self.asked)
        if newest is None:
            return self.view.overlay
        return Admitting(self.view.overlay, self.target.python, exclude_newer=newest)

    async def _pins(self, solved: Solved) -> tuple[Pin, ...]:
        return tuple([await self._pin(file) for file in solved.files])

    async def _pin(self, locked: LockedFile) -> Pin:
        file = await self.view.file(locked.project, locked.filename)
        return Pin(
            project=locked.project,
            version=locked.version,
            file=file,
            internal=self.view.names.is_internal(locked.project),
            present=file.source is None,
            there=self.view.is_there(file),
        )

    async def _members(self, pins: Mapping[ProjectName, Pin], tell: Tell) -> dict[ProjectName, CoreMetadata]:
        """Read what each chosen file says of itself; where no METADATA is offered, the file comes for it."""
        read = 0

        async def one(pin: Pin) -> CoreMetadata:
            nonlocal read
            metadata = await self.view.metadata(pin.file)
            read += 1
            tell(Event("progress", {"files": read, "of_files": len(pins)}))
            return metadata

        found = await asyncio.gather(*(one(pin) for pin in pins.values()))
        return dict(zip(pins, found, strict=True))

    def _preferences(self, asked_words: Words) -> tuple[tuple[ProjectName, str], ...]:
        """Return the feed's versions of names that were not asked for: those stay where they can."""
        if self.asked.upgrade:
            return ()
        free = asked_words.names | upgraded(self.asked)
        return tuple(
            (name, version)
            for name, version in self.view.preferred
            if name not in free and (self.asked.allow_prereleases or not Version(version).is_prerelease)
        )


def _fault(answer: IndexFault) -> Failed:
    name, error = next(iter(answer.faults.items()))
    named = error.message if error.message.startswith(f"{name}:") else f"{name}: {error.message}"
    return Failed(error.code, f"{named}. Next: {error.next_step}")
