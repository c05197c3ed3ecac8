"""The three doors: a snapshot that holds still, a change with its one entry, a note without."""

import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from feedgate.model.feed import FeedProject, Origin
from feedgate.model.ledger import NOTHING_BEFORE, Act, Serial, verify
from feedgate.records import entries, projects, tables
from feedgate.records.database import (
    Database,
    FeedId,
    RecordsUnavailable,
    head_of,
    reading_engine,
    sqlite_url,
    writing_engine,
)
from feedgate.records.feeds import Located
from tests.builders.databases import NOON


def put(records: Database, feed: FeedId, name: str) -> Serial:
    with records.change(feed, Act.PROJECT_CHANGED, "ada", NOON) as change:
        projects.put(change, feed, FeedProject(name, Origin.INTERNAL))
        return change.record({"project": name})


def names(records: Database, feed: FeedId, at: int | None = None) -> list[str]:
    with records.read(feed, None if at is None else Serial(at)) as snapshot:
        return sorted(projects.all_projects(snapshot, feed))


class Fault(Exception):
    pass


def test_a_new_ledger_begins_with_nothing(records: Database) -> None:
    with records.read() as view:
        assert head_of(view, None) == (0, NOTHING_BEFORE)
        assert list(entries.entries(view, None)) == []


def test_a_change_appends_its_entry_together_with_the_state(records: Database, feed: Located) -> None:
    assert put(records, feed.id, "demo") == 2

    with records.read(feed.id) as snapshot:
        assert snapshot.at == 2
        *_, last = entries.entries(snapshot, feed.id)
        assert head_of(snapshot, feed.id) == (2, last.hash)
    assert (last.serial, last.actor, last.act, last.at) == (2, "ada", "project-changed", NOON)
    assert last.facts == '{"project":"demo"}'
    assert names(records, feed.id) == ["demo"]


def test_a_change_that_records_nothing_leaves_nothing(records: Database, feed: Located) -> None:
    with records.change(feed.id, Act.PROJECT_CHANGED, "ada", NOON) as change:
        projects.put(change, feed.id, FeedProject("demo", Origin.INTERNAL))

    assert names(records, feed.id) == []
    assert put(records, feed.id, "other") == 2


def test_a_change_that_fails_leaves_neither_row_nor_entry(records: Database, feed: Located) -> None:
    with suppress(Fault), records.change(feed.id, Act.PROJECT_CHANGED, "ada", NOON) as change:
        projects.put(change, feed.id, FeedProject("demo", Origin.INTERNAL))
        change.record({"project": "demo"})
        raise Fault

    assert names(records, feed.id) == []
    with records.read(feed.id) as snapshot:
        assert snapshot.at == 1


def test_a_change_has_one_entry(records: Database, feed: Located) -> None:
    with records.change(feed.id, Act.PROJECT_CHANGED, "ada", NOON) as change:
        change.record({"first": True})
        with pytest.raises(RuntimeError, match="one entry"):
            change.record({"second": True})


def test_a_note_appends_no_entry(records: Database, feed: Located) -> None:
    with records.note() as note:
        note.connection.execute(tables.actor.insert().values(name="ada", is_administrator=False))

    with records.read(feed.id) as snapshot:
        assert snapshot.at == 1
        assert snapshot.connection.execute(select(tables.actor.c.name)).scalar_one() == "ada"


def test_a_snapshot_does_not_see_what_comes_while_it_is_open(records: Database, feed: Located) -> None:
    put(records, feed.id, "first")
    with records.read(feed.id) as snapshot:
        seen_before = projects.all_projects(snapshot, feed.id)
        put(records, feed.id, "second")

        assert projects.all_projects(snapshot, feed.id) == seen_before
        assert snapshot.at == 2
        assert head_of(snapshot, feed.id)[0] == 2


def test_a_snapshot_of_a_serial_is_as_it_was_then(records: Database, feed: Located) -> None:
    for name in ("a", "b", "c"):
        put(records, feed.id, name)

    assert [names(records, feed.id, at) for at in (1, 2, 3, 4)] == [
        [],
        ["a"],
        ["a", "b"],
        ["a", "b", "c"],
    ]


def test_each_ledger_counts_for_itself(records: Database, feed: Located) -> None:
    put(records, feed.id, "demo")
    with records.change(None, Act.ACTOR_CREATED, "ada", NOON) as change:
        assert change.record({"actor": "ada"}) == 2  # the organization was the first


def test_writers_at_once_lose_nothing_and_fork_nothing(records: Database, feed: Located) -> None:
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in range(20):
                put(records, feed.id, f"demo-{writer}-{number}")
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must hear of it
            failures.append(error)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failures == []
    with records.read(feed.id) as snapshot:
        seen = verify(entries.entries(snapshot, feed.id), head=head_of(snapshot, feed.id))
    assert (seen.fault, seen.serial) == (None, 81)
    assert len(names(records, feed.id)) == 80


def test_writers_that_wait_keep_no_reader_waiting_and_give_up_in_words(
    records: Database, feed: Located, tmp_path: Path
) -> None:
    """More writers than any pool has connections wait behind one that does not end."""
    url = sqlite_url(tmp_path / "records.sqlite")
    impatient = Database(reading_engine(url), writing_engine(url, patience_seconds=1.0))
    said: list[BaseException] = []

    def write() -> None:
        try:
            with impatient.note():
                pass
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must hear of it
            said.append(error)

    writers = [threading.Thread(target=write) for _ in range(40)]
    with records.note():
        for writer in writers:
            writer.start()
        time.sleep(0.3)
        begun = time.monotonic()
        for _ in range(20):
            assert names(impatient, feed.id) == []
        took_seconds = time.monotonic() - begun
        for writer in writers:
            writer.join()
    impatient.close()

    assert took_seconds < 0.5
    assert {type(error) for error in said} == {RecordsUnavailable}
    assert len(said) == 40


def test_sqlite_is_set_up_so_that_a_commit_outlives_the_machine(records: Database) -> None:
    with records.read() as view:
        pragma = {
            name: view.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}


def test_a_database_that_answers_passes_the_check(records: Database) -> None:
    records.check()


@pytest.mark.parametrize("content", [b"", b"this is no database at all, only a text of some length\n" * 40])
def test_what_is_no_database_of_ours_fails_the_check_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "records.sqlite"
    file.write_bytes(content)
    broken = Database(reading_engine(sqlite_url(file)), writing_engine(sqlite_url(file)))

    with pytest.raises(RecordsUnavailable, match="the records can not be reached: ") as raised:
        broken.check()

    assert raised.value.code == "records-unavailable"
    broken.close()


def test_rows_of_a_ledger_are_written_once(records: Database, feed: Located, tmp_path: Path) -> None:
    """A serial that is handed out twice is refused by the table itself."""
    with sqlite3.connect(tmp_path / "records.sqlite") as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute(
            "INSERT INTO entry SELECT feed_id, serial, at, actor, act, run, facts, previous, hash FROM entry"
        )
    raw.close()
