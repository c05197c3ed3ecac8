"""A feed at one serial, its rows read at once: for a run, which asks for most of them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from feedgate.blobs.store import BlobStore
from feedgate.feed.index import FeedIndex, page_of
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, NoSuchProject, ProjectPage, Span
from feedgate.model.ledger import Serial
from feedgate.model.names import ProjectName
from feedgate.records import distributions, projects
from feedgate.records.database import Database
from feedgate.records.feeds import Located

_MOST_FILES: Final = 20_000
"""Above this many, pages are read one by one as they are asked for: most of them will not be."""


@dataclass(frozen=True, slots=True)
class FeedMoment:
    """The Index of ``feed`` at its serial; ``pages`` None = they are read as they are asked for."""

    feed: FeedIndex
    pages: Mapping[ProjectName, ProjectPage] | None

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names of all projects that have a file."""
        async for name in self.feed.names():
            yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the project's page; its validator is the feed's serial."""
        if self.pages is None:
            return await self.feed.page(name)
        page = self.pages.get(name)
        if page is None:
            raise NoSuchProject(name, index=str(self.feed.feed.path))
        return page

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the bytes."""
        return await self.feed.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA kept beside the file."""
        return await self.feed.open_metadata(file)


def read_moment(records: Database, blobs: BlobStore, located: Located, at: Serial) -> FeedMoment:
    """Return the feed as it was at ``at``, from a thread that may wait for the database."""
    feed = FeedIndex(records, blobs, located, at)
    with records.read(located.id, at) as snapshot:
        _projects, files, _size_bytes = distributions.totals(snapshot, located.id, at)
        if files > _MOST_FILES:
            return FeedMoment(feed, None)
        known = projects.all_projects(snapshot, located.id)
        listed: dict[ProjectName, list[Distribution]] = {}
        for row in distributions.all_of(snapshot, located.id):
            listed.setdefault(row.project, []).append(row.file)
    pages = {name: page_of(name, listed[name], f"{located.id}.{at}", known.get(name)) for name in listed}
    return FeedMoment(feed, pages)
