"""The feed as it would be with a closure: what a proof installs from before anything is published."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from feedgate.blobs.store import BlobNotFound, BlobStore
from feedgate.model.digest import Digest, parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, NoSuchFile, NoSuchProject, ProjectPage, Span
from feedgate.model.names import ProjectName


class Staged:
    """``base`` with the files of ``closure`` over it, and nothing of any upstream.

    A file name that ``base`` lists already keeps what ``base`` says of it
    (yanked, say). The closure's bytes and METADATA come from ``blobs`` by the
    digests that each Distribution states.
    """

    def __init__(
        self, base: Index, closure: Iterable[tuple[ProjectName, Distribution]], blobs: BlobStore
    ) -> None:
        self._base = base
        self._blobs = blobs
        self._closure: dict[ProjectName, dict[str, Distribution]] = {}
        for name, file in closure:
            self._closure.setdefault(name, {})[file.filename] = replace(file, source=None)
        self._staged = {file for files in self._closure.values() for file in files.values()}

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names of both, in order, each once."""
        waiting = sorted(self._closure, reverse=True)
        async for name in self._base.names():
            while waiting and waiting[-1] < name:
                yield waiting.pop()
            if waiting and waiting[-1] == name:
                waiting.pop()
            yield name
        while waiting:
            yield waiting.pop()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page as it would be; raises NoSuchProject if neither has the name."""
        staged = self._closure.get(name)
        if staged is None:
            return await self._base.page(name)
        try:
            page = await self._base.page(name)
        except NoSuchProject:
            page = ProjectPage(name=name, files=(), validator="")
        present = {file.filename for file in page.files}
        added = tuple(file for filename, file in staged.items() if filename not in present)
        return replace(page, files=page.files + added, validator=f"{page.validator}+{_fingerprint(added)}")

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the bytes; raises NoSuchFile if they are not stored under their digest."""
        if file not in self._staged:
            return await self._base.open(file, span)
        return await self._blob(file, file.digest, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA; raises NoSuchFile if none is stored under its digest."""
        if file not in self._staged:
            return await self._base.open_metadata(file)
        return await self._blob(
            file, parse_digest(file.metadata_digest) if file.metadata_digest else None, WHOLE
        )

    async def _blob(self, file: Distribution, digest: Digest | None, span: Span) -> Content:
        if digest is None:
            raise NoSuchFile(file.filename, index="the closure")
        try:
            return await self._blobs.open(digest, span)
        except BlobNotFound as error:
            raise NoSuchFile(file.filename, index="the closure") from error


def _fingerprint(files: tuple[Distribution, ...]) -> str:
    return hashlib.sha256(repr(files).encode()).hexdigest()
