"""An index without what a destination was seen not to take, or said not to."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

from packaging.version import Version

from feedgate.model.destination import Limits
from feedgate.model.distribution import Distribution, InvalidFilename, parse_filename
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName


def _nothing_is(_name: ProjectName, _file: Distribution) -> bool:
    return False


class Hiding:
    """``source`` without the files in ``hidden``, and without those whose page tells that they exceed ``limits``.

    ``hidden`` says of each file name why; it grows by ``hide_release``, and by pages that are read. Files that
    ``is_taken`` says the destination has already are always shown.
    """

    def __init__(
        self,
        source: Index,
        limits: Limits,
        hidden: Mapping[str, str],
        is_taken: Callable[[ProjectName, Distribution], bool] = _nothing_is,
    ) -> None:
        self._source = source
        self._limits = limits
        self._is_taken = is_taken
        self._releases: set[tuple[ProjectName, Version]] = set()
        self.hidden: dict[str, str] = dict(hidden)

    def hide_release(self, filename: str, reason: str) -> None:
        """Leave out from now on the file and all others of its release, which are made alike."""
        self.hidden[filename] = reason
        stem = parse_filename(filename)
        self._releases.add((stem.project, stem.version))

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names; a page may be empty when it is asked for."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page, less what is hidden."""
        page = await self._source.page(name)
        shown = tuple(file for file in page.files if not self._hides(name, file))
        if len(shown) == len(page.files):
            return page
        return replace(page, files=shown, validator=f"{page.validator}-{len(page.files) - len(shown)}")

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA at the source."""
        return await self._source.open_metadata(file)

    def _hides(self, name: ProjectName, file: Distribution) -> bool:
        if self._is_taken(name, file):
            return False
        if file.filename in self.hidden or (self._releases and _release_of(file) in self._releases):
            return True
        reason = self._limits.exceeded_by(size_bytes=file.size_bytes)
        if reason is not None:
            self.hidden[file.filename] = reason
        return reason is not None


def _release_of(file: Distribution) -> tuple[ProjectName, Version] | None:
    try:
        stem = file.stem
    except InvalidFilename:
        return None
    return stem.project, stem.version
