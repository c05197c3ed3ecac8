"""What inspectors say: findings about one file, stored by (digest, inspector, version)."""

from dataclasses import dataclass
from enum import StrEnum

from feedgate.model.digest import Digest


class Severity(StrEnum):
    """How much a finding weighs by itself; the policy decides what follows."""

    NOTE = "note"
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement that an inspector makes: a stable code, a plain sentence, where."""

    code: str
    severity: Severity
    sentence: str
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of one inspector on one file; no findings = looked at, nothing found."""

    digest: Digest
    inspector: str
    version: int
    findings: tuple[Finding, ...]
