"""What one run sees of feed and upstream: one view, the same for every target and repetition.

Each page, each METADATA and each file is fetched once a run. A file that is
read before it is chosen comes into the store whole: the fetch step then has
nothing left to do for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedgate.blobs.store import BlobStore
from feedgate.errors import Broken
from feedgate.feed.index import FeedNames, read_names
from feedgate.feed.moment import FeedMoment, read_moment
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.gate.look import Looks
from feedgate.index.admitting import Admitting
from feedgate.index.loopback import Mount, link
from feedgate.index.over_http import Entries
from feedgate.index.overlay import Overlay
from feedgate.index.shared_task import retrieve
from feedgate.intake.arrivals import Arrivals
from feedgate.intake.asked import Asked
from feedgate.intake.kept import feed_of
from feedgate.intake.read_ahead import ReadAhead
from feedgate.intake.upstream_guard import UpstreamGuard
from feedgate.model.distribution import Distribution
from feedgate.model.index import Index
from feedgate.model.ledger import Serial
from feedgate.model.names import ProjectName
from feedgate.model.run import Run, RunId
from feedgate.outside.fetcher import Fetcher
from feedgate.records import distributions, runs
from feedgate.records.database import Database

if TYPE_CHECKING:
    from feedgate.intake.staging import Staging

_VIEWS_KEPT = 8


class NoMetadata(Broken):
    """A chosen file whose METADATA can not be read, so nobody can say what it needs."""

    code = "no-metadata"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"{filename}: holds no METADATA that can be read",
            next_step="Nothing was published. Take another release of that project (add a specifier).",
            facts={"filename": filename},
        )


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a run's bytes come from and go to."""

    records: Database
    blobs: BlobStore
    fetcher: Fetcher
    upstream: Index
    looks: Looks


@dataclass(slots=True)
class RunIndex:
    """The view of one run: what the resolver may choose from, and what has come of it."""

    feed: FeedMoment
    base: Serial
    names: FeedNames
    preferred: tuple[tuple[ProjectName, str], ...]
    overlay: Overlay
    source: ReadAhead
    arrivals: Arrivals
    staging: "asyncio.Task[Staging] | None" = None
    """What ``staging.stage`` works out once for all steps."""
    _entries: Entries = field(default_factory=lambda: Entries(link))
    _metadata: dict[str, asyncio.Task[CoreMetadata]] = field(default_factory=dict)

    def admitting(
        self, python: str, stated: Mapping[ProjectName, frozenset[str]], newest: datetime | None
    ) -> Admitting:
        """Return what the resolver may choose from on one exact Python; ``stated`` are hashes by project."""
        return Admitting(self.source, python, stated, newest)

    def mount(self, admitting: Admitting) -> Mount:
        """Return what the resolver is served for it."""
        return Mount(admitting, self._entries, self.arrivals.stored)

    async def file(self, name: ProjectName, filename: str) -> Distribution:
        """Return the file as the run's own page lists it, with its digest where only we know it."""
        page = await self.overlay.page(name)
        listed = next(file for file in page.files if file.filename == filename)
        return listed if listed.digest is not None else self.arrivals.known(listed)

    async def metadata(self, file: Distribution) -> CoreMetadata:
        """Return what ``file`` says of itself, read once a run; raises NoMetadata, InvalidCoreMetadata."""
        task = self._metadata.get(file.filename)
        if task is None:
            task = self._metadata[file.filename] = asyncio.ensure_future(self._read_metadata(file))
            task.add_done_callback(retrieve)
        return await asyncio.shield(task)

    async def _read_metadata(self, file: Distribution) -> CoreMetadata:
        if file.metadata_digest is not None:
            raw = await (await self.source.open_metadata(file)).read()
            return parse_core_metadata(raw, filename=file.filename)
        looked = await self.arrivals.looked(file)
        if looked.metadata is None:
            raise NoMetadata(file.filename)
        return parse_core_metadata(looked.metadata, filename=file.filename)


class RunIndexes:
    """The views of the runs at work in this worker, each made on first use."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._views: OrderedDict[RunId, asyncio.Task[RunIndex]] = OrderedDict()

    async def of(self, run: Run) -> RunIndex:
        """Return the run's view; after a restart of the worker, or where it could not be made, it is made anew."""
        task = self._views.get(run.id)
        if task is None or has_failed(task):
            task = self._views[run.id] = asyncio.ensure_future(asyncio.to_thread(self._open, run))
            task.add_done_callback(retrieve)
            while len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        return await asyncio.shield(task)

    def close(self, run: RunId) -> None:
        """Let go of a run's view; it would be made anew if asked for."""
        self._views.pop(run, None)

    def _open(self, run: Run) -> RunIndex:
        sources = self._sources
        located = feed_of(sources.records, run)
        with sources.records.read(located.id) as snapshot:
            base = snapshot.at
            names = read_names(snapshot, located)
            preferred = distributions.versions(snapshot, located.id)
        feed = read_moment(sources.records, sources.blobs, located, base)
        upstream = UpstreamGuard(sources.upstream, sources.records, located, base)
        overlay = Overlay(feed, upstream, names)
        arrivals = Arrivals(sources.fetcher, sources.blobs, sources.looks)
        source = ReadAhead(overlay, arrivals, sources.blobs)
        return RunIndex(feed, base, names, preferred, overlay, source, arrivals)


def asked_by(records: Database, run: Run) -> Asked:
    """Return what the run was posted with."""
    with records.read() as view:
        return Asked.from_text(runs.request_text(view, run.id))


def has_failed(task: "asyncio.Task[Any]") -> bool:
    """Whether the work has ended without what it was for, so that it is worth another try."""
    return task.done() and (task.cancelled() or task.exception() is not None)
