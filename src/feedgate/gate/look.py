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
from feedgate.gate.children import MEMORY_BYTES, Answer, Children
from feedgate.gate.kept_looks import KeptLooks
from feedgate.gate.looked import Looked
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.walk import INSPECTORS
from feedgate.model.digest import Digest
from feedgate.model.distribution import Kind, parse_filename
from feedgate.model.inspection import Inspection
from feedgate.records.database import Database

__all__ = ["Looked", "Looks", "looked_at", "start_child"]

_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""What a child may know of our environment: no token, no proxy."""


class Looks:
    """The eyes of the gate; made by ``Looks.opened``, for one event loop."""

    def __init__(self, children: Children, kept: KeptLooks, blobs: BlobStore) -> None:
        self._children = children
        self._kept = kept
        self._blobs = blobs
        self._under_way: dict[tuple[Digest, Kind], asyncio.Task[Looked]] = {}

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, records: Database, blobs: BlobStore, clock: Callable[[], datetime], *, processes: int = 2
    ) -> AsyncIterator["Looks"]:
        """Give looks with at most ``processes`` children, which start when needed and end with the context."""
        looks = cls(Children(start_child, processes), KeptLooks(records, blobs, clock), blobs)
        try:
            yield looks
        finally:
            await looks._close()

    async def warm(self) -> None:
        """Start the children now, where the first look is soon to come."""
        await self._children.warm()

    async def look(self, digest: Digest, filename: str) -> Looked:
        """Look at a blob, or return what was seen before; raises InvalidFilename, BlobNotFound.

        Who asks for a blob that is being looked at waits for that look.
        """
        return await self._before(digest, filename) or await self._shared(digest, filename)

    async def look_at(self, path: Path, filename: str, digest: Digest) -> Looked:
        """Look at a file that is no blob yet, or return what was seen before; raises InvalidFilename.

        Nothing is kept of it before ``remember``.
        """
        seen = await self._before(digest, filename)
        return seen or looked_at(digest, filename, await self._children.ask(path, filename))

    async def remember(self, looked: Looked) -> Looked:
        """Keep what ``look_at`` saw, now that the file is a blob; returns it with its ``metadata_digest``."""
        return looked if looked.metadata_digest is not None else await self._kept.keep(looked)

    async def look_all(
        self, files: Sequence[tuple[Digest, str]], *, seen: Callable[[int], None]
    ) -> Mapping[Digest, Looked]:
        """Look at many blobs, the largest first; ``seen`` hears how many are done so far.

        Raises InvalidFilename, BlobNotFound; what was seen until then is kept.
        """
        found: dict[Digest, Looked] = {}
        for kind in Kind:
            found |= await self._kept.find(
                [digest for digest, name in files if _kept_kind(name) is kind], kind
            )
        seen(len(found))
        missing = {digest: filename for digest, filename in files if digest not in found}
        sizes = await asyncio.gather(*(self._blobs.size_bytes(digest) for digest in missing))
        largest_first = sorted(zip(sizes, missing, strict=True), reverse=True)
        tasks = [asyncio.create_task(self._shared(digest, missing[digest])) for _, digest in largest_first]
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

    async def _before(self, digest: Digest, filename: str) -> Looked | None:
        kind = _kept_kind(filename)
        return None if kind is None else (await self._kept.find([digest], kind)).get(digest)

    async def _shared(self, digest: Digest, filename: str) -> Looked:
        key = digest, parse_filename(filename).kind
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._look_and_keep(digest, filename))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._is_over(key, done))
        return await asyncio.shield(task)

    def _is_over(self, key: tuple[Digest, Kind], task: asyncio.Task[Looked]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # heard, even where nobody waits any more

    async def _look_and_keep(self, digest: Digest, filename: str) -> Looked:
        async with self._blobs.as_file(digest) as path:
            answer = await self._children.ask(path, filename)
        return await self._kept.keep(looked_at(digest, filename, answer))

    async def _close(self) -> None:
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._kept.close()
        await self._children.close()


def looked_at(digest: Digest, filename: str, answer: Answer) -> Looked:
    """Return what a child saw of a file, as the rules are told it; raises InvalidFilename."""
    inspections = tuple(
        Inspection(digest, inspector.name, inspector.version, findings)
        for inspector, findings in zip(INSPECTORS, answer.findings, strict=True)
    )
    unreadable = any(
        finding.code == ArchiveCode.UNREADABLE for findings in answer.findings for finding in findings
    )
    # A file of another kind than its name says is unreadable; its METADATA, kept by
    # digest alone, would be missing under the right name too.
    is_lasting = answer.is_lasting and not unreadable and _kept_kind(filename) is not None
    kind = parse_filename(filename).kind
    return Looked(digest, kind, inspections, answer.metadata, is_lasting=is_lasting)


def _kept_kind(filename: str) -> Kind | None:
    """Return as what kind of file a look is kept; None for sdists of old that are zips.

    Those could come again as wheels, and where METADATA lies is kept by digest alone.
    """
    kind = parse_filename(filename).kind
    return None if filename.endswith(".zip") else kind


async def start_child(memory_bytes: int = MEMORY_BYTES) -> Process:
    """Start a process that answers as ``gate/child.py`` says."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    command = (sys.executable, "-I", "-m", "feedgate.gate.child", str(os.getpid()), str(memory_bytes))
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment)
