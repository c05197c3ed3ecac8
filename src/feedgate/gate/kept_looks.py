"""What was seen before: looks kept by digest, the METADATA as blobs, the findings as records.

The same bytes may come under two names, and the name says as what they are
looked at: an inspector's findings are kept as ``archive/wheel`` or ``archive/sdist``.
Records are written together: what is ready while a transaction runs, or
shortly after it, shares the next one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from feedgate.blobs.store import BlobNotFound, BlobStore
from feedgate.gate.looked import Looked
from feedgate.inspectors.walk import INSPECTORS
from feedgate.model.digest import Digest
from feedgate.model.distribution import Kind
from feedgate.records import inspections
from feedgate.records.database import Database

PAUSE_SECONDS: Final = 0.05
"""How long after a transaction the next one waits for company."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    looked: Looked
    kept: asyncio.Future[None]


class KeptLooks:
    """Finds and keeps looks; for one event loop."""

    def __init__(self, records: Database, blobs: BlobStore, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._blobs = blobs
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def find(self, digests: Sequence[Digest], kind: Kind) -> dict[Digest, Looked]:
        """Return, of ``digests``, those that every inspector of today has looked at as that kind of file."""
        if not digests:
            return {}
        found = await asyncio.to_thread(self._query, digests, kind)
        whole = await asyncio.gather(*(self._with_metadata(looked) for looked in found))
        return {looked.digest: looked for looked in whole if looked is not None}

    async def keep(self, looked: Looked) -> Looked:
        """Keep ``looked`` if it is lasting; returns it with the digest of its METADATA."""
        if not looked.is_lasting:
            return looked
        if looked.metadata is not None:
            async with self._blobs.receive() as incoming:
                await incoming.write(looked.metadata)
                looked = replace(looked, metadata_digest=await incoming.keep())
        waiting = _Waiting(looked, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await waiting.kept
        return looked

    async def close(self) -> None:
        """Wait until all that was handed in is written."""
        if self._writer is not None:
            await self._writer

    def _query(self, digests: Sequence[Digest], kind: Kind) -> list[Looked]:
        with self._records.read() as view:
            by_inspector = {
                inspector.name: inspections.find(
                    view, digests, inspector=_kept_as(inspector.name, kind), version=inspector.version
                )
                for inspector in INSPECTORS
            }
            metadata = inspections.find_metadata(view, digests)
        return [
            Looked(
                digest,
                kind,
                tuple(replace(found[digest], inspector=name) for name, found in by_inspector.items()),
                None,
                metadata[digest],
            )
            for digest in digests
            if digest in metadata and all(digest in found for found in by_inspector.values())
        ]

    async def _with_metadata(self, looked: Looked) -> Looked | None:
        if looked.metadata_digest is None:
            return looked
        try:
            content = await self._blobs.open(looked.metadata_digest)
        except BlobNotFound:
            return None  # swept or lost: the next look brings it back
        return replace(looked, metadata=await content.read())

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._put, [waiting.looked for waiting in batch])
            except Exception as error:  # noqa: BLE001  # each of those who wait must hear of it
                for waiting in batch:
                    if not waiting.kept.done():
                        waiting.kept.set_exception(error)
            else:
                for waiting in batch:
                    if not waiting.kept.done():
                        waiting.kept.set_result(None)
            await asyncio.sleep(PAUSE_SECONDS)

    def _put(self, batch: Sequence[Looked]) -> None:
        with self._records.note() as note:
            rows = (
                replace(one, inspector=_kept_as(one.inspector, looked.kind))
                for looked in batch
                for one in looked.inspections
            )
            inspections.put(note, rows, self._clock())
            inspections.put_metadata(note, ((looked.digest, looked.metadata_digest) for looked in batch))


def _kept_as(inspector: str, kind: Kind) -> str:
    return f"{inspector}/{kind.value}"
