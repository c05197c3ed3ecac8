"""What the rules are told: all that is known of one file when it wants to enter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from feedgate.model.advisory import Match
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.inspection import Finding
from feedgate.model.names import ProjectName


class Way(StrEnum):
    """How a file comes: listed by an upstream, or uploaded by somebody."""

    IMPORT = "import"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a file says of itself in its METADATA or PKG-INFO, and the digest of that text."""

    project: ProjectName
    version: Version
    requires_python: SpecifierSet | None
    digest: Digest


@dataclass(frozen=True, slots=True)
class NotStated:
    """A METADATA that tells nothing to rely on, and why, in one sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Advised:
    """What a database says of a release: ``matches`` are its advisories, ``fixes`` those that name it as their fix.

    A fix counts where the version that it would take the place of is affected.
    """

    matches: tuple[Match, ...] = ()
    fixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """One file at the gate.

    ``file`` is the file as the upstream's page lists it; None for uploads.
    ``findings`` are by inspector: one that is absent has not looked, one
    without findings found nothing. ``stated`` is None where no METADATA was read.
    ``advised`` is None where no advisory database is loaded.
    """

    filename: str
    way: Way
    file: Distribution | None = None
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    stated: Stated | NotStated | None = None
    advised: Advised | None = None
