"""The migrations make the very tables that the code knows, whoever runs them, however often."""

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from feedgate.records import tables
from feedgate.records.database import Database, reading_engine, sqlite_url
from feedgate.records.entries import ledger_name
from feedgate.records.migrate import INSTALLATION_LEDGER, NEWEST, alembic_config, open_database


def test_the_newest_migration_is_the_one_that_the_code_knows() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    assert scripts.get_heads() == [NEWEST]


def test_migrated_tables_are_those_of_the_code(records: Database) -> None:
    with records.readers.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def made_by(file: Path) -> dict[tuple[str, str], set[str]]:
    """Return what a database says it has: columns of each table, and each index in its own words."""
    raw = sqlite3.connect(file)
    made = {}
    for kind, name, sql in raw.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
        rows = raw.execute(f"PRAGMA table_info({name})") if kind == "table" else [(" ".join(sql.split()),)]
        made[kind, name] = {str(row[1:] if kind == "table" else row) for row in rows}
    raw.close()
    return made


def test_an_older_database_becomes_what_a_new_one_is_and_keeps_its_rows(tmp_path: Path) -> None:
    older, newer = tmp_path / "older.sqlite", tmp_path / "newer.sqlite"
    engine = reading_engine(sqlite_url(older))
    config = alembic_config()
    with engine.execution_options(write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO organization VALUES (1, 'acme', 'acme')"))
        connection.execute(text("INSERT INTO feed VALUES (1, 1, 'team', 'team')"))
        connection.execute(
            text(
                "INSERT INTO run (id, kind, feed_id, requester, idempotency_key, request, targets, state,"
                " cancel_requested, created_at) VALUES ('r1', 'add', 1, 'local', 'k', '{}', '[]', 'published', 0, 0)"
            )
        )
    engine.dispose()

    for file in (older, newer):
        open_database(sqlite_url(file)).close()

    assert made_by(older) == made_by(newer)
    raw = sqlite3.connect(older)
    assert raw.execute("SELECT id, tries, destination FROM run").fetchall() == [("r1", 0, None)]
    raw.close()


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
