"""Rule: let a release settle before it may enter.

Hijacked releases tend to be found out within days, so waiting is the cheapest
defence there is. The age comes from ``upload-time`` (PEP 700). A fix does not
wait: who waits for the fix of a hole keeps the hole.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from feedgate.model.decision import Opinion, Verdict
from feedgate.policy.facts import Facts, Way


@dataclass(frozen=True, slots=True)
class Age:
    """Hold every imported file that was uploaded less than ``wait`` ago; a fix only less than ``fix``."""

    code: ClassVar[str] = "age"
    needs: ClassVar[frozenset[str]] = frozenset()

    wait: timedelta
    fix: timedelta = timedelta(0)

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return f"imports of at least {_days(self.wait)}, fixes of at least {_days(self.fix)}"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        """Weigh one file; what was uploaded, or is in the feed already, waits no more."""
        if facts.way is Way.UPLOAD or facts.file is None or facts.file.source is None:
            return Opinion(self.code, Verdict.ADMIT, f"{facts.filename}: does not come from the upstream")
        if facts.file.uploaded_at is None:
            return Opinion(self.code, Verdict.HOLD, f"{facts.filename}: the upstream states no upload time")
        fixes = () if facts.advised is None else facts.advised.fixes
        age, wait = now - facts.file.uploaded_at, min(self.fix, self.wait) if fixes else self.wait
        if age < wait:
            over = (facts.file.uploaded_at + wait).strftime("%Y-%m-%d %H:%M UTC")
            return Opinion(
                self.code,
                Verdict.HOLD,
                f"{facts.filename}: is {_days(age)} old, policy waits {_days(wait)}: until {over}",
                until=facts.file.uploaded_at + wait,
            )
        if fixes and age < self.wait:
            return Opinion(
                self.code,
                Verdict.ADMIT,
                f"{facts.filename}: is {_days(age)} old and fixes {', '.join(fixes)}, "
                f"so the wait of {_days(self.wait)} does not apply",
                findings=fixes,
            )
        return Opinion(self.code, Verdict.ADMIT, f"{facts.filename}: is {_days(age)} old")


def _days(span: timedelta) -> str:
    """Return a span in whole days, in hours below two days; one that is negative lies in the future."""
    if timedelta(0) <= span < timedelta(days=2):
        return f"{span // timedelta(hours=1)} h"
    return f"{span // timedelta(days=1)} d"
