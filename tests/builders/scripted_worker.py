"""A worker whose steps do what each run's request says: for tests that kill it.

Run as ``python -m tests.builders.scripted_worker FOLDER``. In FOLDER lie the two
databases, ``journal`` (what the steps did, a line each) and ``worker.log``; a
step that is told to wait does so until the file ``released`` is there.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from feedgate.errors import Broken, Refused
from feedgate.model import run as outcomes
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.run import Done, Event, Failed, Later, Outcome, Run, RunId, RunKind, RunState, Tell
from feedgate.model.target import Target, parse_target
from feedgate.records import feeds, runs
from feedgate.records import outcomes as outcomes_kept
from feedgate.records.database import Database, View, sqlite_url
from feedgate.records.migrate import open_database
from feedgate.records.runs import Posting
from feedgate.runs.engine import Engine
from feedgate.runs.queue import Reconciler
from feedgate.runs.step import Once, PerTarget, Step, Workflow

FEED = FeedPath("acme", "pip-feed")
TARGETS = (parse_target("3.11@x86_64-manylinux_2_28"), parse_target("3.12@x86_64-manylinux_2_28"))


class BrokenByScript(Broken):
    """What a step raises when it is told to fail in an expected way."""

    code = "broken-by-script"

    def __init__(self) -> None:
        super().__init__("the script broke it", next_step="Write another script")


class RefusedByScript(Refused):
    """What a step raises when it is told to refuse by raising."""

    code = "refused-by-script"

    def __init__(self) -> None:
        super().__init__("the script refuses it", next_step="Write another script")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where worker and test meet."""

    path: Path

    @property
    def records_url(self) -> str:
        return sqlite_url(self.path / "records.sqlite")

    @property
    def engine_file(self) -> Path:
        return self.path / "engine.sqlite"

    @property
    def released(self) -> Path:
        return self.path / "released"

    @property
    def ready(self) -> Path:
        """Stands where runs that send may go."""
        return self.path / "ready"

    @property
    def log(self) -> Path:
        return self.path / "worker.log"

    def note(self, line: str) -> None:
        descriptor = os.open(self.path / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)

    def journal(self) -> list[str]:
        journal = self.path / "journal"
        return journal.read_text().splitlines() if journal.exists() else []


def now() -> datetime:
    return datetime.now(UTC)


def prepare(folder: Folder) -> Database:
    """Open the records and have the feed there."""
    database = open_database(folder.records_url)
    with database.change(None, Act.ORGANIZATION_CREATED, "tests", now()) as change:
        feeds.create_organization(change, FEED.organization)
        change.record({"organization": FEED.organization})
    with database.note() as note:
        feeds.prepare(note, FEED)
    return database


def post(
    database: Database,
    name: str,
    script: dict[str, list[str]],
    targets: Sequence[Target] = TARGETS[:1],
    *,
    to: str | None = None,
) -> RunId:
    """Post a run; ``script`` says by step, or ``step@target``, what each is to do: one word after the other.

    With ``to`` it is one that sends there.
    """
    with database.read() as view:
        located = feeds.find(view, FEED)
    assert located is not None
    posting = Posting(
        id=RunId(name),
        kind=RunKind.ADD if to is None else RunKind.SEND,
        feed=located.id,
        requester="tests",
        idempotency_key=name,
        request=json.dumps(script),
        targets=tuple(map(str, targets)),
        destination=to,
    )
    with database.note() as note:
        return runs.post(note, posting, now())


OUTCOMES: dict[str, Callable[[str], Outcome]] = {
    "held": outcomes.Held,
    "refused": outcomes.Refused,
    "failed": lambda reason: Failed("by-script", reason),
}
ERRORS: dict[str, Exception] = {
    "broken": BrokenByScript(),
    "raises-refused": RefusedByScript(),
    "bug": KeyError("a password that must not show"),
}


@dataclass(frozen=True, slots=True)
class Scripted:
    """A step that follows the run's script."""

    database: Database
    folder: Folder

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        name = type(self).name if target is None else f"{type(self).name}@{target}"
        words = await asyncio.to_thread(self._words, run, name)
        self.folder.note(f"{run.id} {name} begins")
        try:
            outcome = await self._follow(words, tell)
        except asyncio.CancelledError:
            self.folder.note(f"{run.id} {name} is cancelled")
            raise
        self.folder.note(f"{run.id} {name} ends")
        return outcome

    name: ClassVar[str] = "scripted"

    def _happen(self, run: RunId) -> None:
        with self.database.note() as note:
            outcomes_kept.put(note, run, "happened", body=True)

    def _words(self, run: Run, name: str) -> list[str]:
        with self.database.read() as view:
            script: dict[str, list[str]] = json.loads(runs.request_text(view, run.id))
        return script.get(name) or script.get(name.partition("@")[0]) or []

    async def _follow(self, words: list[str], tell: Tell) -> Outcome:
        for word in words:
            act, _, argument = word.partition(":")
            if act == "later" and not self.folder.released.exists():
                return Later(argument)
            if act in OUTCOMES:
                return OUTCOMES[act](argument)
            if act in ERRORS:
                raise ERRORS[act]
            await self._wait(act, argument, tell)
        return Done()

    async def _wait(self, act: str, argument: str, tell: Tell) -> None:
        match act:
            case "later":
                pass
            case "wait":
                while not self.folder.released.exists():  # noqa: ASYNC110  # another process makes the file
                    await asyncio.sleep(0.01)
            case "happen":
                await asyncio.to_thread(self._happen, RunId(argument))
            case "sleep":
                await asyncio.sleep(float(argument))
            case "progress":
                for number in range(int(argument)):
                    tell(Event("progress", {"files": number + 1}))
                    await asyncio.sleep(0.001)
            case _:
                raise AssertionError(act)


class First(Scripted):
    __slots__ = ()
    name: ClassVar[str] = "first"


class Second(Scripted):
    __slots__ = ()
    name: ClassVar[str] = "second"


class Third(Scripted):
    __slots__ = ()
    name: ClassVar[str] = "third"


def make_workflow(database: Database, folder: Folder, name: str) -> Workflow:
    first, second, third = (kind(database, folder) for kind in (First, Second, Third))
    steps: tuple[Step, Step, Step] = first, second, third
    phases = (PerTarget(steps[0]), Once(steps[1]), PerTarget(steps[2]))
    return Workflow(name, phases, done=RunState.PUBLISHED, has_happened=has_happened)


def has_happened(view: View, run: RunId) -> bool:
    """Whether a step of the run was told to do what can not be taken back."""
    return outcomes_kept.find(view, run, "happened") is not None


async def work(folder: Folder) -> None:
    """Work until killed."""
    database = open_database(folder.records_url)
    engine = Engine(
        database,
        sqlite_url(folder.engine_file),
        {kind: make_workflow(database, folder, kind.value) for kind in (RunKind.ADD, RunKind.SEND)},
        executor_id="worker",
        clock=now,
        concurrency=2,
    )
    await engine.launch()
    folder.note("worker up")

    async def why_it_waits(_run: RunId) -> str | None:
        return None if folder.ready.exists() else "waits: for its turn"

    await Reconciler(database, engine, now, {RunKind.SEND: why_it_waits}).run()


if __name__ == "__main__":
    at = Folder(Path(sys.argv[1]))
    logging.basicConfig(filename=at.log, level=logging.INFO)
    asyncio.run(work(at))
