"""Digests that no page states, remembered in the records from one run to the next."""

import asyncio
from dataclasses import dataclass

from feedgate.model.redaction import plain_address
from feedgate.outside.known_digests import KnownFile
from feedgate.outside.seen import Seen
from feedgate.records import known_digests
from feedgate.records.database import Database
from feedgate.records.known_digests import KnownDigest


@dataclass(frozen=True, slots=True)
class RecordedDigests:
    """What ``outside.known_digests`` asks of a memory, by the file's address without what could be a credential."""

    records: Database

    async def find(self, url: str) -> KnownFile | None:
        """Return what lay there, or None."""
        return await asyncio.to_thread(self._find, url)

    async def remember(self, url: str, known: KnownFile) -> None:
        """Keep it."""
        await asyncio.to_thread(self._keep, url, known)

    def _find(self, url: str) -> KnownFile | None:
        with self.records.read() as view:
            row = known_digests.find(view, plain_address(url))
        if row is None:
            return None
        return KnownFile(row.digest, Seen(row.size_bytes, row.etag, row.last_modified), row.hashed_at)

    def _keep(self, url: str, known: KnownFile) -> None:
        seen = known.seen
        row = KnownDigest(known.digest, seen.size_bytes, seen.etag, seen.last_modified, known.at)
        with self.records.note() as note:
            known_digests.put(note, plain_address(url), row)
