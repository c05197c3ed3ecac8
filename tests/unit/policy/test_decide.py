from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

import pytest

from feedgate.model.decision import Opinion, Verdict
from feedgate.policy.decide import decide
from feedgate.policy.facts import Advised, Facts, Way
from feedgate.policy.policies import OPEN, Policy
from feedgate.policy.rules.malicious import Malicious
from tests.unit.policy.facts import FILENAME, NOON, facts, found, match


@dataclass(frozen=True, slots=True)
class Says:
    """A rule that says what it is told to, and remembers when it was asked."""

    code: ClassVar[str] = "says"
    needs: ClassVar[frozenset[str]] = frozenset()

    verdict: Verdict
    asked_at: list[datetime] = field(default_factory=list)

    @property
    def meaning(self) -> str:
        return "what it is told to"

    def judge(self, facts: Facts, *, now: datetime) -> Opinion:
        self.asked_at.append(now)
        return Opinion(self.code, self.verdict, f"says {self.verdict}")


@dataclass(frozen=True, slots=True)
class Needs(Says):
    """The same, after two inspectors have looked."""

    needs: ClassVar[frozenset[str]] = frozenset({"archive", "malware"})


@pytest.mark.parametrize(
    ("verdicts", "sum_of_them"),
    [
        ((), Verdict.ADMIT),
        ((Verdict.ADMIT, Verdict.ADMIT), Verdict.ADMIT),
        ((Verdict.ADMIT, Verdict.HOLD), Verdict.HOLD),
        ((Verdict.REFUSE, Verdict.HOLD, Verdict.ADMIT), Verdict.REFUSE),
    ],
)
def test_refuse_beats_hold_beats_admit_and_every_opinion_is_kept(
    verdicts: tuple[Verdict, ...], sum_of_them: Verdict
) -> None:
    decision = decide(Policy("ours", tuple(Says(verdict) for verdict in verdicts)), facts(), now=NOON)

    assert decision.verdict is sum_of_them
    assert decision.policy == "ours"
    assert tuple(opinion.verdict for opinion in decision.opinions) == verdicts


def test_the_clock_is_the_caller_s() -> None:
    rule = Says(Verdict.ADMIT)

    decide(Policy("ours", (rule,)), facts(), now=NOON)

    assert rule.asked_at == [NOON]


@pytest.mark.parametrize("way", list(Way))
def test_a_file_that_nobody_looked_at_is_held_without_asking_the_rule(way: Way) -> None:
    rule = Needs(Verdict.ADMIT)

    decision = decide(Policy("ours", (rule,)), facts(way=way, findings={"archive": ()}), now=NOON)

    assert decision.verdict is Verdict.HOLD
    assert decision.reason == f"{FILENAME}: not looked at by inspector malware"
    assert rule.asked_at == []


def test_a_file_that_was_looked_at_is_judged() -> None:
    rule = Needs(Verdict.ADMIT)

    decision = decide(Policy("ours", (rule,)), facts(findings={"archive": (), "malware": ()}), now=NOON)

    assert decision.verdict is Verdict.ADMIT


def test_open_admits_a_sound_file_and_holds_one_that_was_not_looked_at() -> None:
    assert decide(OPEN, facts(), now=NOON).verdict is Verdict.ADMIT
    assert decide(OPEN, facts(findings={}), now=NOON).verdict is Verdict.HOLD


def test_what_open_admits_with_a_finding_still_says_what_was_found() -> None:
    decision = decide(OPEN, facts(findings={"archive": (found("record-missing"),), "metadata": ()}), now=NOON)

    assert decision.verdict is Verdict.ADMIT
    assert f"{FILENAME}: it is record-missing" in [opinion.reason for opinion in decision.opinions]


def test_what_a_reported_rule_says_is_kept_and_does_not_count() -> None:
    policy = Policy("ours", (Says(Verdict.REFUSE),), reported=frozenset({"says"}))

    decision = decide(policy, facts(), now=NOON)

    assert decision.verdict is Verdict.ADMIT
    assert (decision.deciding, decision.reason) == ((), "")
    assert [(opinion.verdict, opinion.reason) for opinion in decision.opinions] == [
        (Verdict.REFUSE, "says refuse")
    ]


def test_a_rule_that_counts_still_decides_beside_a_graver_one_that_is_reported() -> None:
    policy = Policy(
        "ours", (Says(Verdict.HOLD), Malicious()), reported=frozenset({Malicious.code, "no-rule-of-it"})
    )
    malware = facts(advised=Advised((match("MAL-2026-1", is_malware=True),)))

    decision = decide(policy, malware, now=NOON)

    assert (decision.verdict, decision.reason) == (Verdict.HOLD, "says hold")
