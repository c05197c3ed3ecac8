"""What the resolver reads a part of is most often what it will choose: so it is brought whole at once.

Where an upstream offers no METADATA beside its files, the resolver asks for
the end of each wheel. One whole fetch then takes the place of those parts and
of the fetch to come, while the resolver goes on with its next question. Where it
is offered, each METADATA comes once a run, whoever asks for it.
"""

import asyncio
from collections.abc import AsyncIterator

from feedgate.blobs.store import BlobStore
from feedgate.index.shared_task import retrieve
from feedgate.intake.arrivals import Arrivals
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName
from feedgate.outside.spans import content_of

LARGEST_BYTES = 8 * 1024 * 1024
"""Above this a part is worth its own question: the file may not be chosen after all."""


class ReadAhead:
    """``source``, whose small upstream files come whole and are served from the store; one a run."""

    def __init__(self, source: Index, arrivals: Arrivals, blobs: BlobStore) -> None:
        self._source = source
        self._arrivals = arrivals
        self._blobs = blobs
        self._metadata: dict[str, asyncio.Task[bytes]] = {}

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page."""
        return await self._source.page(name)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the bytes, from the store if the file came; raises what fetching it raises."""
        if file.source is None or file.digest is None or (file.size_bytes or LARGEST_BYTES) >= LARGEST_BYTES:
            return await self._source.open(file, span)
        stored = await self._arrivals.stored(file)
        return await self._blobs.open(stored.digest or file.digest, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA: one of the upstream's is fetched once, and so is the error where there is one."""
        if file.source is None:
            return await self._source.open_metadata(file)
        task = self._metadata.get(file.filename)
        if task is None:
            task = self._metadata[file.filename] = asyncio.ensure_future(self._fetch_metadata(file))
            task.add_done_callback(retrieve)
        return content_of(await asyncio.shield(task))

    async def _fetch_metadata(self, file: Distribution) -> bytes:
        return await (await self._source.open_metadata(file)).read()
