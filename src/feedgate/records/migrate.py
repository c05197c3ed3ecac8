"""Bring a database to the newest tables, or open one that is there already."""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Engine, text

from feedgate.records import advisory_tables
from feedgate.records.database import (
    PATIENCE_SECONDS,
    Database,
    reading_engine,
    start_ledger,
    writing_engine,
)

if TYPE_CHECKING:
    from alembic.config import Config

INSTALLATION_LEDGER = "installation"

NEWEST = "0005"
"""The newest migration; a test holds it against the files."""


def alembic_config() -> "Config":
    """Return Alembic's settings; no file is read."""
    from alembic.config import Config  # noqa: PLC0415  # 0.1 s that only a migration needs

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def open_database(url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> Database:
    """Return the records at ``url``, brought to the newest tables; a write waits ``patience_seconds`` for its turn.

    Safe in several processes at once: the migration runs inside one write
    transaction, and the second finds nothing left to do.
    """
    engine = reading_engine(url)
    if _stands_at(engine) != NEWEST and not _made_anew(engine):
        _upgrade(engine)
    database = Database(engine, writing_engine(url, patience_seconds=patience_seconds))
    with database.note() as note:
        start_ledger(note, None, INSTALLATION_LEDGER)
    return database


def _stands_at(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not sqlalchemy.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _made_anew(engine: Engine) -> bool:
    """Make the newest tables at once where there are none; False where there are some.

    What the migrations make is the same (a test holds them side by side), and costs a
    new directory half a second more.
    """
    with engine.execution_options(write=True).begin() as connection:
        if sqlalchemy.inspect(connection).get_table_names():
            return False
        advisory_tables.metadata.create_all(connection)
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": NEWEST})
        return True


def _upgrade(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415  # 0.1 s that only a migration needs

    config = alembic_config()
    with engine.execution_options(write=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
