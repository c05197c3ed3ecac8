"""A foreign index whose files we hold, with the METADATA beside them that it does not offer.

Without it a resolver reads the end of every wheel, over a network, to learn what it needs.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from feedgate.blobs.store import BlobStore
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName


class Described:
    """``source``; what ``held`` (by file name) knows of a file with the same bytes is added to its entry.

    What an installer goes by stays the source's own word: yank, Requires-Python, address.
    """

    def __init__(self, source: Index, held: Mapping[str, Distribution], blobs: BlobStore) -> None:
        self._source = source
        self._held = held
        self._blobs = blobs

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page with what we know of its files."""
        page = await self._source.page(name)
        return replace(page, files=tuple(map(self._described, page.files)))

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA: ours where we hold the file, else the source's."""
        held = self._held.get(file.filename)
        if held is None or not held.metadata_digest or held.metadata_digest != file.metadata_digest:
            return await self._source.open_metadata(file)
        return await self._blobs.open(parse_digest(held.metadata_digest))

    def _described(self, file: Distribution) -> Distribution:
        held = self._held.get(file.filename)
        if held is None or file.digest not in {None, held.digest}:
            return file
        return replace(
            file,
            digest=held.digest,
            size_bytes=held.size_bytes,
            metadata_digest=held.metadata_digest or file.metadata_digest,
        )
