"""Step: copy another index into the feed, one project after the other, a few at once.

Nothing is resolved or proved here. Each project becomes visible in a transaction of its
own, which also says that it is done: a run that is killed goes on where it was, and
counts each file once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final

from feedgate.blobs.store import BlobStore
from feedgate.feed.moving_in import move_project_in
from feedgate.gate.advisories import Advisories
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.gate.look import Looks
from feedgate.intake.kept import feed_of
from feedgate.intake.moving_in.asked import AskedImport
from feedgate.intake.moving_in.project import Files, Ground, Pages, bring_project, look_at_project
from feedgate.intake.moving_in.sources import ImportSources
from feedgate.intake.side_by_side import side_by_side
from feedgate.model.canonical import Json
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, parse_filename
from feedgate.model.index import Index, NoSuchProject, ProjectPage
from feedgate.model.moving_in import MovedProject
from feedgate.model.names import ProjectName
from feedgate.model.run import Done, Event, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.policy.document import read_policy
from feedgate.policy.policies import OPEN
from feedgate.records import feeds, moving_in, outcomes, runs
from feedgate.records.database import Database

STEP: Final = "import"
PROJECTS_AT_ONCE: Final = 8

_MOST_TOLD: Final = 200
"""How often the progress of one run is told: who shows the run reads all of it."""


@dataclass(slots=True)
class _Progress:
    """Counts projects, and tells it now and then."""

    tell: Tell
    done: int
    of: int

    def one_more(self) -> None:
        self.done += 1
        if self.done % max(1, self.of // _MOST_TOLD) == 0 or self.done == self.of:
            self.tell(Event("progress", {"projects": self.done, "of_projects": self.of}))


@dataclass(frozen=True, slots=True)
class MoveIn:
    """Copy an index, or look at what copying it would do."""

    name: ClassVar[str] = STEP

    records: Database
    blobs: BlobStore
    looks: Looks
    upstream: Index
    sources: ImportSources
    advisories: Advisories
    clock: Callable[[], datetime]

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Go through the projects that this run has not gone through yet."""
        del target
        advisories = await self.advisories.current()
        asked, ground, done = await asyncio.to_thread(self._begin, run, advisories)
        if asked.source is None:
            listed = _Listed(asked)
            await _go(asked, listed, done, tell, partial(self._look, run, asked, ground, listed))
            return Done()
        async with self.sources.opened(asked.addresses) as source:
            await asyncio.to_thread(self._keep_notes, run, source.notes)
            act = self._look if asked.is_dry else self._bring
            await _go(asked, source, done, tell, partial(act, run, asked, ground, source))
        return Done()

    def _begin(self, run: Run, advisories: AdvisoryDatabase) -> tuple[AskedImport, Ground, set[ProjectName]]:
        located = feed_of(self.records, run)
        with self.records.read() as view:
            asked = AskedImport.from_text(runs.request_text(view, run.id))
            feed = feeds.state(view, located)
            done = moving_in.names_done(view, run.id)
        facts: dict[str, Json] = {"source": asked.in_words}
        if asked.reason is not None:
            facts["reason"] = asked.reason
        policy = OPEN if feed is None else read_policy(feed.policy)
        ground = Ground(
            self.records,
            self.blobs,
            self.looks,
            self.upstream,
            located,
            policy,
            advisories,
            self.clock,
            facts,
        )
        return asked, ground, done

    def _keep_notes(self, run: Run, notes: tuple[str, ...]) -> None:
        with self.records.note() as note:
            outcomes.put(note, run.id, STEP, {"notes": list(notes)})

    async def _look(
        self, run: Run, asked: AskedImport, ground: Ground, source: Pages, name: ProjectName
    ) -> None:
        seen = await look_at_project(ground, source, name, is_own=asked.is_own(name))
        await asyncio.to_thread(self._keep, run, seen)

    def _keep(self, run: Run, seen: MovedProject) -> None:
        with self.records.note() as note:
            if not moving_in.is_done(note, run.id, seen.name):
                moving_in.put(note, run.id, seen)

    async def _bring(
        self, run: Run, asked: AskedImport, ground: Ground, source: Files, name: ProjectName
    ) -> None:
        moving = await bring_project(ground, source, name, is_own=asked.is_own(name))
        await asyncio.to_thread(
            move_project_in,
            self.records,
            ground.located,
            run.id,
            run.requester,
            moving,
            now=self.clock(),
        )


async def _go(
    asked: AskedImport,
    source: Pages,
    done: set[ProjectName],
    tell: Tell,
    act: Callable[[ProjectName], Coroutine[Any, Any, None]],
) -> None:
    names = asked.wanted or sorted({name async for name in source.names()})
    waiting = [name for name in names if name not in done]
    progress = _Progress(tell, len(names) - len(waiting), len(names))
    async with aclosing(side_by_side(waiting, act, at_once=PROJECTS_AT_ONCE)) as going:
        async for _ in going:
            progress.one_more()


class _Listed:
    """A folder's files as pages: enough for a look beforehand."""

    def __init__(self, asked: AskedImport) -> None:
        self._files: dict[ProjectName, list[Distribution]] = {}
        for file in asked.listed:
            name = parse_filename(file.filename).project
            self._files.setdefault(name, []).append(Distribution(file.filename, Digest(file.sha256)))

    async def names(self) -> AsyncIterator[ProjectName]:
        for name in sorted(self._files):
            yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        if name not in self._files:
            raise NoSuchProject(name, index="the folder")
        return ProjectPage(name, tuple(self._files[name]), validator="")

    async def digest_known(self, file: Distribution) -> Digest | None:
        return file.digest

    async def answers(self) -> bool:
        return True
