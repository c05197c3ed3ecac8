"""Progress: told at any pace, written now and then, the last always."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event

from feedgate.model.run import Event, RunId
from feedgate.records import events
from feedgate.records.database import Database
from feedgate.records.events import Told
from feedgate.runs.events import Teller
from tests.builders.scripted_worker import Folder, now, post, prepare


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = prepare(Folder(tmp_path))
    post(database, "run-1", {})
    yield database
    database.close()


RUN = RunId("run-1")


def told(database: Database) -> tuple[Told, ...]:
    with database.read() as view:
        return events.after(view, RUN, 0, limit=5000)


async def test_what_was_told_can_be_read_after_a_flush(database: Database) -> None:
    teller = Teller(database, RUN, now)
    teller.of("fetch", None)(Event("started", {"files": 3}))
    await teller.flush()

    (only,) = told(database)
    assert (only.number, only.step, only.target, only.kind, only.facts) == (
        1,
        "fetch",
        None,
        "started",
        {"files": 3},
    )
    await teller.close()


async def test_it_is_written_without_a_flush_too(database: Database) -> None:
    teller = Teller(database, RUN, now)
    teller.of("fetch", None)(Event("started", {}))
    async with asyncio.timeout(5):
        while not told(database):  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.01)
    await teller.close()


async def test_closing_writes_the_rest(database: Database) -> None:
    teller = Teller(database, RUN, now)
    tell = teller.of("fetch", None)
    for number in range(10):
        tell(Event("retry", {"attempt": number}))
    await teller.close()

    assert [one.facts["attempt"] for one in told(database)] == list(range(10))


async def test_only_the_newest_progress_of_a_step_and_target_is_kept(database: Database) -> None:
    teller = Teller(database, RUN, now)
    one, other, third = teller.of("resolve", "one"), teller.of("resolve", "other"), teller.of("fetch", "one")
    for number in range(100):
        for tell in (one, other, third):
            tell(Event("progress", {"files": number}))
    await teller.close()

    written = told(database)
    assert len(written) == 3
    assert {(told.step, told.target) for told in written} == {
        ("resolve", "one"),
        ("resolve", "other"),
        ("fetch", "one"),
    }
    assert all(told.facts == {"files": 99} for told in written)


async def test_other_events_keep_their_order_beside_progress(database: Database) -> None:
    teller = Teller(database, RUN, now)
    tell = teller.of("fetch", None)
    for event_ in ("started", "progress", "retry", "progress", "retry", "finished"):
        tell(Event(event_, {}))
    await teller.close()

    assert [one.kind for one in told(database)] == ["started", "retry", "progress", "retry", "finished"]


async def test_there_are_at_most_five_writes_a_second(database: Database) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(database.writers, "commit", count)
    teller = Teller(database, RUN, now)
    tell = teller.of("fetch", None)
    for number in range(100):
        tell(Event("retry", {"attempt": number}))
        await asyncio.sleep(0.01)
    assert commits <= 6
    await teller.close()
    assert len(told(database)) == 100


async def test_any_thread_may_tell(database: Database) -> None:
    teller = Teller(database, RUN, now)

    def tell_much(name: str) -> None:
        tell = teller.of("fetch", name)
        for number in range(50):
            tell(Event("retry", {"attempt": number}))

    threads = [threading.Thread(target=tell_much, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    await teller.close()

    written = told(database)
    assert [one.number for one in written] == list(range(1, 201))
    for name in "0123":
        assert [one.facts["attempt"] for one in written if one.target == name] == list(range(50))


async def test_progress_that_can_not_be_written_does_not_fail_the_run(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    teller = Teller(database, RunId("no-such-run"), now)
    teller.of("fetch", None)(Event("started", {}))
    await teller.close()

    assert "could not be written" in caplog.text
    assert told(database) == ()
