"""Holds that end by themselves: their time is over, or another advisory database was loaded.

Looked at again and again by the worker; a run that nothing keeps any more goes on as another one.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from feedgate.feed.holds import Holding, continue_held
from feedgate.gate.advisories import Advisories
from feedgate.model.digest import Digest
from feedgate.model.run import RunId
from feedgate.records import feeds

_log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Lift:
    """Has held runs go on; one in a worker."""

    holding: Holding
    advisories: Advisories
    interval_seconds: float = INTERVAL_SECONDS

    async def run(self) -> None:
        """Look for ever; a database that is away is asked again."""
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001  # the worker lives as long as its server
                _log.exception("held runs could not be looked at; looking again")
            await asyncio.sleep(self.interval_seconds)

    async def once(self) -> tuple[RunId, ...]:
        """Look at every feed's held runs; return those that go on now."""
        databases = (await self.advisories.current()).digests
        return await asyncio.to_thread(self._continue, databases)

    def _continue(self, databases: Mapping[str, Digest]) -> tuple[RunId, ...]:
        with self.holding.records.read() as view:
            located = feeds.all_feeds(view)
        return tuple(run for one in located for run in continue_held(self.holding, one, databases))
