"""The advisory database of a process: read once, and anew when another one was loaded.

Which one is loaded is a row of the installation's ledger, asked each time; the compiled form is a
blob under its digest. So all processes have the same, and a run keeps the one that it began with.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from feedgate.access.require import require_actor
from feedgate.blobs.store import BlobStore
from feedgate.errors import Missing
from feedgate.formats.compiled_advisories import CompiledAdvisories, read_compiled
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.access import Caller
from feedgate.model.advisory import Match
from feedgate.model.advisory_source import AdvisorySource, SourceState
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from feedgate.records import advisories
from feedgate.records.database import Database

_KEPT: Final = 4
"""So many databases stay in memory: runs end with the one that they began with."""


class NoAdvisories(Missing):
    """No advisory database is loaded, so nobody can say what is known of a release."""

    code = "no-advisories"

    def __init__(self) -> None:
        super().__init__(
            "no advisory database is loaded",
            next_step="Load one: feedgate advisories update, or feedgate advisories update FILE where it can not be fetched.",
        )


class Advisories:
    """Gives the database of the configured ``sources``; for one event loop."""

    def __init__(self, records: Database, blobs: BlobStore, sources: Sequence[AdvisorySource]) -> None:
        self._records = records
        self._blobs = blobs
        self._sources = tuple(sources)
        self._kept: dict[tuple[SourceState, ...], AdvisoryDatabase] = {}
        self._reading = asyncio.Lock()

    async def current(self) -> AdvisoryDatabase:
        """Return what is loaded now; empty where nothing is (``is_loaded``)."""
        states = await asyncio.to_thread(source_states, self._records, self._sources)
        return await self._of(states)

    async def pinned(self, digests: Mapping[str, Digest]) -> AdvisoryDatabase:
        """Return the database whose ``digests`` were these, whatever was loaded since."""
        states = await asyncio.to_thread(self._states_then, digests)
        return await self._of(states)

    async def _of(self, states: tuple[SourceState, ...]) -> AdvisoryDatabase:
        async with self._reading:
            found = self._kept.pop(states, None)
            if found is None:
                compiled = [await self._compiled(one.loaded.compiled) for one in states if one.loaded]
                found = AdvisoryDatabase(states, compiled)
            self._kept[states] = found  # the one that was asked for last stays longest
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
            return found

    async def _compiled(self, digest: Digest) -> CompiledAdvisories:
        content = await self._blobs.open(digest)
        return await asyncio.to_thread(read_compiled, await content.read())

    def _states_then(self, digests: Mapping[str, Digest]) -> tuple[SourceState, ...]:
        with self._records.read() as view:
            return tuple(
                SourceState(source, advisories.find_compiled(view, source.name, digests[source.name]))
                for source in self._sources
                if source.name in digests
            )


def source_states(records: Database, sources: Sequence[AdvisorySource]) -> tuple[SourceState, ...]:
    """Return each of ``sources`` with what is loaded of it."""
    with records.read() as view:
        loaded = {one.source: one for one in advisories.all_of(view)}
    return tuple(SourceState(source, loaded.get(source.name)) for source in sources)


def list_sources(
    records: Database, sources: Sequence[AdvisorySource], caller: Caller
) -> tuple[SourceState, ...]:
    """Return each configured source with what is loaded of it; anybody with a token may know."""
    require_actor(caller)
    return source_states(records, sources)


async def match_releases(
    advisories: Advisories, caller: Caller, releases: Sequence[tuple[ProjectName, str]]
) -> list[tuple[Match, ...]]:
    """Return what the loaded advisories say of each release; raises NoAdvisories where none are loaded."""
    require_actor(caller)
    database = await advisories.current()
    if not database.is_loaded:
        raise NoAdvisories
    return await asyncio.to_thread(lambda: [database.match(name, version) for name, version in releases])
