"""Verdicts, the opinions of rules, and the decision that sums them up."""

from dataclasses import dataclass
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
    """What one rule says, and why, in one sentence."""

    rule: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """All opinions on one file, under the policy of that name."""

    policy: str
    opinions: tuple[Opinion, ...]

    @property
    def verdict(self) -> Verdict:
        """The gravest of the opinions; admit where there is none."""
        return max(
            (opinion.verdict for opinion in self.opinions), key=lambda v: v.rank, default=Verdict.ADMIT
        )

    @property
    def reason(self) -> str:
        """Why, in words: the reasons of the opinions that decided."""
        return "; ".join(
            o.reason for o in self.opinions if o.verdict is self.verdict and self.verdict is not Verdict.ADMIT
        )
