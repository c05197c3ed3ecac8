"""A name that became internal while a run is under way is not asked upstream any more."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feedgate.feed.feeds import create_feed
from feedgate.feed.projects import set_project
from feedgate.feed.publish import NameIsInternal
from feedgate.intake.upstream_guard import UpstreamGuard
from feedgate.model.feed import FeedProject, Origin, Uploads, UpstreamRule
from feedgate.model.index import Span
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import FeedPath, ProjectName
from feedgate.records import distributions, feeds, projects
from feedgate.records.database import Database
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located
from tests.builders.databases import NOON, empty_database, published
from tests.builders.installation import FEED, LOCAL, TARGET
from tests.doubles.memory_index import STOCK, MemoryIndex, Stocked

ALPHA, BETA = ProjectName("alpha"), ProjectName("beta")
ALPHAS_WHEEL = "alpha-0.1-py3-none-any.whl"


@dataclass
class Stage:
    """A feed, an upstream that has ALPHA and BETA, and the guard of a run that begins now."""

    records: Database
    feed: Located
    upstream: MemoryIndex = field(default_factory=lambda: MemoryIndex.of(STOCK))

    def __post_init__(self) -> None:
        self.guard = UpstreamGuard(self.upstream, self.records, self.feed, self.serial)

    @property
    def serial(self) -> Serial:
        with self.records.read(self.feed.id) as snapshot:
            return snapshot.at

    def bring(self, row: Published, act: Act) -> None:
        """Make a file visible, as an upload or another run does."""
        with self.records.change(self.feed.id, act, "bob", NOON) as change:
            projects.put(change, self.feed.id, FeedProject(row.project, row.origin))
            distributions.publish(change, self.feed.id, [row])
            change.record({"files": [row.file.filename]})

    def upload(self, filename: str = ALPHAS_WHEEL) -> None:
        self.bring(published(filename, origin=Origin.INTERNAL), Act.UPLOADED)

    def allow(self, rule: UpstreamRule | None) -> None:
        set_project(self.records, LOCAL, self.feed.path, ALPHA, upstream=rule, now=NOON)


def make_feed(records: Database, path: FeedPath) -> Located:
    create_feed(
        records,
        LOCAL,
        path,
        targets=(TARGET,),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    with records.read() as view:
        located = feeds.find(view, path)
    assert located is not None
    return located


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    opened = empty_database(tmp_path / "records.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def stage(records: Database) -> Stage:
    return Stage(records, make_feed(records, FEED))


async def test_as_long_as_the_feed_stays_as_it_is_the_upstream_answers(stage: Stage) -> None:
    assert await stage.guard.page(ALPHA) == await MemoryIndex.of(STOCK).page(ALPHA)
    assert stage.upstream.asked == ["page alpha"]


async def test_a_name_that_got_an_upload_meanwhile_is_refused_and_the_upstream_never_hears_of_it(
    stage: Stage,
) -> None:
    stage.upload()

    with pytest.raises(NameIsInternal, match=f"alpha: is internal to {FEED} since this run began"):
        await stage.guard.page(ALPHA)

    assert stage.upstream.asked == []


async def test_a_name_that_was_reserved_meanwhile_is_refused_too(stage: Stage) -> None:
    stage.allow(UpstreamRule.DENY)

    with pytest.raises(NameIsInternal):
        await stage.guard.page(ALPHA)

    assert stage.upstream.asked == []


async def test_it_is_asked_each_time_how_things_stand(stage: Stage) -> None:
    await stage.guard.page(ALPHA)
    stage.upload()
    with pytest.raises(NameIsInternal):
        await stage.guard.page(ALPHA)
    stage.allow(UpstreamRule.ALLOW)

    await stage.guard.page(ALPHA)

    assert stage.upstream.asked == ["page alpha", "page alpha"]


async def test_other_names_of_the_feed_are_asked_for_as_before(stage: Stage) -> None:
    stage.upload()

    assert (await stage.guard.page(BETA)).name == BETA


async def test_a_name_that_another_run_imported_meanwhile_is_asked_for_as_before(stage: Stage) -> None:
    stage.bring(published(ALPHAS_WHEEL), Act.PUBLISHED)

    assert (await stage.guard.page(ALPHA)).name == ALPHA


async def test_what_is_internal_to_another_feed_is_none_of_this_ones(stage: Stage) -> None:
    other = Stage(stage.records, make_feed(stage.records, FeedPath("acme", "other")))
    other.upload()

    assert (await stage.guard.page(ALPHA)).name == ALPHA
    with pytest.raises(NameIsInternal):
        await other.guard.page(ALPHA)


async def test_what_was_internal_before_the_run_began_is_left_to_the_runs_own_view(stage: Stage) -> None:
    """The overlay asks for no name that was internal then; here only what came later is looked for."""
    stage.upload()
    later = UpstreamGuard(stage.upstream, stage.records, stage.feed, stage.serial)

    assert (await later.page(ALPHA)).name == ALPHA


async def test_names_and_files_are_the_upstreams_own(stage: Stage) -> None:
    stocked = _first_of(ALPHA)
    stage.upload()

    assert [name async for name in stage.guard.names()] == ["alpha", "beta", "gamma-delta"]
    assert await (await stage.guard.open(stocked.file, Span(0, 10))).read() == stocked.content[:10]
    assert await (await stage.guard.open_metadata(stocked.file)).read() == stocked.metadata


def _first_of(name: ProjectName) -> Stocked:
    return next(stocked for stocked in STOCK if stocked.project == name)
