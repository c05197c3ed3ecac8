"""Advisory databases, made: OSV records, and zips of them."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

MODIFIED = datetime(2026, 3, 8, 6, 0, tzinfo=UTC)


def make_record(  # what tests say of a record
    identity: str = "PYSEC-2026-1",
    project: str = "demo",
    *,
    events: Iterable[Mapping[str, str]] | None = ({"introduced": "0"}, {"fixed": "2.0"}),
    versions: Iterable[str] = (),
    modified: datetime = MODIFIED,
    ecosystem: str = "PyPI",
    **members: Any,
) -> dict[str, Any]:
    """Return a record on one project, affected up to 2.0 if nothing else is said; ``events`` None = no range."""
    affected: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": project},
        "versions": list(versions),
    }
    if events is not None:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {"id": identity, "modified": modified.isoformat(), "affected": [affected], **members}


def make_database(*records: Mapping[str, Any]) -> bytes:
    """Return the zip of these records."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}-{record['id']}.json", json.dumps(record))
    return content.getvalue()
