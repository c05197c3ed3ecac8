"""A feed's distributions as rows: counted, found, spent."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from feedgate.model.feed import Origin
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import ProjectName
from feedgate.records import distributions, downloads
from feedgate.records.database import Database
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located
from tests.builders.databases import NOON, published

DEMO, OTHER = ProjectName("demo"), ProjectName("other")


def publish(records: Database, feed: Located, *rows: Published) -> None:
    with records.change(feed.id, Act.PUBLISHED, "ada", NOON) as change:
        distributions.publish(change, feed.id, rows)
        change.record({})


def yank(records: Database, feed: Located, filename: str, reason: str | None) -> None:
    with records.change(feed.id, Act.YANKED, "ada", NOON) as change:
        row = distributions.find(change, feed.id, filename)
        assert row is not None
        distributions.replace(change, feed.id, replace(row, file=replace(row.file, yanked=reason)))
        change.record({})


@pytest.fixture
def stocked(records: Database, feed: Located) -> Located:
    publish(
        records,
        feed,
        published("demo-1.0-py3-none-any.whl", size_bytes=100),
        published("demo-1.0.tar.gz", digest="b", size_bytes=20),
        published("other-2.0-py3-none-any.whl", digest="c", size_bytes=3, origin=Origin.INTERNAL),
    )
    return feed


def test_a_row_comes_back_as_it_went_in(records: Database, feed: Located) -> None:
    row = published("demo-1.0-py3-none-any.whl", yanked="")
    row = replace(
        row,
        source="https://files.example/demo",
        file=replace(row.file, requires_python=">=3.9", metadata_digest="d" * 64),
    )
    publish(records, feed, row)

    with records.read(feed.id) as snapshot:
        assert distributions.find(snapshot, feed.id, "demo-1.0-py3-none-any.whl") == row
        assert distributions.of_project(snapshot, feed.id, DEMO) == (row,)


def test_an_unknown_file_and_project_are_none(records: Database, stocked: Located) -> None:
    with records.read(stocked.id) as snapshot:
        assert distributions.find(snapshot, stocked.id, "absent-1.0.tar.gz") is None
        assert distributions.of_project(snapshot, stocked.id, ProjectName("absent")) == ()
        assert distributions.last_change(snapshot, stocked.id, ProjectName("absent")) == 0


def test_a_project_lists_its_files_by_name(records: Database, stocked: Located) -> None:
    with records.read(stocked.id) as snapshot:
        rows = distributions.of_project(snapshot, stocked.id, DEMO)

    assert [row.file.filename for row in rows] == ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"]


def test_totals_are_those_of_a_serial(records: Database, stocked: Located) -> None:
    with records.read(stocked.id) as snapshot:
        assert distributions.totals(snapshot, stocked.id, Serial(1)) == (0, 0, 0)
        assert distributions.totals(snapshot, stocked.id, Serial(2)) == (2, 3, 123)


def test_files_are_told_apart_by_origin(records: Database, stocked: Located) -> None:
    with records.read(stocked.id) as snapshot:
        internal = distributions.filenames(snapshot, stocked.id, origin=Origin.INTERNAL)

    assert internal == ((OTHER, "other-2.0-py3-none-any.whl"),)


def test_a_release_whose_files_are_all_yanked_is_preferred_by_nobody(
    records: Database, stocked: Located
) -> None:
    def versions() -> set[tuple[str, str]]:
        with records.read(stocked.id) as snapshot:
            return set(distributions.versions(snapshot, stocked.id))

    assert versions() == {("demo", "1.0"), ("other", "2.0")}
    yank(records, stocked, "demo-1.0.tar.gz", "broken")
    assert ("demo", "1.0") in versions()
    yank(records, stocked, "demo-1.0-py3-none-any.whl", "")
    assert versions() == {("other", "2.0")}
    yank(records, stocked, "demo-1.0-py3-none-any.whl", None)
    assert ("demo", "1.0") in versions()


def test_a_page_changes_with_its_own_files_alone(records: Database, stocked: Located) -> None:
    yank(records, stocked, "other-2.0-py3-none-any.whl", "broken")

    with records.read(stocked.id) as snapshot:
        assert distributions.last_change(snapshot, stocked.id, DEMO) == 2
        assert distributions.last_change(snapshot, stocked.id, OTHER) == 3
    with records.read(stocked.id, Serial(2)) as snapshot:
        assert distributions.last_change(snapshot, stocked.id, OTHER) == 2


def test_a_name_is_spent_with_the_digest_of_its_first_use(records: Database, stocked: Located) -> None:
    asked = [
        "demo-1.0.tar.gz",
        "absent-1.0-py3-none-any.whl",
        *(f"x{number}-1.0-py3-none-any.whl" for number in range(900)),
    ]
    with records.read(stocked.id) as snapshot:
        assert distributions.spent(snapshot, stocked.id, asked) == {"demo-1.0.tar.gz": "b" * 64}
        assert distributions.spent(snapshot, stocked.id, []) == {}


@pytest.mark.parametrize("spelling", ["demo-1.0.tar.gz", "Demo-1.tar.gz", "demo-1.0.0.tar.gz"])
def test_a_name_is_spent_in_every_spelling(records: Database, stocked: Located, spelling: str) -> None:
    with records.read(stocked.id) as snapshot:
        assert distributions.spent(snapshot, stocked.id, [spelling]) == {spelling: "b" * 64}


def test_what_once_came_from_an_upstream_was_imported(records: Database, stocked: Located) -> None:
    with records.read(stocked.id) as snapshot:
        assert distributions.was_imported(snapshot, stocked.id, DEMO)
        assert not distributions.was_imported(snapshot, stocked.id, OTHER)


def test_a_spent_name_can_not_be_published_again(records: Database, stocked: Located) -> None:
    with pytest.raises(IntegrityError):
        publish(records, stocked, published("demo-1.0.tar.gz", digest="f"))


def test_publishing_nothing_writes_nothing(records: Database, feed: Located) -> None:
    publish(records, feed)

    with records.read(feed.id) as snapshot:
        assert distributions.totals(snapshot, feed.id, snapshot.at) == (0, 0, 0)


def test_downloads_add_up_over_days_and_batches(records: Database, stocked: Located) -> None:
    for counts in (
        {(stocked.id, "demo-1.0.tar.gz", "2026-03-08"): 2, (stocked.id, "x", "2026-03-08"): 1},
        {(stocked.id, "demo-1.0.tar.gz", "2026-03-08"): 3, (stocked.id, "demo-1.0.tar.gz", "2026-03-09"): 4},
    ):
        with records.note() as note:
            downloads.add(note, counts)

    with records.read(stocked.id) as snapshot:
        assert downloads.total(snapshot, stocked.id, "demo-1.0.tar.gz") == 9
        assert downloads.total(snapshot, stocked.id, "never") == 0
        assert snapshot.at == 2


def test_the_last_change_of_a_project_is_read_from_indexes_alone(records: Database, stocked: Located) -> None:
    """It is asked for each page: a project with thousands of files must not be read for it."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_others: Any) -> None:
        asked.append((statement, parameters))

    with records.read(stocked.id) as snapshot:
        event.listen(records.readers, "before_cursor_execute", note)
        distributions.last_change(snapshot, stocked.id, DEMO)
        event.remove(records.readers, "before_cursor_execute", note)
        plans = [
            snapshot.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            for statement, parameters in asked
            if "FROM distribution" in statement
        ]

    steps = [str(step.detail) for plan in plans for step in plan]
    assert [(step.count("COVERING INDEX"), "valid_" in step) for step in steps] == [(1, True), (1, True)], (
        steps
    )
