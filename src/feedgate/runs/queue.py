"""The reconciler: what the run table asks for is what the engine does.

Posting or cancelling a run writes its row and nothing else; the worker looks
at the table and passes on what is new. So a row is the truth, and nothing is
lost between two databases.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import runs
from feedgate.records.database import Database
from feedgate.records.runs import Waiting
from feedgate.runs.engine import Engine, Standing
from feedgate.runs.outcome import INTERNAL_ERROR, Ending
from feedgate.runs.preconditions import Precondition, Preconditions

_LOOK_SECONDS = 0.2
_LONGEST_BACK_OFF_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Reconciler:
    """Looks at the run table when it is woken, and five times a second in any case; one in a worker.

    ``preconditions`` must hold before a run of that kind is handed over.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        clock: Callable[[], datetime],
        preconditions: Mapping[RunKind, Precondition] | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._handed_over: set[tuple[RunId, int]] = set()
        self._stopping: set[RunId] = set()
        self._woken = asyncio.Event()
        self._preconditions = Preconditions(database, clock, preconditions or {}, self._woken.set)

    def wake(self) -> None:
        """Have the table looked at now; to be called in the event loop's thread."""
        self._woken.set()

    async def run(self) -> None:
        """Settle what was left, then reconcile for ever; a database that fails is asked again."""
        pause = _LOOK_SECONDS
        settled = False
        while True:
            self._woken.clear()
            try:
                if not settled:
                    await self.settle()
                    settled = True
                await self.reconcile()
                pause = _LOOK_SECONDS
            except Exception:  # noqa: BLE001  # the worker lives as long as its server
                _log.exception("the run table could not be reconciled; asking again")
                pause = min(pause * 2, _LONGEST_BACK_OFF_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)

    async def settle(self) -> None:
        """Bring rows and engine together after a start, before anything new.

        A run that has begun but that the engine does not know (its database
        was lost) begins again; one that the engine has ended without the row
        saying so (a fault of our own) is failed.
        """
        for run in await asyncio.to_thread(self._begun):
            standing = await self._engine.standing(run.id, run.tries)
            if standing is Standing.UNKNOWN:
                await self._engine.enqueue(run.id, run.kind, run.tries)
            elif standing is Standing.ENDED and not run.cancel_requested:
                reason = f"the engine ended it without an outcome. Next: retry it; see run {run.id} in the worker's log"
                await self._engine.end(run.id, run.kind, Ending(RunState.FAILED, INTERNAL_ERROR, reason))

    async def reconcile(self) -> None:
        """Pass on what is new: rows that wait to be taken up, and rows that are asked to stop."""
        waiting = await asyncio.to_thread(self._waiting)
        for run in waiting:
            if run.cancel_requested:
                await self._stop(run)
            elif (
                (run.id, run.tries) not in self._handed_over
                and self._is_due(run)
                and self._preconditions.may_go(run)
            ):
                await self._engine.enqueue(run.id, run.kind, run.tries)
                self._handed_over.add((run.id, run.tries))
        seen = {run.id for run in waiting}
        self._handed_over &= {(run.id, run.tries) for run in waiting}
        self._stopping &= seen
        self._preconditions.forget_all_but(seen)

    def _is_due(self, run: Waiting) -> bool:
        return run.not_before is None or run.not_before <= self._clock()

    async def _stop(self, run: Waiting) -> None:
        if run.id not in self._stopping:
            await self._engine.cancel(run.id, run.tries)
            self._stopping.add(run.id)
        # While a step is at work the engine itself ends the run, after its clean-up.
        if not self._engine.is_active(run.id):
            await self._engine.end(run.id, run.kind, Ending(RunState.CANCELLED))

    def _waiting(self) -> tuple[Waiting, ...]:
        with self._database.read() as snapshot:
            return runs.waiting(snapshot)

    def _begun(self) -> tuple[Waiting, ...]:
        with self._database.read() as snapshot:
            return runs.begun(snapshot)
