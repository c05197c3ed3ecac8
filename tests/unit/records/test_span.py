"""Rows in time: one open row a key, and none lost between two serials."""

import pytest
from sqlalchemy import Table, insert
from sqlalchemy.exc import IntegrityError

from feedgate.model.feed import FeedProject, Origin
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import ProjectName
from feedgate.records import projects, tables
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from feedgate.records.span import close
from tests.builders.databases import NOON

IN_TIME = [table for table in tables.metadata.sorted_tables if "valid_until" in table.c]

COLUMNS: dict[str, dict[str, object]] = {
    "feed_state": {"is_public": False, "policy": "open", "uploads": "internal"},
    "feed_target": {"target": "3.11@x86_64-manylinux_2_28"},
    "feed_grant": {"actor": "ada", "role": "reader"},
    "feed_destination": {
        "name": "azure",
        "upload_url": "https://packages.example/upload",
        "read_url": "https://packages.example/simple/",
        "said": "{}",
    },
    "project": {"name": "demo", "origin": "internal", "status": "active"},
    "distribution": {
        "project": "demo",
        "version": "1.0",
        "filename": "demo-1.0.tar.gz",
        "digest": "0" * 64,
        "size_bytes": 1,
        "origin": "internal",
        "published_at": 0,
    },
    "hold": {
        "number": 1,
        "project": "demo",
        "version": "1.0",
        "filename": "demo-1.0.tar.gz",
        "digest": "0" * 64,
        "rule": "age",
        "findings": "[]",
        "reason": "2 d old",
        "run": "run_1",
        "requester": "ada",
        "opened_at": 0,
        "state": "waiting",
    },
    "advisory_database": {
        "source": "osv",
        "digest": "0" * 64,
        "compiled": "1" * 64,
        "dated_at": 0,
        "loaded_at": 0,
        "records": 1,
        "withdrawn": 0,
        "malware": 0,
        "finding_count": 0,
        "findings": "[]",
    },
}


def test_every_row_of_state_has_its_place_in_this_test() -> None:
    assert {table.name for table in IN_TIME} == COLUMNS.keys()


@pytest.mark.parametrize("table", IN_TIME, ids=lambda table: str(table.name))
def test_a_second_open_row_is_refused_and_a_closed_one_is_not(
    records: Database, feed: Located, table: Table
) -> None:
    row = {**({"feed_id": feed.id} if "feed_id" in table.c else {}), **COLUMNS[table.name]}
    with records.note() as note:
        note.connection.execute(insert(tables.actor).values(name="ada", is_administrator=False))
        note.connection.execute(table.delete())
        note.connection.execute(insert(table).values(**row, valid_from=1, valid_until=2))
        note.connection.execute(insert(table).values(**row, valid_from=2, valid_until=3))
        note.connection.execute(insert(table).values(**row, valid_from=3))

    with pytest.raises(IntegrityError), records.note() as note:
        note.connection.execute(insert(table).values(**row, valid_from=4))


def test_a_row_is_seen_from_its_serial_until_the_one_that_closed_it(records: Database, feed: Located) -> None:
    def seen(at: int) -> Origin | None:
        with records.read(feed.id, Serial(at)) as snapshot:
            project = projects.find(snapshot, feed.id, ProjectName("demo"))
        return None if project is None else project.origin

    for origin in (Origin.IMPORTED, Origin.INTERNAL):
        with records.change(feed.id, Act.PROJECT_CHANGED, "ada", NOON) as change:
            projects.put(change, feed.id, FeedProject("demo", origin))
            change.record({"origin": origin.value})

    assert [seen(at) for at in (1, 2, 3, 4)] == [None, Origin.IMPORTED, Origin.INTERNAL, Origin.INTERNAL]


def test_closing_says_whether_there_was_anything_to_close(records: Database, feed: Located) -> None:
    with records.change(feed.id, Act.FEED_CHANGED, "ada", NOON) as change:
        key = tables.feed_state.c.feed_id == feed.id
        assert close(change, tables.feed_state, key)
        assert not close(change, tables.feed_state, key)
