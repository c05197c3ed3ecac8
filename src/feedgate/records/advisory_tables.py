"""The table of advisory databases, beside ``tables.py``: rows of the installation's own ledger.

``metadata`` is that of all tables.
"""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from feedgate.records.tables import metadata, one_open_row, span_columns

__all__ = ("advisory_database", "metadata")

advisory_database = Table(
    "advisory_database",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("compiled", String(64), nullable=False),
    Column("dated_at", BigInteger, nullable=False),
    Column("loaded_at", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("malware", Integer, nullable=False),
    Column("finding_count", Integer, nullable=False),
    Column("findings", Text, nullable=False),
    *span_columns(),
)
"""What is loaded of each source; the serials are those of the installation's ledger."""
one_open_row(advisory_database, advisory_database.c.source)
