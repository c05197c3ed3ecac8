"""Step: show that each target can install what was asked for from the feed alone, before it is visible.

Per target, over HTTP with the feed's own page code, against the feed as it
would be: the request's own words must resolve with wheels only, on every
exact Python that the promise covers.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from feedgate.blobs.store import BlobStore
from feedgate.errors import Invalid
from feedgate.feed.moment import read_moment
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.formats.pylock import LockedFile
from feedgate.gate.look import Looks
from feedgate.index.admitting import Admitting, admits_python
from feedgate.index.described import Described
from feedgate.index.loopback import PROOF_HOST, Mount, link
from feedgate.index.over_http import Entries
from feedgate.index.remembered import Remembered
from feedgate.index.staged import Staged
from feedgate.intake.asked import Asked, words
from feedgate.intake.closure import words_of_patches
from feedgate.intake.kept import Proof, keep_proof
from feedgate.intake.run_index import Faced, RunIndex, RunIndexes, asked_by
from feedgate.intake.stage import stage
from feedgate.intake.staging import Staging
from feedgate.intake.uv import IndexFault, Solved, Unsolvable, Uv, Wanted
from feedgate.model.distribution import Distribution
from feedgate.model.index import Index
from feedgate.model.ledger import Serial
from feedgate.model.run import Done, Event, Failed, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.records.database import Database


@dataclass(frozen=True, slots=True)
class Prove:
    """Prove one target; the resolver's work lies below ``scratch``."""

    name: ClassVar[str] = "prove"

    records: Database
    blobs: BlobStore
    looks: Looks
    views: RunIndexes
    uv: Uv
    scratch: Path
    clock: Callable[[], datetime]

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Prove ``target`` against what was there when the run began with the closure over it."""
        if target is None:
            raise RuntimeError("prove is a step of one target")
        view = await self.views.of(run)
        staging = await stage(view, self.records, self.blobs, self.looks, run, self.clock)
        return await self.at(run, target, staging, view.base, tell)

    async def at(self, run: Run, target: Target, staging: Staging, base: Serial, tell: Tell) -> Outcome:
        """Prove ``target`` with ``staging`` over the feed at the serial ``base``, or over the run's destination."""
        view = await self.views.of(run)
        before = view.before
        if view.faced is not None:
            before = Described(before, staging.held, self.blobs)
        elif base != view.base:
            before = await asyncio.to_thread(read_moment, self.records, self.blobs, view.feed, base)
        rows = [(row.project, row.file) for row in staging.rows]
        staged = Remembered(Staged(before, rows, self.blobs))
        proof = await self.of(run, target, staging, staged)
        await asyncio.to_thread(keep_proof, self.records, run.id, str(target), proof)
        tell(Event("proved" if proof.proved else "not-proved", {"reason": proof.reason}))
        return Done() if proof.proved else Failed("not-proved", proof.reason or "")

    async def of(self, run: Run, target: Target, staging: Staging, index: Index) -> Proof:
        """Return what is seen when the request's own words are resolved from ``index`` alone."""
        view = await self.views.of(run)
        asked = await asyncio.to_thread(asked_by, self.records, run)
        work = _Proof(self, target, asked, index, view, self.scratch / run.id / target.file_form)
        pythons = staging.resolved[str(target)].pythons
        answers = await asyncio.gather(*(work.on(python) for python in pythons))
        seen = dict(zip(pythons, answers, strict=True))
        return _proof(target, seen, tuple(work.escapes))


class _Proof:
    """One target's proof while it is made."""

    def __init__(  # what a proof stands on
        self, step: Prove, target: Target, asked: Asked, staged: Index, view: RunIndex, folder: Path
    ) -> None:
        self._step = step
        self._target = target
        self._asked = asked
        self._staged = staged
        self._view = view
        self._entries = Entries(link)
        self._folder = folder
        self.escapes: list[str] = []

    async def on(self, python: str) -> str | None:
        """Return None where the exact ``python`` is proved, else why it is not."""
        try:
            asked_words = words(self._asked, self._target, python)
        except Invalid as unfit:  # a lock that is not for this patch
            return unfit.message
        wanted = Wanted(
            requirements=asked_words.wanted,
            python=python,
            platform=self._target.platform,
            constraints=asked_words.bounds,
            allow_prereleases=self._asked.allow_prereleases,
        )
        mount = Mount(Admitting(self._staged, python, dict(asked_words.hashes)), self._entries)
        answer = await self._step.uv.compile(
            mount,
            wanted,
            working_directory=self._folder / f"proof-{python}",
            index_host=PROOF_HOST,
            cached=False,
        )
        self.escapes.extend(answer.asked.escapes)
        if isinstance(answer, Unsolvable):
            return answer.reason
        if isinstance(answer, IndexFault):
            name, error = next(iter(answer.faults.items()))
            return f"{name}: {error.message}"
        return await self._check(answer, python)

    async def _check(self, solved: Solved, python: str) -> str | None:
        """Look at what the resolver takes on trust: the bytes are there, and the file itself agrees."""
        for locked in solved.files:
            file = await self._listed(locked)
            reason = await self._fault_of(file, python)
            if reason is not None:
                return f"{locked.filename}: {reason}"
        return None

    async def _listed(self, locked: LockedFile) -> Distribution:
        page = await self._staged.page(locked.project)
        return next(file for file in page.files if file.filename == locked.filename)

    async def _fault_of(self, file: Distribution, python: str) -> str | None:
        is_held = file.digest is not None and await self._step.blobs.has(file.digest)
        if not is_held and file.source is not None and self._view.faced is not None:
            return await self._fault_of_foreign(file, self._view.faced, python)
        if file.digest is None or not is_held:
            return "is not stored under its digest"
        if file.size_bytes not in {None, await self._step.blobs.size_bytes(file.digest)}:
            return f"has not the size that the page promises, {file.size_bytes} bytes"
        raw = await (await self._staged.open_metadata(file)).read()
        return _fault_of_python(parse_core_metadata(raw, filename=file.filename), python)

    async def _fault_of_foreign(self, file: Distribution, faced: Faced, python: str) -> str | None:
        """Look at a file of the destination's that is none of the closure."""
        await faced.destination.size_of(file)
        return _fault_of_python(await self._view.metadata(file), python)


def _fault_of_python(metadata: CoreMetadata, python: str) -> str | None:
    requires_python = metadata.requires_python
    if requires_python and not admits_python(requires_python, python):
        return f"its own metadata asks for Python {requires_python}"
    return None


def _proof(target: Target, seen: dict[str, str | None], escapes: tuple[str, ...]) -> Proof:
    newest_fault = seen[target.python]
    if newest_fault is not None:
        return Proof(proved=False, reason=f"not proved for {target}: {newest_fault}", escapes=escapes)
    if not target.is_bare:
        return Proof(proved=True, reason=None, escapes=escapes)
    patches = {int(python.rpartition(".")[2]): fault is None for python, fault in seen.items()}
    return Proof(proved=True, reason=words_of_patches(target.minor, patches), escapes=escapes)
