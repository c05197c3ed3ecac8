"""The files of one run on their way in: each fetched once, hashed, and looked at as soon as it is stored."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from feedgate.blobs.store import BlobStore
from feedgate.gate.look import Looks
from feedgate.gate.looked import Looked
from feedgate.index.shared_task import retrieve
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.outside.fetcher import Stored
from feedgate.outside.receiving import ReceivingStore


class Downloads(Protocol):
    """Whoever brings a file into the store: a fetcher, or several of them."""

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        """Bring it, as ``Fetcher.download`` does."""
        ...


class Arrivals:
    """What was brought for a run; whoever asks for a file that is on its way waits for that one.

    ``brought`` are the digests that were fetched now: what the store had already is not among them.
    """

    def __init__(self, fetcher: Downloads, blobs: BlobStore, looks: Looks) -> None:
        self._fetcher = fetcher
        self._blobs = blobs
        self._looks = looks
        self._stored: dict[str, asyncio.Task[Distribution]] = {}
        self._looked: dict[str, asyncio.Task[Looked]] = {}
        self.brought: set[Digest] = set()

    async def stored(
        self, file: Distribution, progress: Callable[[int], None] = lambda _bytes: None
    ) -> Distribution:
        """Have the file in the store; returns it with the digest and size that it has.

        ``progress`` hears of bytes as ``Fetcher.download`` tells them, if this call begins the fetching.
        Raises what ``Fetcher.download`` raises.
        """
        task = self._stored.get(_place(file))
        if task is None or _failed(task):
            task = self._stored[_place(file)] = asyncio.ensure_future(self._store(file, progress))
            task.add_done_callback(retrieve)
        return await asyncio.shield(task)

    async def looked(
        self, file: Distribution, progress: Callable[[int], None] = lambda _bytes: None
    ) -> Looked:
        """Have the file in the store and looked at."""
        stored = await self.stored(file, progress)
        return await asyncio.shield(self._look(stored))

    def stop(self) -> None:
        """Let go of files that are still on their way; whoever asks for one again has it fetched anew."""
        for task in self._stored.values():
            task.cancel()

    def known(self, file: Distribution) -> Distribution:
        """Return the file with its digest where it has come, else as it is."""
        task = self._stored.get(_place(file))
        return task.result() if task is not None and task.done() and not _failed(task) else file

    async def _store(self, file: Distribution, progress: Callable[[int], None]) -> Distribution:
        if file.digest is None or not await self._blobs.has(file.digest):
            came = 0

            def heard(count: int) -> None:
                nonlocal came
                came += count
                progress(count)

            stored = await self._fetcher.download(file, self._blobs, progress=heard)
            if came:  # else another run brought it, and we waited
                self.brought.add(stored.digest)
            file = replace(file, digest=stored.digest, size_bytes=stored.size_bytes)
        self._look(file)
        return file

    def _look(self, stored: Distribution) -> "asyncio.Task[Looked]":
        task = self._looked.get(_place(stored))
        if task is None or _failed(task):
            task = asyncio.ensure_future(self._looks.look(digest_stored(stored), stored.filename))
            task.add_done_callback(retrieve)
            self._looked[_place(stored)] = task
        return task


def digest_stored(file: Distribution) -> Digest:
    """Return the digest of a file that is in the store."""
    if file.digest is None:
        raise RuntimeError(f"{file.filename}: stored and without a digest")
    return file.digest


def _place(file: Distribution) -> str:
    """Return what tells a file from one of the same name elsewhere."""
    return file.source or file.filename


def _failed(task: "asyncio.Task[Distribution] | asyncio.Task[Looked]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
