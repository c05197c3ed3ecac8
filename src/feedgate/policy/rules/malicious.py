"""Rule: what an advisory database calls malicious never enters.

Such a record is no matter of versions to come: whoever wrote the release meant harm.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from feedgate.model.decision import Opinion, Verdict
from feedgate.policy.facts import Facts


@dataclass(frozen=True, slots=True)
class Malicious:
    """Refuse releases that a malware record names; hold all where nobody knows the records."""

    code: ClassVar[str] = "malicious"
    needs: ClassVar[frozenset[str]] = frozenset()

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return "what no record of malware names"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh one file by the records of malware."""
        del now
        if facts.advised is None:
            reason = (
                f"{facts.filename}: no advisory database is loaded, so nobody knows the records of malware"
            )
            return Opinion(self.code, Verdict.HOLD, reason)
        records = [match for match in facts.advised.matches if match.is_malware]
        if records:
            named = ", ".join(match.id for match in records)
            ids = tuple(sorted(match.id for match in records))
            return Opinion(
                self.code, Verdict.REFUSE, f"{facts.filename}: is malicious: {named}", findings=ids
            )
        return Opinion(self.code, Verdict.ADMIT, f"{facts.filename}: no record of malware")
