"""Step: bring every file of the closure into the store, hashed, and look at it on the way."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from feedgate.blobs.store import BlobStore
from feedgate.errors import Broken
from feedgate.intake.asked import words
from feedgate.intake.kept import Fetched, keep_fetched, resolved_by
from feedgate.intake.run_index import RunIndex, RunIndexes, asked_by
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from feedgate.model.resolution import Pin
from feedgate.model.run import Done, Event, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.records.database import Database


class HashNotStated(Broken):
    """A fetched file that has none of the hashes that the request states for its project."""

    code = "hash-not-stated"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"{filename}: has none of the hashes that the request states for it",
            next_step="Nothing was published. Compare the --hash lines with the upstream's page.",
            facts={"filename": filename},
        )


@dataclass(slots=True)
class _Progress:
    """Counts what has come, and tells it."""

    tell: Tell
    files: int
    size_bytes: int | None
    files_done: int = 0
    bytes_done: int = 0

    def bytes_came(self, count: int) -> None:
        self.bytes_done += count
        self._say()

    def file_done(self, unheard_bytes: int) -> None:
        """Count a file; ``unheard_bytes`` of it came before this step."""
        self.files_done += 1
        self.bytes_done += unheard_bytes
        self._say()

    def _say(self) -> None:
        facts = {
            "files": self.files_done,
            "of_files": self.files,
            "bytes": self.bytes_done,
            "of_bytes": self.size_bytes,
        }
        self.tell(Event("progress", facts))


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetch what the feed does not have; a known blob is not fetched again."""

    name: ClassVar[str] = "fetch"

    records: Database
    blobs: BlobStore
    views: RunIndexes

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Bring all files of all targets, at once and bounded."""
        del target
        view = await self.views.of(run)
        resolved = await asyncio.to_thread(resolved_by, self.records, run.id)
        chosen = {pin.file.filename: pin for part in resolved.values() for pin in part.pins}
        pins = {filename: pin for filename, pin in chosen.items() if not pin.present}
        asked = await asyncio.to_thread(asked_by, self.records, run)
        stated: dict[ProjectName, frozenset[str]] = {}
        for one in run.targets:
            for name, hashes in words(asked, one, one.python).hashes.items():
                stated[name] = stated.get(name, frozenset()) | hashes
        sizes = [pin.file.size_bytes for pin in pins.values()]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        progress = _Progress(tell, len(pins), total)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._bring(view, pin, stated, progress)) for pin in pins.values()]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed  # the others were told to stop, or failed likewise
        finally:
            view.arrivals.stop()  # what still comes where one file failed, or the run was cancelled
        for filename, pin in chosen.items():
            if pin.present and pin.file.digest is not None:
                await self._check(pin.file.digest, filename, stated.get(pin.project))
        digests = dict(zip(pins, (task.result() for task in tasks), strict=True))
        came = view.arrivals.brought | {Digest(raw) for part in resolved.values() for raw in part.brought}
        fetched = sum(1 for digest in digests.values() if digest in came)
        await asyncio.to_thread(keep_fetched, self.records, run.id, Fetched(digests, fetched))
        return Done()

    async def _bring(
        self,
        view: RunIndex,
        pin: Pin,
        stated: Mapping[ProjectName, frozenset[str]],
        progress: _Progress,
    ) -> Digest:
        heard = 0

        def came(count: int) -> None:
            nonlocal heard
            heard += count
            progress.bytes_came(count)

        looked = await view.arrivals.looked(pin.file, came)
        await self._check(looked.digest, pin.file.filename, stated.get(pin.project))
        progress.file_done(max(0, (pin.file.size_bytes or heard) - heard))
        return looked.digest

    async def _check(self, digest: Digest, filename: str, stated: frozenset[str] | None) -> None:
        """Compare with the stated hashes, if there are any; sha384 and sha512 no page tells."""
        if not stated or f"sha256:{digest}" in stated:
            return
        algorithms = {entry.partition(":")[0] for entry in stated} - {"sha256"}
        hashes = {algorithm: hashlib.new(algorithm) for algorithm in algorithms}
        async for chunk in (await self.blobs.open(digest)).chunks:
            for computed in hashes.values():
                computed.update(chunk)
        if not any(f"{name}:{computed.hexdigest()}" in stated for name, computed in hashes.items()):
            raise HashNotStated(filename)
