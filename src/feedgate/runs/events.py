"""Progress of a run as rows: told at any pace, written at most five times a second."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from feedgate.model.run import Event, RunId, Tell
from feedgate.records import events
from feedgate.records.database import Database
from feedgate.records.events import Telling

PROGRESS = "progress"
"""The kind of event of which only the newest counts; all others are kept, in order."""

_PAUSE_SECONDS = 0.2
_GATHER_SECONDS = 0.03

_log = logging.getLogger(__name__)


class Teller:
    """Writes down what the steps of one run tell; made and closed inside the event loop.

    Events of the kind ``progress`` replace an older one of the same step and
    target that is not written yet. One that can not be written is lost, with a
    line in the log: a run does not fail for its progress.
    """

    def __init__(self, database: Database, run: RunId, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._run = run
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._pending: list[Telling] = []
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._written_at = float("-inf")

    def of(self, step: str, target: str | None) -> Tell:
        """Return what ``step`` tells with; it may be called from any thread and never blocks."""

        def tell(event: Event) -> None:
            self._take(Telling(self._clock(), step, target, event.kind, event.facts))

        return tell

    async def flush(self) -> None:
        """Write what was told so far; afterwards it can be read."""
        async with self._writing:
            with self._lock:
                batch, self._pending = self._pending, []
            if batch:
                await asyncio.to_thread(self._write, batch)
                self._written_at = time.monotonic()

    async def close(self) -> None:
        """Write the rest and end."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait({self._writer})
        await self.flush()

    def _take(self, telling: Telling) -> None:
        with self._lock:
            is_first = not self._pending
            if telling.kind == PROGRESS:
                self._pending = [one for one in self._pending if not _is_replaced(one, telling)]
            self._pending.append(telling)
        if is_first:
            self._loop.call_soon_threadsafe(self._start_writer)

    def _start_writer(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = self._loop.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        # A short wait first: what a quick step tells at its start and end is one write.
        while self._pending:
            since = time.monotonic() - self._written_at
            await asyncio.sleep(max(_GATHER_SECONDS, _PAUSE_SECONDS - since))
            # Shielded, so that a cancelled wait never leaves a batch half handed over.
            await asyncio.shield(self.flush())

    def _write(self, batch: list[Telling]) -> None:
        try:
            with self._database.note() as note:
                events.append(note, self._run, batch)
        except Exception:  # noqa: BLE001  # progress is worth less than the run
            _log.exception("%d events of run %s could not be written", len(batch), self._run)


def _is_replaced(older: Telling, newer: Telling) -> bool:
    return (older.kind, older.step, older.target) == (newer.kind, newer.step, newer.target)
