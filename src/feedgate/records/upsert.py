"""INSERT that may meet a row that is there: the one statement both databases spell alike."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from feedgate.records.database import View


def upsert_into(view: View, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert of the view's own dialect, which knows ON CONFLICT."""
    if view.connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
