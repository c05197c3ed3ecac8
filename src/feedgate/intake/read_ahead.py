"""What the resolver reads a part of is most often what it will choose: so it is brought whole at once.

Where an upstream offers no METADATA beside its files, the resolver asks for
the end of each wheel. One whole fetch then takes the place of those parts and
of the fetch to come, while the resolver goes on with its next question.
"""

from collections.abc import AsyncIterator

from feedgate.blobs.store import BlobStore
from feedgate.intake.arrivals import Arrivals
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName

LARGEST_BYTES = 8 * 1024 * 1024
"""Above this a part is worth its own question: the file may not be chosen after all."""


class ReadAhead:
    """``source``, whose small upstream files come whole and are served from the store."""

    def __init__(self, source: Index, arrivals: Arrivals, blobs: BlobStore) -> None:
        self._source = source
        self._arrivals = arrivals
        self._blobs = blobs

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
        """Open the METADATA at the source."""
        return await self._source.open_metadata(file)
