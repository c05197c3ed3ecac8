"""An index without what a destination was seen not to take, or said not to."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from feedgate.model.destination import Limits
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName


class Hiding:
    """``source`` without the files in ``hidden``, and without those whose page tells that they exceed ``limits``.

    ``hidden`` says of each file name why; it grows by ``hide``, and by pages that are read.
    """

    def __init__(self, source: Index, limits: Limits, hidden: Mapping[str, str]) -> None:
        self._source = source
        self._limits = limits
        self.hidden: dict[str, str] = dict(hidden)

    def hide(self, files: Mapping[str, str]) -> None:
        """Leave these files out from now on, with the reason of each."""
        self.hidden.update(files)

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names; a page may be empty when it is asked for."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page, less what is hidden."""
        page = await self._source.page(name)
        shown = tuple(file for file in page.files if not self._hides(file))
        if len(shown) == len(page.files):
            return page
        return replace(page, files=shown, validator=f"{page.validator}-{len(page.files) - len(shown)}")

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA at the source."""
        return await self._source.open_metadata(file)

    def _hides(self, file: Distribution) -> bool:
        if file.filename in self.hidden:
            return True
        reason = self._limits.exceeded_by(size_bytes=file.size_bytes)
        if reason is not None:
            self.hidden[file.filename] = reason
        return reason is not None
