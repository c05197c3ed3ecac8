"""A request: who wants what into which feed, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from packaging.requirements import Requirement

from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.target import Target


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One parsed requirement and where it was said: ``requirements.txt:3`` or ``argument``."""

    requirement: Requirement
    origin: str
    hashes: frozenset[str] = frozenset()
    """``sha256:…``, ``sha384:…`` or ``sha512:…``; empty = any file of the release."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, in types. ``targets`` empty = the feed's own.

    ``exclude_newer`` (aware UTC) leaves out upstream files from that moment on.
    """

    feed: FeedPath
    requirements: tuple[RequirementLine, ...]
    constraints: tuple[RequirementLine, ...] = ()
    targets: tuple[Target, ...] = ()
    allow_prereleases: bool = False
    exclude_newer: datetime | None = None
    upgrade: bool = False
    upgrade_projects: frozenset[ProjectName] = frozenset()
    reason: str | None = None
    hashes: Mapping[ProjectName, frozenset[str]] = field(default_factory=dict)
    """Stated hashes by project, united over all lines; names absent here have none."""
