"""Looks: every file once a digest, in child processes, and what they saw is kept.

The only file of the gate that starts children. Effects come in one order: the
METADATA as a blob, then the records; a crash between leaves a blob too much, never a row too much.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from feedgate.blobs.store import BlobStore
from feedgate.gate.children import Answer, Children
from feedgate.gate.kept_looks import KeptLooks
from feedgate.gate.looked import Looked
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.walk import INSPECTORS
from feedgate.model.digest import Digest
from feedgate.model.inspection import Inspection
from feedgate.records.database import Database

__all__ = ["Looked", "Looks"]

_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""What a child may know of our environment: no token, no proxy."""


class Looks:
    """The eyes of the gate; made by ``Looks.opened``, for one event loop."""

    def __init__(self, children: Children, kept: KeptLooks, blobs: BlobStore) -> None:
        self._children = children
        self._kept = kept
        self._blobs = blobs
        self._under_way: dict[Digest, asyncio.Task[Looked]] = {}

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, records: Database, blobs: BlobStore, clock: Callable[[], datetime], *, processes: int = 2
    ) -> AsyncIterator["Looks"]:
        """Give looks with at most ``processes`` children, which start when needed and end with the context."""
        looks = cls(Children(_start, processes), KeptLooks(records, blobs, clock), blobs)
        try:
            yield looks
        finally:
            await looks._close()  # its own

    async def warm(self) -> None:
        """Start a child now, where the first look is soon to come."""
        await self._children.warm()

    async def look(self, digest: Digest, filename: str) -> Looked:
        """Look at a blob, or return what was seen before; raises BlobNotFound.

        Who asks for a blob that is being looked at waits for that look.
        """
        if _can_be_kept(filename):
            found = await self._kept.find([digest])
            if digest in found:
                return found[digest]
        return await self._shared(digest, filename)

    async def look_at(self, path: Path, filename: str, digest: Digest) -> Looked:
        """Look at a file that is no blob yet; nothing is kept before ``remember``."""
        if _can_be_kept(filename):
            found = await self._kept.find([digest])
            if digest in found:
                return found[digest]
        return _looked(digest, filename, await self._children.ask(path, filename))

    async def remember(self, looked: Looked) -> Looked:
        """Keep what ``look_at`` saw, now that the file is a blob; returns it with its ``metadata_digest``."""
        return looked if looked.metadata_digest is not None else await self._kept.keep(looked)

    async def look_all(
        self, files: Sequence[tuple[Digest, str]], *, seen: Callable[[int], None]
    ) -> Mapping[Digest, Looked]:
        """Look at many blobs, the largest first; ``seen`` hears how many are done so far.

        Raises BlobNotFound; what was seen until then is kept.
        """
        found = await self._kept.find([digest for digest, filename in files if _can_be_kept(filename)])
        seen(len(found))
        missing = {digest: filename for digest, filename in files if digest not in found}
        sizes = {digest: await self._blobs.size_bytes(digest) for digest in missing}
        tasks = [
            asyncio.create_task(self._shared(digest, missing[digest]))
            for digest in sorted(missing, key=sizes.__getitem__, reverse=True)
        ]
        try:
            for task in asyncio.as_completed(tasks):
                looked = await task
                found[looked.digest] = looked
                seen(len(found))
        finally:
            for waiting in tasks:
                waiting.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return found

    async def _shared(self, digest: Digest, filename: str) -> Looked:
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._look_and_keep(digest, filename))
            self._under_way[digest] = task
            task.add_done_callback(lambda done: self._is_over(digest, done))
        return await asyncio.shield(task)

    def _is_over(self, digest: Digest, task: asyncio.Task[Looked]) -> None:
        del self._under_way[digest]
        if not task.cancelled():
            task.exception()  # heard, even where nobody waits any more

    async def _look_and_keep(self, digest: Digest, filename: str) -> Looked:
        async with self._blobs.as_file(digest) as path:
            answer = await self._children.ask(path, filename)
        return await self._kept.keep(_looked(digest, filename, answer))

    async def _close(self) -> None:
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._kept.close()
        await self._children.close()


def _looked(digest: Digest, filename: str, answer: Answer) -> Looked:
    inspections = tuple(
        Inspection(digest, inspector.name, inspector.version, findings)
        for inspector, findings in zip(INSPECTORS, answer.findings, strict=True)
    )
    unreadable = any(
        finding.code == ArchiveCode.UNREADABLE for findings in answer.findings for finding in findings
    )
    is_lasting = answer.is_lasting and not unreadable and _can_be_kept(filename)
    return Looked(digest, inspections, answer.metadata, is_lasting=is_lasting)


def _can_be_kept(filename: str) -> bool:
    """Whether the bytes alone decide what is seen.

    Looks are kept by digest, and the name says what the bytes are taken for: an
    sdist that is a zip could come again as a wheel. (As a tar it would be
    unreadable, which is not kept either.)
    """
    return not filename.endswith(".zip")


async def _start() -> Process:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "feedgate.gate.child",
        str(os.getpid()),
        stdin=PIPE,
        stdout=PIPE,
        env=environment,
    )
