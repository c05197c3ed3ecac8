"""Rule: what a distribution says of itself is written as PyPI asks for it.

Who uploads can build anew. Files that PyPI took by the rules of their day are let
through: the findings stay with them, and what installers act on the identity rule compares.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from feedgate.model.decision import Opinion, Verdict
from feedgate.model.inspection import Finding, Severity
from feedgate.policy.facts import Facts, Way

INSPECTOR: Final = "metadata"

_NOT_SEEN: Final = "inspection-limit"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Refuse uploads with metadata that PyPI would refuse; admit imports, whatever was found."""

    code: ClassVar[str] = "metadata"
    needs: ClassVar[frozenset[str]] = frozenset({INSPECTOR})

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return "uploads whose metadata is as PyPI asks for it, and imports with any"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh what the metadata inspector found; an import that could not be looked at is held."""
        findings = facts.findings[INSPECTOR]
        verdicts = [_verdict(finding, facts.way) for finding in findings]
        gravest = max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.ADMIT)
        deciding = [one for one, verdict in zip(findings, verdicts, strict=True) if verdict is gravest]
        sentences = "; ".join(finding.sentence for finding in deciding) or "metadata is well-formed"
        codes = () if gravest is Verdict.ADMIT else tuple(sorted({finding.code for finding in deciding}))
        return Opinion(self.code, gravest, f"{facts.filename}: {sentences}", findings=codes)


def _verdict(finding: Finding, way: Way) -> Verdict:
    if finding.severity is Severity.NOTE:
        return Verdict.ADMIT
    if way is Way.IMPORT:
        return Verdict.HOLD if finding.code == _NOT_SEEN else Verdict.ADMIT
    return Verdict.REFUSE
