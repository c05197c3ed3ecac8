"""An index whose METADATA tell the resolver which files a destination would not take.

A page does not state a file's metadata version, so the resolver has to learn it where it learns all else
that it can not install: a release that is too new requires another one of itself. It then goes on to the next by itself.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Final

from feedgate.model.destination import Limits
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName

_METADATA_VERSION: Final = re.compile(
    rb"^Metadata-Version:[ \t]*([0-9]{1,3}\.[0-9]{1,3})[ \t]*\r?$", re.MULTILINE
)
LARGEST_BYTES: Final = 8 * 1024 * 1024
"""Above this a wheel is not read whole for its METADATA."""

_UNMET: Final = "<0"
"""uv does not go by the Requires-Python that METADATA state, and it does by what they require."""


class Fitting:
    """``source``, where the METADATA of a file above ``limits`` requires what can not be met.

    ``metadata_of`` reads METADATA, also of wheels beside which none is offered: small ones are read whole for it.
    ``too_new`` is told of each file above the limits, and why. What is served so must be kept by nobody: use a
    resolver without a cache. Files that ``is_taken`` says the destination has already are left as they are.
    """

    def __init__(
        self,
        source: Index,
        limits: Limits,
        metadata_of: Callable[[Distribution], Awaitable[bytes]],
        is_taken: Callable[[Distribution], bool],
        too_new: Callable[[str, str], None],
    ) -> None:
        self._source = source
        self._limits = limits
        self._metadata_of = metadata_of
        self._is_taken = is_taken
        self._too_new = too_new

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page, where METADATA is offered beside every wheel that is not too large."""
        page = await self._source.page(name)
        return replace(page, files=tuple(map(_offering, page.files)), validator=f"{page.validator}+metadata")

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA, or one that keeps the file from being chosen."""
        raw = await self._metadata_of(await self._as_stated(file))
        found = _METADATA_VERSION.search(raw)
        version = None if found is None else found[1].decode("ascii")
        reason = self._limits.exceeded_by(metadata_version=version)
        if reason is not None and not self._is_taken(file):
            self._too_new(file.filename, reason)
            stem = file.stem
            raw = (
                f"Metadata-Version: 1.2\nName: {stem.project}\nVersion: {stem.version}\n"
                f"Requires-Dist: {stem.project}{_UNMET}\n"
            ).encode()
        return Content(size_bytes=len(raw), start=0, stop=len(raw), chunks=_once(raw))

    async def _as_stated(self, file: Distribution) -> Distribution:
        """Return the file as the source's page states it."""
        page = await self._source.page(file.stem.project)
        return next((stated for stated in page.files if stated.filename == file.filename), file)


def _offering(file: Distribution) -> Distribution:
    """Offer METADATA, by no digest: a resolver would find that it is not what the source has."""
    is_small = file.size_bytes is not None and file.size_bytes < LARGEST_BYTES
    if file.metadata_digest is None and not (file.filename.endswith(".whl") and is_small):
        return file
    return replace(file, metadata_digest="")


async def _once(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
