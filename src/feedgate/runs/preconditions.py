"""What must hold before a run is handed to the engine: looked at now and then, so that one that waits takes no slot."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from feedgate.model.run import RunId, RunKind
from feedgate.records import events, runs
from feedgate.records.database import Database
from feedgate.records.events import Telling
from feedgate.records.runs import Waiting

Precondition: TypeAlias = Callable[[RunId], Awaitable[str | None]]
"""Says in words what a run waits for, None = it may go."""

_LOOK_AGAIN_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Look:
    task: "asyncio.Task[str | None]"
    begun_at: float = field(default_factory=time.monotonic)

    @property
    def is_stale(self) -> bool:
        return self.task.done() and time.monotonic() - self.begun_at >= _LOOK_AGAIN_SECONDS


class Preconditions:
    """The preconditions by kind of run; ``looked`` is told when a look has ended."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        of: Mapping[RunKind, Precondition],
        looked: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._of = of
        self._looked = looked
        self._looks: dict[RunId, _Look] = {}
        self._said: dict[RunId, str] = {}

    def may_go(self, run: Waiting) -> bool:
        """Return whether the last look found nothing to wait for; where there was none lately, one begins."""
        precondition = self._of.get(run.kind)
        if precondition is None:
            return True
        look = self._looks.get(run.id)
        if look is None or look.is_stale:
            task = asyncio.create_task(self._ask(precondition, run))
            task.add_done_callback(lambda _done: self._looked())
            self._looks[run.id] = _Look(task)
            return False
        return look.task.done() and look.task.result() is None

    def forget_all_but(self, seen: Collection[RunId]) -> None:
        """Let go of what was seen of runs that wait no more."""
        for known in (self._looks, self._said):
            for run in known.keys() - seen:
                del known[run]

    async def _ask(self, precondition: Precondition, run: Waiting) -> str | None:
        try:
            reason = await precondition(run.id)
            if reason is not None:
                await self._say(run, reason)
        except Exception:  # noqa: BLE001  # the next look may do better
            _log.exception("run %s: what it needs could not be looked at; looking again", run.id)
            return "waits: what it needs could not be looked at"
        return reason

    async def _say(self, run: Waiting, reason: str) -> None:
        if self._said.get(run.id) != reason:
            await asyncio.to_thread(self._write, run, reason)
            self._said[run.id] = reason

    def _write(self, run: Waiting, reason: str) -> None:
        telling = Telling(self._clock(), run.kind.value, None, "waits", {"reason": reason})
        with self._database.note() as note:
            if runs.say_why_it_waits(note, run.id, reason):
                events.append(note, run.id, [telling])
