"""Rule: known holes stay out where there is a fix; where there is none, a person decides.

Who is refused is told the fix: it is the way on. Without one, refusing would only
send people around the gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from feedgate.model.advisory import AdvisorySeverity, Match
from feedgate.model.decision import Opinion, Verdict
from feedgate.policy.facts import Facts


@dataclass(frozen=True, slots=True)
class Advisories:
    """Give ``fixable`` for an advisory that names a fix, ``unfixable`` for one that does not.

    Advisories below ``least`` are told and do not count.
    """

    code: ClassVar[str] = "advisories"
    needs: ClassVar[frozenset[str]] = frozenset()

    fixable: Verdict = Verdict.REFUSE
    unfixable: Verdict = Verdict.HOLD
    least: AdvisorySeverity = AdvisorySeverity.LOW

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return (
            f"{self.fixable.value} what an advisory names a fix for, {self.unfixable.value} what it names none for, "
            f"from severity {self.least.value}"
        )

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh one file by what is published of its version."""
        del now
        if facts.advised is None:
            reason = f"{facts.filename}: no advisory database is loaded, so nobody knows its holes"
            return Opinion(self.code, Verdict.HOLD, reason)
        matches = [match for match in facts.advised.matches if not match.is_malware]
        verdicts = [self._verdict(match) for match in matches]
        gravest = max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.ADMIT)
        deciding = [match for match, verdict in zip(matches, verdicts, strict=True) if verdict is gravest]
        if not deciding:
            return Opinion(self.code, Verdict.ADMIT, f"{facts.filename}: no advisory is known")
        ids = tuple(sorted(match.id for match in deciding))
        return Opinion(self.code, gravest, f"{facts.filename}: {_in_words(deciding)}", findings=ids)

    def _verdict(self, match: Match) -> Verdict:
        if match.severity.rank < self.least.rank:
            return Verdict.ADMIT
        return self.unfixable if match.fixed is None else self.fixable


def _in_words(matches: Sequence[Match]) -> str:
    return "; ".join(
        f"{', '.join(match.names)} ({match.severity.value}): "
        + ("no fix is known" if match.fixed is None else f"fixed in {match.fixed}")
        for match in matches
    )
