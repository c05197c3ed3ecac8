"""A feed as an Index: its rows at one serial, its bytes from the blob store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from feedgate.blobs.store import BlobStore
from feedgate.errors import Missing
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.feed import FeedProject, Origin
from feedgate.model.index import WHOLE, Content, NoSuchFile, NoSuchProject, ProjectPage, Span, Status
from feedgate.model.ledger import Serial
from feedgate.model.names import FeedPath, ProjectName
from feedgate.records import distributions, projects
from feedgate.records.database import Database, Snapshot, hash_at, head_of
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located


class UnknownSerial(Missing):
    """A view of a moment that the feed has not come to."""

    code = "unknown-serial"

    def __init__(self, path: FeedPath, at: int, head: Serial) -> None:
        super().__init__(
            f"{path}@serial:{at}: the feed's newest serial is {head}",
            next_step=f"Use a serial from 1 to {head}, or leave the view out for the feed as it is.",
        )


@dataclass(frozen=True, slots=True)
class FeedIndex:
    """The feed at a serial, or as it is at each question where ``at`` is None."""

    records: Database
    blobs: BlobStore
    feed: Located
    at: Serial | None = None

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names of all projects that have a file."""
        for name in await asyncio.to_thread(self._names):
            yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the project's page; its validator names the ledger's entry of its last change."""
        return await asyncio.to_thread(self.page_now, name)

    async def validator(self, name: ProjectName) -> str:
        """Return the validator of the project's page; of a name without one, what no page ever had."""
        return await asyncio.to_thread(self._validator_now, name)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the bytes; a file that is listed and not stored is BlobNotFound, a fault of ours."""
        return await self.blobs.open(_digest(file, self.feed), span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA kept beside the file; raises NoSuchFile for files without."""
        if not file.metadata_digest:
            raise NoSuchFile(f"{file.filename}.metadata", index=str(self.feed.path))
        return await self.blobs.open(Digest(file.metadata_digest))

    def page_now(self, name: ProjectName) -> ProjectPage:
        """Return the page, from a thread that may wait for the database."""
        with self.records.read(self.feed.id, self.at) as snapshot:
            files = distributions.of_project(snapshot, self.feed.id, name)
            if not files:
                raise NoSuchProject(name, index=str(self.feed.path))
            project = projects.find(snapshot, self.feed.id, name)
            validator = self._validator(snapshot, name)
        return page_of(name, [row.file for row in files], validator, project)

    def find(self, filename: str) -> Published | None:
        """Return the file under that name, from a thread that may wait for the database."""
        with self.records.read(self.feed.id, self.at) as snapshot:
            return distributions.find(snapshot, self.feed.id, filename)

    def _validator_now(self, name: ProjectName) -> str:
        with self.records.read(self.feed.id, self.at) as snapshot:
            return self._validator(snapshot, name)

    def _validator(self, snapshot: Snapshot, name: ProjectName) -> str:
        """Return serial and hash of the last change: after a restored backup, the serial alone comes again."""
        changed = distributions.last_change(snapshot, self.feed.id, name)
        return f"{self.feed.id}.{changed}.{hash_at(snapshot, self.feed.id, changed)}"

    def _names(self) -> tuple[ProjectName, ...]:
        with self.records.read(self.feed.id, self.at) as snapshot:
            return projects.names(snapshot)


@dataclass(frozen=True, slots=True)
class FeedNames:
    """What a feed knows of its names at one moment: internal ones, and their uploaded files."""

    projects: dict[ProjectName, FeedProject]
    uploads: dict[ProjectName, frozenset[str]]

    def is_internal(self, name: ProjectName) -> bool:
        """Whether the feed alone answers for the name."""
        project = self.projects.get(name)
        return project is not None and project.is_internal

    def uploaded(self, name: ProjectName) -> frozenset[str]:
        """Return the names of the project's files that came by upload."""
        return self.uploads.get(name, frozenset())


def read_names(snapshot: Snapshot, feed: Located) -> FeedNames:
    """Return what the feed knows of its names at the snapshot."""
    uploads: dict[ProjectName, set[str]] = {}
    for name, filename in distributions.filenames(snapshot, feed.id, origin=Origin.INTERNAL):
        uploads.setdefault(name, set()).add(filename)
    return FeedNames(
        projects.all_projects(snapshot, feed.id),
        {name: frozenset(filenames) for name, filenames in uploads.items()},
    )


def check_serial(records: Database, feed: Located, at: int) -> Serial:
    """Return ``at`` as a serial the feed has come to; raises UnknownSerial."""
    with records.read(feed.id) as snapshot:
        head, _hash = head_of(snapshot, feed.id)
    if not 1 <= at <= head:
        raise UnknownSerial(feed.path, at, head)
    return Serial(at)


def _digest(file: Distribution, feed: Located) -> Digest:
    if file.digest is None:
        raise NoSuchFile(file.filename, index=str(feed.path))
    return file.digest


def page_of(
    name: ProjectName, files: Sequence[Distribution], validator: str, project: FeedProject | None
) -> ProjectPage:
    """Return a page of these files with the project's status."""
    if project is None:
        return ProjectPage(name, tuple(files), validator)
    return ProjectPage(name, tuple(files), validator, Status(project.status), project.status_reason)
