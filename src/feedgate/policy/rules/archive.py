"""Rule: only sound archives enter.

What two installers would read differently, what writes outside its folder and
what cannot be read is refused. RECORD is judged by the way in: who uploads can
build anew; of PyPI's old files some carry a poor RECORD, and nobody here can mend them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from feedgate.model.decision import Opinion, Verdict
from feedgate.model.inspection import Finding, Severity
from feedgate.policy.facts import Facts, Way

INSPECTOR: Final = "archive"

IMPORTED: Final[Mapping[str, Verdict]] = {
    "record-missing": Verdict.ADMIT,
    "record-incomplete": Verdict.ADMIT,
    "record-absent": Verdict.ADMIT,
    "record-size": Verdict.ADMIT,
    "record-mismatch": Verdict.HOLD,
    "record-unreadable": Verdict.HOLD,
    "direct-reference": Verdict.ADMIT,
    "script-outside": Verdict.ADMIT,
    "data-descriptor": Verdict.ADMIT,
    "header-odd": Verdict.ADMIT,
    "zip-comment": Verdict.ADMIT,
    "case-collision": Verdict.HOLD,
    "data-foreign": Verdict.HOLD,
    "name-encoding": Verdict.HOLD,
    "inspection-limit": Verdict.HOLD,
}
"""What imports are judged by more gently than uploads, by the finding's code."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Refuse what is unsound; of imports hold or admit what only looks careless."""

    code: ClassVar[str] = "archive"
    needs: ClassVar[frozenset[str]] = frozenset({INSPECTOR})

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return "archives that every reader reads alike, and that write into their own folder alone"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh what the archive inspector found; the gravest findings are the reason."""
        findings = facts.findings[INSPECTOR]
        verdicts = [_verdict(finding, facts.way) for finding in findings]
        gravest = max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.ADMIT)
        deciding = [one for one, verdict in zip(findings, verdicts, strict=True) if verdict is gravest]
        sentences = "; ".join(finding.sentence for finding in deciding) or "archive is sound"
        codes = () if gravest is Verdict.ADMIT else tuple(sorted({finding.code for finding in deciding}))
        return Opinion(self.code, gravest, f"{facts.filename}: {sentences}", findings=codes)


def _verdict(finding: Finding, way: Way) -> Verdict:
    if finding.severity is Severity.NOTE:
        return Verdict.ADMIT
    if way is Way.IMPORT:
        return IMPORTED.get(finding.code, Verdict.REFUSE)
    return Verdict.REFUSE
