"""Rows of state in time: which are seen at a serial, and how one is closed."""

from sqlalchemy import ColumnElement, Table, and_, or_, update

from feedgate.model.ledger import Serial
from feedgate.records.database import Change


def seen_at(table: Table, serial: Serial) -> ColumnElement[bool]:
    """Return the condition under which a row is seen at ``serial``."""
    until = table.c.valid_until
    return and_(table.c.valid_from <= serial, or_(until.is_(None), until > serial))


def is_open(table: Table) -> ColumnElement[bool]:
    """Return the condition under which a row is seen now."""
    return table.c.valid_until.is_(None)


def close(change: Change, table: Table, *keys: ColumnElement[bool]) -> bool:
    """Close the open row under ``keys``; False where there was none."""
    done = change.connection.execute(
        update(table)
        .where(is_open(table), *keys)
        .values(valid_until=change.serial)
        .returning(table.c.valid_until)
    )
    return done.first() is not None
