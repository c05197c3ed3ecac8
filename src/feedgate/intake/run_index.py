"""What one run sees of feed and upstream: one view, the same for every target and repetition.

Each page, each METADATA and each file is fetched once a run. A file that is
read before it is chosen comes into the store whole: the fetch step then has
nothing left to do for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from feedgate.access.permissions import Permission
from feedgate.access.require import still_may
from feedgate.blobs.store import BlobStore
from feedgate.errors import Broken
from feedgate.feed.index import read_names
from feedgate.feed.moment import read_moment
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.gate.advisories import Advisories
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.gate.facts import ByName, PageJudge
from feedgate.gate.look import Looks
from feedgate.index.fitting import Fitting
from feedgate.index.hiding import Hiding
from feedgate.index.learning_overlay import LearningOverlay
from feedgate.index.loopback import Mount, link
from feedgate.index.over_http import Entries
from feedgate.index.overlay import Overlay
from feedgate.index.permitted import Permitted
from feedgate.index.remembered import Remembered
from feedgate.index.shared_task import retrieve
from feedgate.intake.arrivals import Arrivals, Downloads, digest_stored
from feedgate.intake.asked import Asked
from feedgate.intake.asked_destination import AskedDestination
from feedgate.intake.destinations import DestinationRemoved, Destinations, tell_wait
from feedgate.intake.kept import Moment, feed_of, keep_moment, moment_of
from feedgate.intake.learnt import Learnt, learnt_by
from feedgate.intake.read_ahead import ReadAhead
from feedgate.intake.refused_releases import refused_releases_by
from feedgate.intake.staging import Staging
from feedgate.intake.upstream_guard import UpstreamGuard
from feedgate.model.decision import Verdict
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.hold import HoldState, Releases
from feedgate.model.index import Index
from feedgate.model.ledger import Serial
from feedgate.model.names import ProjectName
from feedgate.model.run import Run, RunId, RunKind, Tell
from feedgate.outside.destination import Destination
from feedgate.outside.fetcher import Fetcher, Stored
from feedgate.outside.receiving import ReceivingStore
from feedgate.policy.document import read_policy
from feedgate.policy.policies import OPEN, Policy
from feedgate.records import destinations, distributions, feeds, holds, runs
from feedgate.records.database import Database
from feedgate.records.feeds import Located

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
    destinations: Destinations
    advisories: Advisories
    clock: Callable[[], datetime]
    second_person: bool = True
    """Whether who asks for a file needs another person's word for its release."""


class Names(Protocol):
    """Who knows whose a name is."""

    def is_internal(self, name: ProjectName) -> bool:
        """Return whether the upstream is not asked for ``name``."""
        ...


@dataclass(frozen=True, slots=True)
class Faced:
    """A run's destination: itself, what both pages of a name tell, and what is left out because of it.

    ``limits`` are the stated ones and those of ``learnt``.
    """

    asked: AskedDestination
    destination: Destination
    learning: LearningOverlay
    hiding: Hiding
    learnt: Learnt
    limits: Limits


