"""The upstream, asked for a name only as long as the feed does not call it its own.

A run sees the feed as it was when the run began. Whether a name may leave the
house is asked of the feed as it is now: an upload may have made it internal since.
"""

import asyncio
from collections.abc import AsyncIterator

from feedgate.feed.publish import NameIsInternal
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.ledger import Serial
from feedgate.model.names import ProjectName
from feedgate.records import projects
from feedgate.records.database import Database, head_of
from feedgate.records.feeds import Located


class UpstreamGuard:
    """``upstream``; a page is NameIsInternal where the name became internal behind the serial ``base``."""

    def __init__(self, upstream: Index, records: Database, feed: Located, base: Serial) -> None:
        self._upstream = upstream
        self._records = records
        self._feed = feed
        self._base = base

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the upstream's names."""
        return self._upstream.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the upstream's page, unless nobody may ask for it any more."""
        if await asyncio.to_thread(self._became_internal, name):
            raise NameIsInternal(self._feed.path, name)
        return await self._upstream.page(name)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the upstream."""
        return await self._upstream.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA at the upstream."""
        return await self._upstream.open_metadata(file)

    def _became_internal(self, name: ProjectName) -> bool:
        with self._records.read(self._feed.id) as snapshot:
            head, _hash = head_of(snapshot, self._feed.id)
            if head == self._base:
                return False
            project = projects.find(snapshot, self._feed.id, name)
            return project is not None and project.is_internal
