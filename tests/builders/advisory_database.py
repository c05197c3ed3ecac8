"""The advisory database of a process, made of records without a server."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from feedgate.formats.compiled_advisories import compile_advisories, read_compiled
from feedgate.formats.osv import parse_advisory
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.advisory_source import AdvisorySource, LoadedAdvisories, SourceState
from feedgate.model.digest import Digest

SOURCE = AdvisorySource("made", "https://advisories.example/all.zip", timedelta(days=7))
NOT_LOADED = AdvisoryDatabase((SourceState(SOURCE, None),), ())


def database_of(*records: Mapping[str, Any], dated_at: datetime) -> AdvisoryDatabase:
    """Return the database of one source whose newest record is of ``dated_at``."""
    parsed = [parse_advisory(json.dumps(record).encode()) for record in records]
    compiled = compile_advisories(advisory for advisory in parsed if advisory is not None)
    digest = Digest("0" * 64)
    loaded = LoadedAdvisories(SOURCE.name, digest, digest, dated_at, dated_at, len(parsed), 0, 0)
    return AdvisoryDatabase((SourceState(SOURCE, loaded),), [read_compiled(compiled)])
