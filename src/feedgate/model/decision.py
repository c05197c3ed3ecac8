"""Verdicts, the opinions of rules, and the decision that sums them up."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """Refuse beats hold beats admit."""

    ADMIT = "admit"
    HOLD = "hold"
    REFUSE = "refuse"

    @property
    def rank(self) -> int:
        """0 for admit up to 2 for refuse."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one rule says, and why, in one sentence.

    ``until`` is when time alone ends a hold (aware UTC). ``findings`` are what it goes by, in names that last
    (advisory ids, codes of inspectors): who lets these pass has not let others pass.
    """

    rule: str
    verdict: Verdict
    reason: str
    until: datetime | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """All opinions on one file, under the policy of that name; those of the rules in ``reported`` do not count."""

    policy: str
    opinions: tuple[Opinion, ...]
    reported: frozenset[str] = frozenset()

    @property
    def counting(self) -> tuple[Opinion, ...]:
        """The opinions that the verdict is made of."""
        return tuple(opinion for opinion in self.opinions if opinion.rule not in self.reported)

    @property
    def deciding(self) -> tuple[Opinion, ...]:
        """The opinions that keep the file out; none where it is admitted."""
        verdict = self.verdict
        if verdict is Verdict.ADMIT:
            return ()
        return tuple(opinion for opinion in self.counting if opinion.verdict is verdict)

    @property
    def verdict(self) -> Verdict:
        """The gravest of the opinions; admit where there is none."""
        return max(
            (opinion.verdict for opinion in self.counting), key=lambda v: v.rank, default=Verdict.ADMIT
        )

    @property
    def reason(self) -> str:
        """Why, in words: the reasons of the opinions that decided."""
        return "; ".join(opinion.reason for opinion in self.deciding)
