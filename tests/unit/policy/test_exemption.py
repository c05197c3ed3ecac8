from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from feedgate.model.decision import Verdict
from feedgate.model.names import parse_project_name
from feedgate.policy.decide import decide
from feedgate.policy.exemption import Exemption
from feedgate.policy.facts import Advised
from feedgate.policy.policies import DEFAULT, Policy
from feedgate.policy.rules.age import Age
from feedgate.policy.rules.malicious import Malicious
from tests.unit.policy.facts import FILENAME, NOON, facts, listed_since, match

DEMO = parse_project_name("Demo")
AGE = Age(timedelta(days=7))
YOUNG = facts(file=listed_since(timedelta(days=1)))
NAMED = Exemption(DEMO, "age", "we make it", date(2026, 3, 1))


def policy(*exemptions: Exemption) -> Policy:
    return Policy("ours", (AGE, Malicious()), exemptions=exemptions)


def test_an_exception_takes_one_rules_word_away_and_both_stay_readable() -> None:
    decision = decide(policy(NAMED), YOUNG, now=NOON)

    assert (decision.verdict, decision.opinions[0].findings) == (Verdict.ADMIT, ("exception:age",))
    reason = decision.opinions[0].reason
    assert reason.startswith(f"{FILENAME}: is 24 h old, policy waits 7 d")
    assert reason.endswith("excepted up to 2026-03-01: we make it")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), Verdict.ADMIT, id="the-end-of-its-day"),
        pytest.param(datetime(2026, 3, 2, tzinfo=UTC), Verdict.HOLD, id="one-second-later"),
        pytest.param(
            datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2))), Verdict.ADMIT, id="elsewhere"
        ),
    ],
)
def test_it_ends_by_itself_at_the_end_of_its_day(now: datetime, expected: Verdict) -> None:
    assert decide(policy(NAMED), YOUNG, now=now).verdict is expected


def test_the_last_day_of_all_is_a_day_too() -> None:
    last = Exemption(DEMO, "age", "for good", date.max)

    assert decide(policy(last), YOUNG, now=NOON).verdict is Verdict.ADMIT


@pytest.mark.parametrize(
    "other",
    [
        Exemption(parse_project_name("demo2"), "age", "another", date(2026, 3, 1)),
        Exemption(DEMO, "malicious", "another", date(2026, 3, 1)),
    ],
    ids=["another-project", "another-rule"],
)
def test_it_is_for_one_project_and_one_rule(other: Exemption) -> None:
    assert decide(policy(other), YOUNG, now=NOON).verdict is Verdict.HOLD


def test_all_other_rules_still_count() -> None:
    malicious = facts(
        file=listed_since(timedelta(days=1)), advised=Advised((match("MAL-2026-1", is_malware=True),))
    )

    decision = decide(policy(NAMED), malicious, now=NOON)

    assert (decision.verdict, [one.rule for one in decision.deciding]) == (Verdict.REFUSE, ["malicious"])


def test_what_is_admitted_anyway_says_nothing_of_exceptions() -> None:
    decision = decide(policy(NAMED), facts(file=listed_since(timedelta(days=8))), now=NOON)

    assert decision.opinions[0].reason == f"{FILENAME}: is 8 d old"


def test_a_file_whose_name_says_no_project_has_no_exception() -> None:
    nameless = facts(filename="x.whl", file=listed_since(timedelta(days=1)))

    assert decide(policy(NAMED), nameless, now=NOON).verdict is Verdict.HOLD


def test_pages_are_judged_with_the_exceptions_too() -> None:
    assert policy(NAMED).of_pages.exemptions == (NAMED,)
    assert DEFAULT.exemptions == ()
