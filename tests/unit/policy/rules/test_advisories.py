import pytest

from feedgate.model.advisory import AdvisorySeverity
from feedgate.model.decision import Verdict
from feedgate.policy.facts import Advised, Way
from feedgate.policy.rules.advisories import Advisories
from tests.unit.policy.facts import FILENAME, NOON, facts, match

RULE = Advisories()
FIXABLE = match("PYSEC-2026-1", fixed="2.0", aliases=("CVE-2026-7",))
UNFIXABLE = match("PYSEC-2026-2")


@pytest.mark.parametrize("way", list(Way))
def test_a_hole_that_has_a_fix_is_refused_naming_advisory_alias_and_fix(way: Way) -> None:
    opinion = RULE.judge(facts(way=way, advised=Advised((FIXABLE,))), now=NOON)

    assert opinion.verdict is Verdict.REFUSE
    assert opinion.reason == f"{FILENAME}: PYSEC-2026-1, CVE-2026-7 (high): fixed in 2.0"


def test_a_hole_without_a_fix_is_a_persons_to_decide() -> None:
    opinion = RULE.judge(facts(advised=Advised((UNFIXABLE,))), now=NOON)

    assert opinion.verdict is Verdict.HOLD
    assert opinion.reason == f"{FILENAME}: PYSEC-2026-2 (high): no fix is known"


def test_a_release_on_which_nothing_is_published_is_admitted() -> None:
    assert RULE.judge(facts(advised=Advised()), now=NOON).verdict is Verdict.ADMIT


def test_where_nobody_loaded_a_database_nobody_knows() -> None:
    opinion = RULE.judge(facts(advised=None), now=NOON)

    assert opinion.verdict is Verdict.HOLD
    assert "no advisory database is loaded" in opinion.reason


def test_of_several_the_gravest_decide_and_are_named() -> None:
    opinion = RULE.judge(facts(advised=Advised((UNFIXABLE, FIXABLE))), now=NOON)

    assert opinion.verdict is Verdict.REFUSE
    assert "PYSEC-2026-1" in opinion.reason
    assert "PYSEC-2026-2" not in opinion.reason


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        (AdvisorySeverity.CRITICAL, Verdict.REFUSE),
        (AdvisorySeverity.HIGH, Verdict.REFUSE),
        (AdvisorySeverity.MEDIUM, Verdict.ADMIT),
        (AdvisorySeverity.LOW, Verdict.ADMIT),
    ],
)
def test_what_is_below_the_least_severity_is_told_and_does_not_count(
    severity: AdvisorySeverity, expected: Verdict
) -> None:
    rule = Advisories(least=AdvisorySeverity.HIGH)

    opinion = rule.judge(facts(advised=Advised((match(fixed="2.0", severity=severity),))), now=NOON)

    assert opinion.verdict is expected
    assert "PYSEC-2026-1" in opinion.reason


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_settings_say_what_a_hole_is_worth(verdict: Verdict) -> None:
    both = Advisories(fixable=verdict, unfixable=verdict)

    for one in (FIXABLE, UNFIXABLE):
        assert both.judge(facts(advised=Advised((one,))), now=NOON).verdict is verdict


def test_a_record_of_malware_is_the_other_rules_affair() -> None:
    malware = match("MAL-2026-1", is_malware=True)

    assert RULE.judge(facts(advised=Advised((malware,))), now=NOON).verdict is Verdict.ADMIT
