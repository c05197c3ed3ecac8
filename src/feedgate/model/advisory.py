"""Advisories: published records of vulnerable or malicious releases, and what one says of a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from packaging.version import Version

from feedgate.model.names import ProjectName
from feedgate.model.version_interval import VersionInterval


class AdvisorySeverity(StrEnum):
    """How grave an advisory is, in the classes of CVSS."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low up to 3 for critical."""
        return list(AdvisorySeverity).index(self)


UNSTATED_SEVERITY = AdvisorySeverity.HIGH
"""What an advisory counts as that states no severity: most records of PyPI's own database do not."""


@dataclass(frozen=True, slots=True)
class Affected:
    """What an advisory says of one project: versions that are listed, or lie in an interval.

    ``listed_texts`` are listed versions that are none by PEP 440; they match by their letters.
    """

    intervals: tuple[VersionInterval, ...] = ()
    listed: frozenset[Version] = frozenset()
    listed_texts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Advisory:
    """One record of a database, as far as it speaks of PyPI's projects.

    ``severity`` is None where none is stated. ``findings`` are sentences on what in it could not
    be read; whatever that is, the record then says more than was meant, never less.
    """

    id: str
    modified: datetime
    aliases: tuple[str, ...] = ()
    withdrawn: datetime | None = None
    summary: str = ""
    severity: AdvisorySeverity | None = None
    is_malware: bool = False
    affected: Mapping[ProjectName, Affected] = field(default_factory=dict)
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """What the advisories of one alias group say of a version.

    ``id`` is the one that the group goes by, ``aliases`` all other names of it. ``fixed`` is the
    version that ends the interval in which the version lies; None = no fix is known.
    ``is_exact`` says of malware that a record lists this very version.
    """

    id: str
    aliases: tuple[str, ...]
    severity: AdvisorySeverity
    is_malware: bool
    summary: str
    fixed: str | None
    is_exact: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of it, the id first."""
        return (self.id, *self.aliases)
