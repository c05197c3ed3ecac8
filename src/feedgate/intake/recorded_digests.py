"""Digests that no page states, remembered in the records from one run to the next."""

import asyncio
from dataclasses import dataclass

from feedgate.model.digest import Digest
from feedgate.model.redaction import plain_address
from feedgate.records import known_digests
from feedgate.records.database import Database


@dataclass(frozen=True, slots=True)
class RecordedDigests:
    """What ``outside.known_digests`` asks of a memory, by the file's address without what could be a credential."""

    records: Database

    async def find(self, url: str) -> Digest | None:
        """Return the digest of what lies there, or None."""
        return await asyncio.to_thread(self._find, url)

    async def remember(self, url: str, digest: Digest) -> None:
        """Keep it."""
        await asyncio.to_thread(self._keep, url, digest)

    def _find(self, url: str) -> Digest | None:
        with self.records.read() as view:
            return known_digests.find(view, plain_address(url))

    def _keep(self, url: str, digest: Digest) -> None:
        with self.records.note() as note:
            known_digests.put(note, plain_address(url), digest)
