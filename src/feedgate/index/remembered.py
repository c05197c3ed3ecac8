"""An index that does not change for as long as it is looked at: each page and each METADATA is read once."""

from collections.abc import AsyncIterator, Mapping

from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, NoSuchProject, ProjectPage, Span
from feedgate.model.names import ProjectName


class Remembered:
    """``source``, asked once for each thing; whoever asks again gets the very same.

    For an index of one moment only: what changes behind it is not seen. ``pages`` are those of
    that moment which were read before, None = there is none. That a project does not exist
    is remembered, other errors are not.
    """

    def __init__(self, source: Index, pages: Mapping[ProjectName, ProjectPage | None] | None = None) -> None:
        self._source = source
        self._pages: dict[ProjectName, ProjectPage | None] = dict(pages or {})
        self._metadata: dict[Distribution, bytes] = {}

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page."""
        if name not in self._pages:
            try:
                self._pages[name] = await self._source.page(name)
            except NoSuchProject:
                self._pages[name] = None
        page = self._pages[name]
        if page is None:
            raise NoSuchProject(name, index="this moment of the index")
        return page

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA, from memory if it was read before."""
        raw = self._metadata.get(file)
        if raw is None:
            raw = self._metadata[file] = await (await self._source.open_metadata(file)).read()
        return Content(size_bytes=len(raw), start=0, stop=len(raw), chunks=_once(raw))


async def _once(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
