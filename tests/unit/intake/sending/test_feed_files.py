"""Which of a feed's files are sent: as they stood, less what is yanked, unless it was asked for as such."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.feed.feeds import create_feed
from feedgate.intake.sending.feed_files import files_of_projects, files_to_send
from feedgate.model.feed import Uploads
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import parse_project_name
from feedgate.model.send_request import SendRequest
from feedgate.records import distributions, feeds
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from tests.builders.databases import NOON, empty_database, published
from tests.builders.installation import FEED, LOCAL, TARGET

A, B, C = "a-1.0-py3-none-any.whl", "b-1.0-py3-none-any.whl", "c-1.0-py3-none-any.whl"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    opened = empty_database(tmp_path / "records.sqlite")
    create_feed(
        opened,
        LOCAL,
        FEED,
        targets=(TARGET,),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    yield opened
    opened.close()


@pytest.fixture
def feed(records: Database) -> Located:
    """A feed with A at its serial 2, B at 3, C at 4."""
    with records.read() as view:
        located = feeds.find(view, FEED)
    assert located is not None
    for number, name in enumerate((A, B, C), start=1):
        with records.change(located.id, Act.UPLOADED, "ada", NOON) as change:
            distributions.publish(change, located.id, [published(name, digest=str(number))])
            change.record({"files": [name]})
    return located


def yank(records: Database, feed: Located, filename: str, reason: str | None = "it is broken") -> None:
    with records.change(feed.id, Act.YANKED, "ada", NOON) as change:
        row = distributions.find(change, feed.id, filename)
        assert row is not None
        distributions.replace(change, feed.id, replace(row, file=replace(row.file, yanked=reason)))
        change.record({"files": [filename]})


def sent(records: Database, feed: Located, serial: int, *names: str) -> tuple[list[str], tuple[str, ...]]:
    request = SendRequest(Serial(serial), names or None, name="azure")
    found = files_to_send(records, feed.id, request)
    return [row.file.filename for row in found.rows], found.yanked


def test_a_feed_is_sent_as_it_was_at_the_serial(records: Database, feed: Located) -> None:
    assert sent(records, feed, 1) == ([], ())
    assert sent(records, feed, 2) == ([A], ())
    assert sent(records, feed, 4) == ([A, B, C], ())


def test_only_the_named_files_are_sent_where_some_are_named(records: Database, feed: Located) -> None:
    assert sent(records, feed, 4, C, A) == ([C, A], ())
    assert sent(records, feed, 4, "none-1.0-py3-none-any.whl") == ([], ())


def test_of_a_whole_feed_what_is_yanked_then_or_now_stays_behind(records: Database, feed: Located) -> None:
    yank(records, feed, B)  # 5

    assert sent(records, feed, 5) == ([A, C], (B,))
    assert sent(records, feed, 4) == ([A, C], (B,)), "yanked since"

    yank(records, feed, B, None)  # 6
    assert sent(records, feed, 6) == ([A, B, C], ())
    assert sent(records, feed, 5) == ([A, C], (B,)), "yanked then"


def test_a_named_file_stays_behind_only_if_it_was_yanked_since(records: Database, feed: Located) -> None:
    """Who published a closure with a yanked file pinned it; a yank that came later is news to the send."""
    yank(records, feed, B, "")  # 5: an empty reason is one

    assert sent(records, feed, 4, A, B) == ([A], (B,))
    assert sent(records, feed, 5, A, B) == ([A, B], ())


def test_a_projects_files_are_those_that_were_not_yanked_then_or_now(
    records: Database, feed: Located
) -> None:
    def found(serial: int, *names: str) -> list[str]:
        projects = map(parse_project_name, names)
        return [row.file.filename for row in files_of_projects(records, feed.id, Serial(serial), projects)]

    yank(records, feed, B)  # 5

    assert found(4, "c", "b", "a", "none") == [A, C], "yanked since"
    assert found(3, "c", "a") == [A], "not there yet"
    yank(records, feed, B, None)  # 6
    assert found(5, "b") == [], "yanked then"
    assert found(6, "b") == [B]
