"""Downloads wait in memory and are written in batches; a database that is away loses none of them."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest

from feedgate.feed.downloads import Downloads
from feedgate.model.digest import parse_digest
from feedgate.model.download import OTHERS, Client, ClientKind
from feedgate.model.names import FeedPath
from feedgate.records import downloads, tokens
from feedgate.records.database import Database, FeedId, RecordsUnavailable
from feedgate.records.downloads import FetchedBy
from feedgate.records.feeds import find
from tests.builders.installation import FEED, LOCAL, Clock, Installation

DIGEST = parse_digest("a" * 64)
VM = Client(ClientKind.ADDRESS, "192.0.2.7")
OTHER_VM = Client(ClientKind.ADDRESS, "192.0.2.8")
NO_FEED = FeedId(999)


@pytest.fixture
def counting(records: Database) -> Downloads:
    return Downloads(records, Clock(), interval_seconds=0.01)


@pytest.fixture
def feed(records: Database) -> FeedId:
    return located(records, FEED)


def located(records: Database, path: FeedPath) -> FeedId:
    with records.read() as view:
        found = find(view, path)
    assert found is not None
    return found.id


def total(records: Database, feed: FeedId, filename: str) -> int:
    with records.read() as view:
        return downloads.total(view, feed, filename)


def fetched(records: Database, feed: FeedId, *filenames: str) -> list[FetchedBy]:
    with records.read() as view:
        return list(downloads.fetched_by(view, feed, filenames))


async def test_what_was_counted_is_there_after_the_next_write(
    records: Database, counting: Downloads, feed: FeedId
) -> None:
    for filename in ("a", "a", "b"):
        counting.count(feed, filename, DIGEST, VM)
    assert total(records, feed, "a") == 0

    counting.write()
    counting.write()
    counting.count(feed, "a", DIGEST, VM)
    counting.write()

    assert (total(records, feed, "a"), total(records, feed, "b")) == (3, 1)


async def test_of_each_client_the_first_and_the_last_time_are_known(records: Database, feed: FeedId) -> None:
    clock = Clock()
    counting = Downloads(records, clock)
    began = clock()
    for client in (VM, OTHER_VM):
        counting.count(feed, "a", DIGEST, client)
    counting.write()
    for _ in range(3):
        clock.move(timedelta(hours=10))
        counting.count(feed, "a", DIGEST, VM)
        counting.write()

    found = {one.client: one for one in fetched(records, feed, "a", "b")}

    assert set(found) == {VM, OTHER_VM}
    assert (found[VM].fetched.first_at, found[VM].fetched.last_at) == (began, clock())
    assert (found[OTHER_VM].fetched.first_at, found[OTHER_VM].fetched.last_at) == (began, began)
    assert {(one.fetched.digest, one.actor) for one in found.values()} == {(DIGEST, None)}


async def test_a_part_is_a_fetch_and_no_count(records: Database, counting: Downloads, feed: FeedId) -> None:
    counting.count(feed, "a", DIGEST, VM, is_whole=False)
    counting.write()

    assert total(records, feed, "a") == 0
    assert [one.client for one in fetched(records, feed, "a")] == [VM]


async def test_beyond_the_most_that_may_wait_clients_are_not_told_apart_and_counts_stay_right(
    records: Database, feed: FeedId
) -> None:
    counting = Downloads(records, Clock(), most_fetches=2)
    for number in range(5):
        counting.count(feed, "a", DIGEST, Client(ClientKind.ADDRESS, f"192.0.2.{number}"))
    counting.count(feed, "a", DIGEST, Client(ClientKind.ADDRESS, "192.0.2.0"))

    counting.write()

    assert {one.client.name for one in fetched(records, feed, "a")} == {"192.0.2.0", "192.0.2.1", ""}
    assert fetched(records, feed, "a")[-1].client in {OTHERS, Client(ClientKind.ADDRESS, "192.0.2.1")}
    assert total(records, feed, "a") == 6


async def test_a_row_of_a_feed_that_is_gone_is_dropped_and_stops_no_other(
    installation: Installation, counting: Downloads, feed: FeedId, caplog: pytest.LogCaptureFixture
) -> None:
    installation.token("ada")
    with installation.records.read() as view:
        [row] = tokens.all_tokens(view, actor="ada")
    counting.count(NO_FEED, "a", DIGEST, VM)
    counting.count(feed, "a", DIGEST, VM)
    counting.used(row.id)

    counting.write()
    counting.write()

    assert total(installation.records, feed, "a") == 1
    assert [one.client for one in fetched(installation.records, feed, "a")] == [VM]
    with installation.records.read() as view:
        found = tokens.find(view, row.id)
    assert found is not None
    assert found.last_used_at == counting.clock()
    assert caplog.text.count("2 rows of downloads were dropped") == 1


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


async def test_a_fetch_by_a_token_names_its_actor(
    installation: Installation, counting: Downloads, feed: FeedId
) -> None:
    installation.token("ada")
    with installation.records.read() as view:
        [row] = tokens.all_tokens(view, actor="ada")
    counting.count(feed, "a", DIGEST, Client(ClientKind.TOKEN, row.id))
    counting.count(feed, "a", DIGEST, Client(ClientKind.ADDRESS, row.id))  # a name alone is no token

    counting.write()

    found = fetched(installation.records, feed, "a")
    assert {(one.client.kind, one.actor) for one in found} == {
        (ClientKind.TOKEN, "ada"),
        (ClientKind.ADDRESS, None),
    }


async def test_it_is_written_again_and_again_whatever_went_wrong(
    installation: Installation, counting: Downloads, feed: FeedId, caplog: pytest.LogCaptureFixture
) -> None:
    records, file = installation.records, installation.root / "records.sqlite"
    records.close()  # so that all of it lies in the one file
    away = installation.root / "away.sqlite"
    shutil.move(file, away)
    file.mkdir()
    counting.count(feed, "a", DIGEST, VM)
    with pytest.raises(RecordsUnavailable):
        counting.write()
    counting.count(feed, "a", DIGEST, OTHER_VM)
    writing = asyncio.create_task(counting.keep_writing())
    await seen(lambda: "could not be written" in caplog.text)

    file.rmdir()
    shutil.move(away, file)

    await seen(lambda: len(fetched(records, feed, "a")) == 2)
    writing.cancel()
    assert total(records, feed, "a") == 2


async def test_a_write_ends_after_the_one_that_is_under_way(
    records: Database, counting: Downloads, feed: FeedId
) -> None:
    with records.note() as note:
        downloads.add(note, {(feed, "b", "2026-03-08"): 1})  # it holds the database's only place for a writer
        counting.count(feed, "a", DIGEST, VM)
        first = asyncio.create_task(asyncio.to_thread(counting.write))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(asyncio.to_thread(counting.write))
        await asyncio.wait([second], timeout=0.2)
        assert not second.done()

    await second

    assert [one.client for one in fetched(records, feed, "a")] == [VM]
    await first


async def seen(holds: Callable[[], bool]) -> None:
    """Wait until something holds; never is a failure."""
    for _ in range(2_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("not seen in 20 seconds")
