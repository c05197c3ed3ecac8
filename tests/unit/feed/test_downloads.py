"""Counts wait in memory and are written in batches; a database that is away loses none of them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from feedgate.feed.downloads import Downloads
from feedgate.model.names import FeedPath
from feedgate.records import downloads, tokens
from feedgate.records.database import Database, FeedId
from feedgate.records.feeds import find
from tests.builders.installation import FEED, LOCAL, Clock, Installation


@pytest.fixture
def counting(records: Database) -> Downloads:
    return Downloads(records, Clock(), interval_seconds=0.01)


def total(records: Database, filename: str, feed: FeedPath = FEED) -> int:
    with records.read() as view:
        located = find(view, feed)
        assert located is not None
        return downloads.total(view, located.id, filename)


async def test_what_was_counted_is_there_after_the_next_write(records: Database, counting: Downloads) -> None:
    with records.read() as view:
        located = find(view, FEED)
    assert located is not None
    for filename in ("a", "a", "b"):
        counting.count(located.id, filename)
    assert total(records, "a") == 0

    counting.write()
    counting.write()
    counting.count(located.id, "a")
    counting.write()

    assert (total(records, "a"), total(records, "b")) == (3, 1)


async def test_what_could_not_be_written_is_counted_on(
    installation: Installation, counting: Downloads
) -> None:
    records = installation.records
    with records.read() as view:
        located = find(view, FEED)
    assert located is not None
    counting.count(located.id, "a")
    full = Downloads(installation.records, counting.clock)
    full.count(FeedId(located.id + 1), "a")  # of a feed that is not there: the database refuses it

    with pytest.raises(Exception, match="FOREIGN KEY"):
        full.write()
    with pytest.raises(Exception, match="FOREIGN KEY"):
        full.write()
    counting.write()

    assert total(records, "a") == 1


async def test_a_tokens_last_use_is_noted(installation: Installation) -> None:
    clock = Clock()
    counting = Downloads(installation.records, clock)
    installation.token("ada")
    with installation.records.read() as view:
        [row] = tokens.all_tokens(view, actor="ada")
    counting.used(row.id)
    clock.move(timedelta(seconds=5))
    counting.used(row.id)

    counting.write()

    with installation.records.read() as view:
        found = tokens.find(view, row.id)
    assert found is not None
    assert found.last_used_at == clock()
    assert LOCAL.token_id is None


async def test_it_is_written_again_and_again_whatever_went_wrong(
    installation: Installation, counting: Downloads, caplog: pytest.LogCaptureFixture
) -> None:
    with installation.records.read() as view:
        located = find(view, FEED)
    assert located is not None
    counting.count(located.id, "a")
    counting.count(FeedId(located.id + 1), "a")  # of a feed that is not there yet: the database refuses it
    writing = asyncio.create_task(counting.keep_writing())
    await seen(lambda: "could not be written" in caplog.text)
    assert total(installation.records, "a") == 0

    other = installation.make_feed(FeedPath("acme", "other"))

    await seen(lambda: total(installation.records, "a") == total(installation.records, "a", other) == 1)
    writing.cancel()


async def seen(holds: Callable[[], bool]) -> None:
    """Wait until something holds; never is a failure."""
    for _ in range(2_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("not seen in 20 seconds")
