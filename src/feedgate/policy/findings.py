"""From an inspector's findings to an opinion: the gravest decide, and are named."""

from collections.abc import Callable

from feedgate.model.decision import Opinion, Verdict
from feedgate.model.inspection import Finding, Severity
from feedgate.policy.facts import Facts, Way


def weigh(
    rule: str, facts: Facts, inspector: str, of_import: Callable[[str], Verdict], sound: str
) -> Opinion:
    """Return the opinion of ``rule``: uploads are refused for what is more than a note, imports by ``of_import`` (code).

    ``sound`` says in words that nothing was found.
    """

    def verdict_on(finding: Finding) -> Verdict:
        if finding.severity is Severity.NOTE:
            return Verdict.ADMIT
        return of_import(finding.code) if facts.way is Way.IMPORT else Verdict.REFUSE

    findings = facts.findings[inspector]
    verdicts = [verdict_on(finding) for finding in findings]
    gravest = max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.ADMIT)
    deciding = [one for one, verdict in zip(findings, verdicts, strict=True) if verdict is gravest]
    sentences = "; ".join(finding.sentence for finding in deciding) or sound
    codes = () if gravest is Verdict.ADMIT else tuple(sorted({finding.code for finding in deciding}))
    return Opinion(rule, gravest, f"{facts.filename}: {sentences}", findings=codes)
