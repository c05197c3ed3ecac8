"""Queries on which advisory database is loaded of each source: rows of the installation's own ledger."""

import json
from typing import Any

from sqlalchemy import Row, insert, select

from feedgate.model.advisory_source import LoadedAdvisories
from feedgate.model.digest import Digest
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import advisory_tables
from feedgate.records.database import Change, View
from feedgate.records.span import close, is_open

_loaded = advisory_tables.advisory_database.c


def find(view: View, source: str) -> LoadedAdvisories | None:
    """Return what is loaded of a source now."""
    query = select(advisory_tables.advisory_database).where(
        _loaded.source == source, is_open(advisory_tables.advisory_database)
    )
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def all_of(view: View) -> tuple[LoadedAdvisories, ...]:
    """Return what is loaded now, by source; also of sources that the settings name no more."""
    query = (
        select(advisory_tables.advisory_database)
        .where(is_open(advisory_tables.advisory_database))
        .order_by(_loaded.source)
    )
    return tuple(_read(row) for row in view.connection.execute(query))


def find_compiled(view: View, source: str, compiled: Digest) -> LoadedAdvisories | None:
    """Return what was loaded of a source at any time in that compiled form, the newest of it."""
    query = (
        select(advisory_tables.advisory_database)
        .where(_loaded.source == source, _loaded.compiled == compiled)
        .order_by(_loaded.valid_from.desc())
    )
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def put(change: Change, loaded: LoadedAdvisories) -> None:
    """Close the source's row and open this one: who reads sees the one or the other."""
    close(change, advisory_tables.advisory_database, _loaded.source == loaded.source)
    change.connection.execute(
        insert(advisory_tables.advisory_database).values(
            source=loaded.source,
            digest=loaded.digest,
            compiled=loaded.compiled,
            dated_at=to_microseconds(loaded.dated_at),
            loaded_at=to_microseconds(loaded.loaded_at),
            records=loaded.records,
            withdrawn=loaded.withdrawn,
            malware=loaded.malware,
            finding_count=loaded.finding_count,
            findings=json.dumps(loaded.findings),
            valid_from=change.serial,
        )
    )


def _read(row: Row[Any]) -> LoadedAdvisories:
    return LoadedAdvisories(
        source=row.source,
        digest=Digest(row.digest),
        compiled=Digest(row.compiled),
        dated_at=from_microseconds(row.dated_at),
        loaded_at=from_microseconds(row.loaded_at),
        records=row.records,
        withdrawn=row.withdrawn,
        malware=row.malware,
        finding_count=row.finding_count,
        findings=tuple(json.loads(row.findings)),
    )