@dataclass(slots=True)
class RunIndex:
    """The view of one run: what the resolver may choose from, and what has come of it.

    ``before`` is what the closure is laid over for the proof: the feed at ``base``, or
    the destination as this run saw it. ``faced`` is None in runs without a destination.
    """

    feed: Located
    base: Serial
    before: Index
    names: Names
    overlay: Index
    source: ReadAhead
    arrivals: Arrivals
    gate: PageJudge
    faced: Faced | None = None
    staging: asyncio.Task[Staging] | None = None
    """What ``stage`` works out once for all steps."""
    _preferred: tuple[tuple[ProjectName, str], ...] = ()
    _entries: Entries = field(default_factory=lambda: Entries(link))
    _metadata: dict[str, asyncio.Task[CoreMetadata]] = field(default_factory=dict)

    @property
    def preferred(self) -> tuple[tuple[ProjectName, str], ...]:
        """The versions that are there: the feed's, or the destination's of all names met so far."""
        if self.faced is None:
            return self._preferred
        return tuple(sorted(self.faced.learning.versions()))

    @property
    def hidden(self) -> Mapping[str, str]:
        """The files that are left out because of the destination, with the reason of each."""
        return {} if self.faced is None else self.faced.hiding.hidden

    def is_there(self, file: Distribution) -> bool:
        """Return whether the destination lists these bytes under that name."""
        return self.faced is not None and self.faced.learning.lists(file.stem.project, file)

    def permitted(self, gravest: Verdict) -> Permitted:
        """Return what may be chosen where policy lets pass what it says nothing graver of than ``gravest``."""
        return Permitted(self._fitting(), self.gate.judge, gravest)

    @property
    def may_be_kept(self) -> bool:
        """Whether the resolver's cache may keep what it is served: METADATA that speak for a destination are none of it."""
        return self.faced is None or self.faced.limits.metadata_version is None

    def _fitting(self) -> Index:
        faced = self.faced
        if faced is None or self.may_be_kept:
            return self.source
        return Fitting(
            self.source,
            faced.limits,
            self._raw_metadata,
            self.is_there,
            faced.hiding.hide_release,
        )

    def mount(self, admitting: Index) -> Mount:
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
        return parse_core_metadata(await self._raw_metadata(file), filename=file.filename)

    async def _raw_metadata(self, file: Distribution) -> bytes:
        if file.metadata_digest:
            return await (await self.source.open_metadata(file)).read()
        looked = await self.arrivals.looked(file)
        if looked.metadata is None:
            raise NoMetadata(file.filename)
        return looked.metadata


class RunIndexes:
    """The views of the runs at work in this worker, each made on first use."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._views: OrderedDict[RunId, asyncio.Task[RunIndex]] = OrderedDict()

    async def of(self, run: Run, tell: Tell | None = None) -> RunIndex:
        """Return the run's view; after a restart of the worker, or where it could not be made, it is made anew.

        ``tell`` hears of a destination that is waited for meanwhile.
        """
        task = self._views.get(run.id)
        if task is None or has_failed(task):
            task = self._views[run.id] = asyncio.ensure_future(self._open(run, tell))
            task.add_done_callback(retrieve)
            while len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        return await asyncio.shield(task)

    def close(self, run: RunId) -> None:
        """Let go of a run's view; it would be made anew if asked for."""
        self._views.pop(run, None)

    async def _open(self, run: Run, tell: Tell | None) -> RunIndex:
        asked = await asyncio.to_thread(asked_by, self._sources.records, run)
        moment, advisories = await self._moment(run)
        policy, by_name = read_policy(moment.policy), ByName(advisories, moment.now)
        if asked.destination is None:
            view = await asyncio.to_thread(self._over_feed, run, policy, by_name)
        else:
            view = await self._over_destination(run, asked.destination, policy, by_name, tell)
        refused = await asyncio.to_thread(refused_releases_by, self._sources.records, run.id)
        view.gate.refused = refused.opinions
        return view

    async def _moment(self, run: Run) -> tuple[Moment, AdvisoryDatabase]:
        """Return what the run is judged by: what it began with, also after a restart."""
        sources = self._sources
        moment = await asyncio.to_thread(moment_of, sources.records, run.id)
        if moment is not None:
            return moment, await sources.advisories.pinned(moment.databases)
        advisories = await sources.advisories.current()
        policy = await asyncio.to_thread(_policy_of, sources.records, run)
        moment = Moment(sources.clock(), policy, advisories.digests)
        await asyncio.to_thread(keep_moment, sources.records, run.id, moment)
        return moment, advisories

    def _over_feed(self, run: Run, policy: Policy, by_name: ByName) -> RunIndex:
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
        releases = _releases_for(sources, located, run)
        gate = PageJudge(policy, by_name, names.is_internal, releases)
        return RunIndex(located, base, feed, names, overlay, source, arrivals, gate, _preferred=preferred)

    async def _over_destination(
        self, run: Run, asked: AskedDestination, policy: Policy, by_name: ByName, tell: Tell | None
    ) -> RunIndex:
        """Let the destination take the feed's place; nothing is remembered of it but what this run learnt."""
        sources = self._sources
        located = await asyncio.to_thread(feed_of, sources.records, run)
        learnt = await asyncio.to_thread(learnt_by, sources.records, run.id)
        destination = await sources.destinations.of(run.id, located.id, asked)
        asked = await asyncio.to_thread(_as_it_stands, sources.records, run, located, asked)
        waits = None if tell is None else tell_wait(destination.name, tell)
        await destination.check(uploads=run.kind is not RunKind.PLAN, tell=waits)
        homes = _Homes(sources.fetcher, destination)
        arrivals = Arrivals(homes, sources.blobs, sources.looks)
        seen = Remembered(destination)

        async def digest_of(file: Distribution) -> Digest:
            if learning.is_at_destination(file):
                return await destination.digest_of(file, sources.blobs)
            return digest_stored(await arrivals.stored(file))

        internal = await asyncio.to_thread(_internal_in_feed, sources.records, located, asked)
        learning = LearningOverlay(seen, sources.upstream, asked.said, digest_of, internal)
        homes.learning = learning
        limits = asked.stated_limits.narrowed(learnt.limits)
        overlay = Hiding(learning, limits, learnt.hidden, learning.lists)
        faced = Faced(asked, destination, learning, overlay, learnt, limits)
        source = ReadAhead(overlay, arrivals, sources.blobs)
        base = await asyncio.to_thread(_head, sources.records, located)
        releases = await asyncio.to_thread(_releases_for, sources, located, run)
        gate = PageJudge(policy, by_name, learning.is_internal, releases)
        return RunIndex(located, base, seen, learning, overlay, source, arrivals, gate, faced)


