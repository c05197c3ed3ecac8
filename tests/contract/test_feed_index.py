"""A feed as an Index: its rows at one moment, read one by one or all at once, and remembered."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.feed.feeds import create_feed
from feedgate.feed.index import FeedIndex
from feedgate.feed.moment import FeedMoment, read_moment
from feedgate.index.remembered import Remembered
from feedgate.model.access import LOCAL_ADMINISTRATOR, Caller, Scope
from feedgate.model.feed import Origin, Uploads
from feedgate.model.index import Index, NoSuchProject
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import FeedPath
from feedgate.model.target import parse_target
from feedgate.records import distributions, feeds
from feedgate.records.database import Database, sqlite_url
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located
from feedgate.records.migrate import open_database
from tests.builders.databases import NOON, empty_database
from tests.contract.test_index import LARGEST, IndexContract, listed
from tests.doubles.memory_index import STOCK, MemoryIndex, Stocked

PATH = FeedPath("acme", "pip-feed")
ADMINISTRATOR = Caller(actor=LOCAL_ADMINISTRATOR, scope=Scope.MANAGE, is_administrator=True)
MADE = Serial(1)
STOCKED = Serial(2)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    database = empty_database(tmp_path / "records.sqlite")
    yield database
    database.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Files:
    return Files(tmp_path / "blobs")


@pytest.fixture
async def feed(records: Database, blobs: Files) -> Located:
    """A feed that was made at serial 1, and holds ``STOCK`` from serial 2 on."""
    create_feed(
        records,
        ADMINISTRATOR,
        PATH,
        targets=(parse_target("3.11@x86_64-manylinux_2_28"),),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    for stocked in STOCK:
        for content in (stocked.content, stocked.metadata):
            if content is not None:
                async with blobs.receive() as incoming:
                    await incoming.write(content)
                    await incoming.keep()
    with records.read() as view:
        located = feeds.find(view, PATH)
    assert located is not None
    with records.change(located.id, Act.PUBLISHED, LOCAL_ADMINISTRATOR, NOON) as change:
        distributions.publish(change, located.id, [row_of(stocked) for stocked in STOCK])
        assert change.record({}) == STOCKED
    return located


class TestFeedIndex(IndexContract):
    @pytest.fixture
    def index(self, records: Database, blobs: Files, feed: Located) -> Index:
        return FeedIndex(records, blobs, feed)


class TestFeedMoment(IndexContract):
    @pytest.fixture
    def index(self, records: Database, blobs: Files, feed: Located) -> Index:
        return read_moment(records, blobs, feed, STOCKED)


class TestFeedMomentOfALargeFeed(IndexContract):
    @pytest.fixture
    def index(self, records: Database, blobs: Files, feed: Located) -> Index:
        return FeedMoment(FeedIndex(records, blobs, feed, STOCKED), None)


class TestRemembered(IndexContract):
    @pytest.fixture
    def index(self, records: Database, blobs: Files, feed: Located) -> Index:
        return Remembered(FeedIndex(records, blobs, feed))


async def test_before_its_files_came_the_feed_had_none(
    records: Database, blobs: Files, feed: Located
) -> None:
    for index in (FeedIndex(records, blobs, feed, MADE), read_moment(records, blobs, feed, MADE)):
        assert [name async for name in index.names()] == []
        with pytest.raises(NoSuchProject):
            await index.page(LARGEST.project)


async def test_a_yank_changes_the_page_of_now_and_no_page_of_then(
    records: Database, blobs: Files, feed: Located
) -> None:
    now, then = FeedIndex(records, blobs, feed), read_moment(records, blobs, feed, STOCKED)
    before = await now.page(LARGEST.project)
    row = row_of(LARGEST)
    with records.change(feed.id, Act.YANKED, LOCAL_ADMINISTRATOR, NOON) as change:
        distributions.replace(change, feed.id, replace(row, file=replace(row.file, yanked="too old")))
        change.record({})

    assert (await now.page(LARGEST.project)).validator != before.validator
    assert (await listed(now, LARGEST)).yanked == "too old"
    for index in (then, FeedIndex(records, blobs, feed, STOCKED)):
        assert (await listed(index, LARGEST)).yanked is None


async def test_after_a_restored_backup_no_page_of_before_passes_for_the_new_one(
    records: Database, blobs: Files, feed: Located, tmp_path: Path
) -> None:
    """Serials come again after a restore, with other files; what a client kept must not pass for them."""
    backup = tmp_path / "backup.sqlite"
    with (
        closing(sqlite3.connect(tmp_path / "records.sqlite")) as now,
        closing(sqlite3.connect(backup)) as then,
    ):
        now.backup(then)
    restored = open_database(sqlite_url(backup))
    seen = []
    for database, reason in ((records, "too old"), (restored, "broken")):
        row = row_of(LARGEST)
        with database.change(feed.id, Act.YANKED, LOCAL_ADMINISTRATOR, NOON) as change:
            distributions.replace(change, feed.id, replace(row, file=replace(row.file, yanked=reason)))
            serial = change.record({"reason": reason})
        page = await FeedIndex(database, blobs, feed).page(LARGEST.project)
        seen.append((serial, page.validator))
    restored.close()

    (lost_serial, lost), (new_serial, new) = seen
    assert lost_serial == new_serial
    assert lost != new


async def test_a_pages_validator_is_to_be_had_without_the_page(
    records: Database, blobs: Files, feed: Located
) -> None:
    for at in (None, STOCKED):
        index = FeedIndex(records, blobs, feed, at)
        assert await index.validator(LARGEST.project) == (await index.page(LARGEST.project)).validator
    before = FeedIndex(records, blobs, feed, MADE)
    assert await before.validator(LARGEST.project) != await index.validator(LARGEST.project)


async def test_what_is_remembered_is_asked_for_once() -> None:
    source = MemoryIndex.of(STOCK)
    index = Remembered(source)

    for _ in range(2):
        file = await listed(index, LARGEST)
        assert await (await index.open_metadata(file)).read() == LARGEST.metadata

    assert source.asked == [f"page {LARGEST.project}", f"metadata {LARGEST.file.filename}"]


def row_of(stocked: Stocked) -> Published:
    assert stocked.file.digest is not None
    assert stocked.file.size_bytes is not None
    return Published(
        project=stocked.project,
        version=str(stocked.file.stem.version),
        file=stocked.file,
        digest=stocked.file.digest,
        size_bytes=stocked.file.size_bytes,
        origin=Origin.IMPORTED,
        source=None,
        published_at=NOON,
    )
