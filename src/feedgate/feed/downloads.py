"""Counts of downloads and last uses of tokens: kept in memory, written in batches off the request's path."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from feedgate.records import downloads, tokens
from feedgate.records.database import Database, FeedId

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Downloads:
    """What was fetched and by which token since the last write; lost only with the process."""

    records: Database
    clock: Callable[[], datetime]
    interval_seconds: float = 5.0
    _counts: Counter[tuple[FeedId, str, str]] = field(default_factory=Counter)
    _used: dict[str, datetime] = field(default_factory=dict)

    def count(self, feed: FeedId, filename: str) -> None:
        """Count one download."""
        self._counts[feed, filename, self.clock().date().isoformat()] += 1

    def used(self, token_id: str) -> None:
        """Say that a token was used now."""
        self._used[token_id] = self.clock()

    def write(self) -> None:
        """Write what was counted; what could not be written is counted on."""
        counts, used = self._counts, self._used
        if not counts and not used:
            return
        self._counts, self._used = Counter(), {}
        try:
            with self.records.note() as note:
                downloads.add(note, counts)
                tokens.note_uses(note, used)
        except Exception:
            self._counts.update(counts)
            self._used = used | self._used
            raise

    async def keep_writing(self) -> None:
        """Write again and again until cancelled; a database that is away is waited for."""
        while True:
            await asyncio.sleep(self.interval_seconds)
            try:
                await asyncio.to_thread(self.write)
            except Exception:  # noqa: BLE001  # whatever it was, the next round tries again
                _log.exception("download counts could not be written")
