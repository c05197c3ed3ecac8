"""Where advisories come from: sources as an administrator names them, and what is loaded of each."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from feedgate.errors import Invalid
from feedgate.model.digest import Digest

MOST_KEPT_FINDINGS: Final = 200
"""So many findings are kept with a database; it is the count that says how bad it is."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class InvalidAdvisorySourceName(Invalid):
    """A text that can not name a source of advisories."""

    code = "invalid-advisory-source-name"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no name of an advisory source",
            next_step="Use 1 to 64 lower-case letters, digits, '.', '-' and '_'; begin with a letter or digit.",
        )


@dataclass(frozen=True, slots=True)
class AdvisorySource:
    """A source as the settings name it; ``max_age`` is how old its newest record may be."""

    name: str
    url: str
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class LoadedAdvisories:
    """The database that is loaded of a source.

    ``digest`` is that of the zip as it came, ``compiled`` that of the form which processes read.
    ``dated_at`` is the newest time at which one of its records was changed, never that of the
    download. ``findings`` are the first of ``finding_count``.
    """

    source: str
    digest: Digest
    compiled: Digest
    dated_at: datetime
    loaded_at: datetime
    records: int
    withdrawn: int
    malware: int
    finding_count: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source, and what is loaded of it; None = nothing was yet."""

    source: AdvisorySource
    loaded: LoadedAdvisories | None

    def age(self, now: datetime) -> timedelta | None:
        """Return how old the database is, by its newest record; None where there is none."""
        return None if self.loaded is None else now - self.loaded.dated_at

    def is_too_old(self, now: datetime) -> bool:
        """Whether it is older than the source's ``max_age``; nothing loaded is too old."""
        age = self.age(now)
        return age is None or age > self.source.max_age


def parse_advisory_source_name(raw: str) -> str:
    """Return the name; raises InvalidAdvisorySourceName."""
    if not _NAME.fullmatch(raw):
        raise InvalidAdvisorySourceName(raw)
    return raw
