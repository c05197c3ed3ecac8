"""Queries on what was found in files: by digest, inspector and version; and where METADATA lies."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from feedgate.model.digest import Digest
from feedgate.model.inspection import Finding, Inspection, Severity
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Note, View
from feedgate.records.upsert import upsert_into

_inspection, _metadata = tables.inspection.c, tables.file_metadata.c

_BATCH = 400


def put(note: Note, inspections: Iterable[Inspection], now: datetime) -> None:
    """Store results; one that is stored already stays."""
    rows = [
        {
            "digest": inspection.digest,
            "inspector": inspection.inspector,
            "version": inspection.version,
            "findings": json.dumps(
                [
                    [finding.code, finding.severity.value, finding.sentence, finding.member]
                    for finding in inspection.findings
                ]
            ),
            "at": to_microseconds(now),
        }
        for inspection in inspections
    ]
    if rows:
        note.connection.execute(upsert_into(note, tables.inspection).on_conflict_do_nothing(), rows)


def find(view: View, digests: Sequence[Digest], *, inspector: str, version: int) -> dict[Digest, Inspection]:
    """Return, of ``digests``, those that the inspector has looked at in that version."""
    found: dict[Digest, Inspection] = {}
    for start in range(0, len(digests), _BATCH):
        query = select(_inspection.digest, _inspection.findings).where(
            _inspection.inspector == inspector,
            _inspection.version == version,
            _inspection.digest.in_(digests[start : start + _BATCH]),
        )
        for row in view.connection.execute(query):
            digest = Digest(row.digest)
            found[digest] = Inspection(digest, inspector, version, _findings(row.findings))
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """A result as it is kept, and when it was first (aware UTC)."""

    inspection: Inspection
    at: datetime


def all_of(view: View, digest: Digest) -> tuple[Kept, ...]:
    """Return every result there is of a file, by inspector and version."""
    query = (
        select(tables.inspection)
        .where(_inspection.digest == digest)
        .order_by(_inspection.inspector, _inspection.version)
    )
    return tuple(
        Kept(
            Inspection(digest, row.inspector, row.version, _findings(row.findings)), from_microseconds(row.at)
        )
        for row in view.connection.execute(query)
    )


def _findings(stored: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(code, Severity(severity), sentence, member)
        for code, severity, sentence, member in json.loads(stored)
    )


def put_metadata(note: Note, rows: Iterable[tuple[Digest, Digest | None]]) -> None:
    """Store where the METADATA of files lies; None = the file has none that can be read."""
    values = [{"digest": digest, "metadata_digest": metadata} for digest, metadata in rows]
    if values:
        note.connection.execute(upsert_into(note, tables.file_metadata).on_conflict_do_nothing(), values)


def find_metadata(view: View, digests: Sequence[Digest]) -> dict[Digest, Digest | None]:
    """Return, of ``digests``, those whose METADATA was looked for, and where it lies."""
    found: dict[Digest, Digest | None] = {}
    for start in range(0, len(digests), _BATCH):
        query = select(tables.file_metadata).where(_metadata.digest.in_(digests[start : start + _BATCH]))
        for row in view.connection.execute(query):
            found[Digest(row.digest)] = None if row.metadata_digest is None else Digest(row.metadata_digest)
    return found
