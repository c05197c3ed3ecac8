"""A run that was killed after it had sent a file says so in the end, though it may never go on itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedgate.intake.sending.sent import End, Sent, SentFile, keep_ends, keep_sent, sent_by
from feedgate.model.feed import Uploads
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.run import RunId, RunKind
from feedgate.records import feeds, runs
from feedgate.records.database import Database
from feedgate.records.runs import Posting
from tests.builders.databases import NOON, empty_database

KILLED, NEXT = RunId("killed"), RunId("next")


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    """The records with two runs."""
    opened = empty_database(tmp_path / "records.sqlite")
    with opened.change(None, Act.ORGANIZATION_CREATED, "somebody", NOON) as change:
        feeds.create_organization(change, "acme")
        change.record({"organization": "acme"})
    with opened.note() as note:
        feed = feeds.prepare(note, FeedPath("acme", "team"))
    with opened.change(feed, Act.FEED_CREATED, "somebody", NOON) as change:
        feeds.open_state(change, feed, is_public=False, policy="open", uploads=Uploads.INTERNAL)
        change.record({"feed": "acme/team"})
    with opened.note() as note:
        for run in (KILLED, NEXT):
            runs.post(note, Posting(run, RunKind.ADD, feed, "somebody", f"key-{run}", "{}", ()), NOON)
    yield opened
    opened.close()


def ends(records: Database, run: RunId) -> dict[str, End]:
    return {name: file.end for name, file in sent_by(records, run).files.items()}


def test_who_finds_what_a_killed_run_has_sent_says_so_for_it(records: Database) -> None:
    present = {"a": SentFile(End.PRESENT), "b": SentFile(End.PRESENT)}

    keep_ends(records, NEXT, {**present, "c": SentFile(End.SENT)}, {KILLED: ["a", "b"]})

    assert ends(records, KILLED) == {"a": End.SENT, "b": End.SENT}
    assert ends(records, NEXT) == {"a": End.PRESENT, "b": End.PRESENT, "c": End.SENT}
    assert not sent_by(records, KILLED).is_complete


def test_what_a_run_said_itself_stands(records: Database) -> None:
    said = {
        "refused": SentFile(End.REFUSED, "answered 400"),
        "present": SentFile(End.PRESENT),
        "kept-back": SentFile(
            End.KEPT_BACK, "depends on refused"
        ),  # in an earlier round: it was not tried then
        "sent": SentFile(End.SENT, address="https://feed.example/sent"),
    }
    keep_sent(records, KILLED, Sent(said, notes=("a word",)))

    keep_ends(records, NEXT, {}, {KILLED: list(said)})

    found = sent_by(records, KILLED)
    assert found.files == {**said, "kept-back": SentFile(End.SENT)}
    assert found.notes == ("a word",)


def test_ends_are_kept_beside_those_of_other_files(records: Database) -> None:
    keep_ends(records, NEXT, {"a": SentFile(End.SENT)}, {})
    keep_ends(records, NEXT, {"b": SentFile(End.SENT)}, {})

    assert ends(records, NEXT) == {"a": End.SENT, "b": End.SENT}