def _releases_for(sources: Sources, located: Located, run: Run) -> Releases:
    """Return the released holds of the feed that count for who asks."""
    with sources.records.read() as view:
        released = holds.all_of(view, located.id, HoldState.RELEASED)
    return Releases(
        tuple(hold for hold in released if hold.lets_pass(run.requester, second_person=sources.second_person))
    )


def _policy_of(records: Database, run: Run) -> str:
    """Return the policy of the run's feed: its name or its document."""
    located = feed_of(records, run)
    with records.read() as view:
        feed = feeds.state(view, located)
    return OPEN.name if feed is None else feed.policy


def _as_it_stands(records: Database, run: Run, located: Located, asked: AskedDestination) -> AskedDestination:
    """Return what is asked with what the feed's standing destination says now, and the requester may say still."""
    if asked.name is None:
        return asked
    with records.read() as view:
        standing = destinations.find(view, located.id, asked.name)
        by_owner = still_may(view, run.requester, Permission.FEED_MANAGE, located) is not None
    if standing is None:
        raise DestinationRemoved(asked.name)
    return asked.with_standing(standing, by_owner=by_owner)


def _internal_in_feed(
    records: Database, located: Located, asked: AskedDestination
) -> Callable[[ProjectName], bool]:
    """Return what is internal to the feed, where it is one of its own; that of a command's destination follows it."""
    if asked.name is None:
        return lambda _name: False
    with records.read(located.id) as snapshot:
        return read_names(snapshot, located).is_internal


def _head(records: Database, located: Located) -> Serial:
    with records.read(located.id) as snapshot:
        return snapshot.at


class _Homes:
    """Brings each file of a run from where its page was read."""

    def __init__(self, fetcher: Fetcher, destination: Destination) -> None:
        self._fetcher = fetcher
        self._destination = destination
        self.learning: LearningOverlay | None = None

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        """Bring the file from the destination, or from the upstream."""
        is_there = self.learning is not None and self.learning.is_at_destination(file)
        home: Downloads = self._destination if is_there else self._fetcher
        return await home.download(file, blobs, progress=progress)


def asked_by(records: Database, run: Run) -> Asked:
    """Return what the run was posted with."""
    with records.read() as view:
        return Asked.from_text(runs.request_text(view, run.id))


def has_failed(task: "asyncio.Task[Any]") -> bool:
    """Whether the work has ended without what it was for, so that it is worth another try."""
    return task.done() and (task.cancelled() or task.exception() is not None)
