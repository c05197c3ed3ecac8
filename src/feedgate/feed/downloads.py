"""Who fetched what, and last uses of tokens: kept in memory, written in batches off the request's path."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Final, TypeVar

from feedgate.model.digest import Digest
from feedgate.model.download import OTHERS, Client, Fetched
from feedgate.records import downloads, tokens
from feedgate.records.database import Database, FeedId
from feedgate.records.downloads import CountKey, FetchKey

_log = logging.getLogger(__name__)

_AT_ONCE: Final = 5_000
"""So many rows are written in one transaction: other writers wait for no more of them."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


@dataclass(slots=True)
class Downloads:
    """What was fetched by whom, and which tokens were used, since the last write; lost only with the process.

    At most ``most_fetches`` wait, which is many only while the database is away. What comes beyond
    them is kept by file and day, as fetched by others.
    """

    records: Database
    clock: Callable[[], datetime]
    interval_seconds: float = 5.0
    most_fetches: int = 100_000
    _counts: Counter[CountKey] = field(default_factory=Counter)
    _fetches: dict[FetchKey, Fetched] = field(default_factory=dict)
    _used: dict[str, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _writing: Lock = field(default_factory=Lock)

    def count(
        self, feed: FeedId, filename: str, digest: Digest, client: Client, *, is_whole: bool = True
    ) -> None:
        """Note one download; one of a part is no other count of the file."""
        now = self.clock()
        day = now.date().isoformat()
        with self._lock:
            if is_whole:
                self._counts[feed, filename, day] += 1
            self._note((feed, filename, day, client), Fetched(digest, now, now))

    def used(self, token_id: str) -> None:
        """Say that a token was used now."""
        with self._lock:
            self._used[token_id] = self.clock()

    def write(self) -> None:
        """Write what was noted; what could not be written is kept for the next time.

        A row that the database refuses for what it is, of a feed that is gone say, is dropped and logged.
        """
        with self._writing:  # whoever asks for a write finds written what another one has taken up
            self._write_all()

    async def keep_writing(self) -> None:
        """Write again and again until cancelled; a database that is away is waited for."""
        while True:
            await asyncio.sleep(self.interval_seconds)
            try:
                await asyncio.to_thread(self.write)
            except Exception:  # noqa: BLE001  # whatever it was, the next round tries again
                _log.exception("downloads could not be written")

    def _write_all(self) -> None:
        with self._lock:
            counts, fetches, used = self._counts, self._fetches, self._used
            self._counts, self._fetches, self._used = Counter(), {}, {}
        try:
            while counts or fetches or used:
                self._write_some(counts, fetches, used)
        except Exception:
            with self._lock:
                self._counts.update(counts)
                self._used = used | self._used
                for key, fetched in fetches.items():
                    self._note(key, fetched)
            raise

    def _write_some(
        self, counts: Counter[CountKey], fetches: dict[FetchKey, Fetched], used: dict[str, datetime]
    ) -> None:
        """Write the first of them in one transaction, and then forget these."""
        some_counts, some_fetches, some_used = _first(counts), _first(fetches), _first(used)
        with self.records.note() as note:
            refused = downloads.add(note, some_counts) + downloads.add_fetches(note, some_fetches)
            tokens.note_uses(note, some_used)
        if refused:
            _log.warning("%d rows of downloads were dropped: the database refuses them", refused)
        _forget(counts, some_counts)
        _forget(fetches, some_fetches)
        _forget(used, some_used)

    def _note(self, key: FetchKey, fetched: Fetched) -> None:
        if key not in self._fetches and len(self._fetches) >= self.most_fetches:
            feed, filename, day, _client = key
            key = (feed, filename, day, OTHERS)
        known = self._fetches.get(key)
        self._fetches[key] = fetched if known is None else known.joined(fetched)


def _first(waiting: MutableMapping[KeyT, ValueT]) -> dict[KeyT, ValueT]:
    return dict(islice(waiting.items(), _AT_ONCE))


def _forget(waiting: MutableMapping[KeyT, ValueT], written: dict[KeyT, ValueT]) -> None:
    for key in written:
        del waiting[key]
