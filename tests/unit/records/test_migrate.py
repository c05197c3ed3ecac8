"""The migrations make the very tables that the code knows, whoever runs them, however often."""

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from feedgate.records import tables
from feedgate.records.database import Database, sqlite_url
from feedgate.records.entries import ledger_name
from feedgate.records.migrate import INSTALLATION_LEDGER, NEWEST, alembic_config, open_database


def test_the_newest_migration_is_the_one_that_the_code_knows() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    assert scripts.get_heads() == [NEWEST]


def test_migrated_tables_are_those_of_the_code(records: Database) -> None:
    with records.readers.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_each_partial_index_kept_its_condition(records: Database, tmp_path: Path) -> None:
    """Comparing does not see a lost condition: the database is asked for its own words."""
    raw = sqlite3.connect(tmp_path / "records.sqlite")
    made = dict(raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    raw.close()

    partial = {name: sql for name, sql in made.items() if name.startswith("one_open_")}
    assert set(partial) == {
        f"one_open_{t.name}" for t in tables.metadata.sorted_tables if "valid_until" in t.c
    }
    for name, sql in partial.items():
        assert sql.upper().startswith("CREATE UNIQUE INDEX"), name
        assert sql.endswith("WHERE valid_until IS NULL"), name
    assert made["ix_distribution_closed"].endswith("WHERE valid_until IS NOT NULL")


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "records.sqlite")
    for _ in range(2):
        opened = open_database(url)
        with opened.read() as view:
            assert ledger_name(view, None) == INSTALLATION_LEDGER
        opened.close()


def test_several_at_once_migrate_once(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "records.sqlite")
    ends: list[object] = []

    def work() -> None:
        try:
            opened = open_database(url)
            opened.check()
            opened.close()
            ends.append("opened")
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must hear of it
            ends.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert ends == ["opened"] * 4


def test_a_migration_that_fails_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of it runs in one transaction, and SQLite makes tables in transactions too."""
    file = tmp_path / "records.sqlite"
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE run (something INTEGER)")  # in the way of the last tables
    raw.close()

    with pytest.raises(Exception, match="run"):
        open_database(sqlite_url(file))

    raw = sqlite3.connect(file)
    assert [name for (name,) in raw.execute("SELECT name FROM sqlite_master")] == ["run"]
    raw.close()
