"""A ledger read back: in order, in stretches, and exactly as it was hashed."""

import sqlite3
from pathlib import Path

import pytest

from feedgate.model.ledger import Act, Serial, verify
from feedgate.records import entries
from feedgate.records.database import Database, head_of
from feedgate.records.feeds import Located
from tests.builders.databases import NOON


@pytest.fixture
def written(records: Database, feed: Located) -> Located:
    for number in range(2, 6):
        with records.change(feed.id, Act.PUBLISHED, "ada", NOON, run=f"run_{number}") as change:
            change.record({"files": [{"filename": f"demo-{number}.tar.gz", "sha256": "0" * 64}]})
    return feed


def test_a_stretch_begins_behind_a_serial_and_has_a_length(records: Database, written: Located) -> None:
    with records.read(written.id) as view:
        assert [e.serial for e in entries.entries(view, written.id)] == [1, 2, 3, 4, 5]
        assert [e.serial for e in entries.entries(view, written.id, after=Serial(3))] == [4, 5]
        assert [e.serial for e in entries.entries(view, written.id, after=Serial(1), limit=2)] == [2, 3]
        assert list(entries.entries(view, written.id, after=Serial(5))) == []


def test_a_ledger_is_named_by_its_feeds_key(records: Database, written: Located) -> None:
    with records.read() as view:
        assert entries.ledger_name(view, written.id) == "acme/team"
        assert entries.ledger_name(view, None) == "installation"


def test_what_a_run_wrote_is_found_by_run_and_act(records: Database, written: Located) -> None:
    with records.read() as view:
        found = entries.written_by(view, written.id, "run_3", Act.PUBLISHED)
        assert found is not None
        assert found.serial == 3
        assert entries.written_by(view, written.id, "run_3", Act.HELD) is None
        assert entries.written_by(view, written.id, "run_9", Act.PUBLISHED) is None


def rewrite(file: Path, statement: str) -> None:
    """Change what the records hold, behind their back."""
    raw = sqlite3.connect(file)
    raw.execute(statement)
    raw.commit()
    raw.close()


@pytest.mark.parametrize(
    "rewritten",
    [
        "UPDATE entry SET at = 1 WHERE run = 'run_3'",
        "UPDATE entry SET actor = 'eve' WHERE run = 'run_3'",
        "UPDATE entry SET act = 'yanked' WHERE run = 'run_3'",
        "UPDATE entry SET act = 'no act at all' WHERE run = 'run_3'",
        "UPDATE entry SET run = NULL WHERE run = 'run_3'",
        """UPDATE entry SET facts = '{"files":[]}' WHERE run = 'run_3'""",
        "UPDATE entry SET facts = facts || ' ' WHERE run = 'run_3'",
        "UPDATE entry SET facts = 'no JSON' WHERE run = 'run_3'",
        "UPDATE entry SET previous = 'another' WHERE run = 'run_3'",
        "UPDATE entry SET hash = 'another' WHERE run = 'run_3'",
    ],
)
def test_a_row_that_was_rewritten_is_named(
    records: Database, written: Located, tmp_path: Path, rewritten: str
) -> None:
    rewrite(tmp_path / "records.sqlite", rewritten)

    with records.read() as view:
        seen = verify(entries.entries(view, written.id), head=head_of(view, written.id))

    assert seen.fault is not None
    assert seen.fault.serial == 3


@pytest.mark.parametrize(
    ("statement", "serial"),
    [
        ("DELETE FROM entry WHERE run = 'run_3'", 4),
        ("DELETE FROM entry WHERE run = 'run_5'", 5),
        ("UPDATE head SET serial = 4 WHERE serial = 5", 5),
        ("UPDATE head SET hash = 'other' WHERE serial = 5", 5),
    ],
)
def test_a_row_that_is_gone_is_missed(
    records: Database, written: Located, tmp_path: Path, statement: str, serial: int
) -> None:
    rewrite(tmp_path / "records.sqlite", statement)

    with records.read() as view:
        seen = verify(entries.entries(view, written.id), head=head_of(view, written.id))

    assert seen.fault is not None
    assert seen.fault.serial == serial
