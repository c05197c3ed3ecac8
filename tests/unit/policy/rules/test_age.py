from datetime import timedelta

import pytest

from feedgate.model.decision import Verdict
from feedgate.policy.facts import Advised, Way
from feedgate.policy.rules.age import Age
from tests.unit.policy.facts import FILENAME, NOON, facts, listed_since

RULE = Age(timedelta(days=7))
SECOND = timedelta(seconds=1)
A_FIX = Advised(fixes=("PYSEC-2026-1",))


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(days=7), Verdict.ADMIT, id="exactly-the-wait"),
        pytest.param(timedelta(days=7) - SECOND, Verdict.HOLD, id="one-second-short"),
        pytest.param(timedelta(days=-1), Verdict.HOLD, id="upload-time-in-the-future"),
        pytest.param(timedelta(days=9000), Verdict.ADMIT, id="very-old"),
    ],
)
def test_the_wait_is_over_exactly_on_time(age: timedelta, expected: Verdict) -> None:
    assert RULE.judge(facts(file=listed_since(age)), now=NOON).verdict is expected


def test_an_upstream_that_states_no_upload_time_does_not_open_the_gate() -> None:
    opinion = RULE.judge(facts(file=listed_since(None)), now=NOON)

    assert (opinion.verdict, opinion.until) == (Verdict.HOLD, None)
    assert "states no upload time" in opinion.reason


def test_a_hold_says_how_old_the_file_is_how_long_policy_waits_and_when_time_ends_it() -> None:
    opinion = RULE.judge(facts(file=listed_since(timedelta(days=2))), now=NOON)

    assert opinion.reason == f"{FILENAME}: is 2 d old, policy waits 7 d: until 2026-03-06 12:00 UTC"
    assert opinion.until == NOON + timedelta(days=5)
    assert RULE.judge(facts(file=listed_since(timedelta(days=2))), now=opinion.until).verdict is Verdict.ADMIT


def test_a_fix_does_not_wait_and_the_opinion_says_why() -> None:
    opinion = RULE.judge(facts(file=listed_since(timedelta(days=1)), advised=A_FIX), now=NOON)

    assert (opinion.verdict, opinion.findings) == (Verdict.ADMIT, A_FIX.fixes)
    assert (
        opinion.reason == f"{FILENAME}: is 24 h old and fixes PYSEC-2026-1, so the wait of 7 d does not apply"
    )


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(days=1), Verdict.ADMIT), (timedelta(days=1) - SECOND, Verdict.HOLD)],
    ids=["exactly", "one-second-short"],
)
def test_a_fix_waits_its_own_wait(age: timedelta, expected: Verdict) -> None:
    rule = Age(timedelta(days=7), fix=timedelta(days=1))

    assert rule.judge(facts(file=listed_since(age), advised=A_FIX), now=NOON).verdict is expected


def test_a_fix_never_waits_longer_than_everybody_else() -> None:
    rule = Age(timedelta(days=7), fix=timedelta(days=30))

    opinion = rule.judge(facts(file=listed_since(timedelta(days=7)), advised=A_FIX), now=NOON)

    assert opinion.verdict is Verdict.ADMIT


def test_a_fix_from_the_future_waits_until_its_time_comes() -> None:
    opinion = RULE.judge(facts(file=listed_since(-SECOND), advised=A_FIX), now=NOON)

    assert (opinion.verdict, opinion.until) == (Verdict.HOLD, NOON + SECOND)


def test_where_no_database_is_loaded_nothing_is_a_fix() -> None:
    opinion = RULE.judge(facts(file=listed_since(timedelta(days=1)), advised=None), now=NOON)

    assert opinion.verdict is Verdict.HOLD


def test_a_file_of_the_feed_is_not_judged_by_age() -> None:
    in_feed = listed_since(timedelta(0), source=None)

    assert RULE.judge(facts(file=in_feed), now=NOON).verdict is Verdict.ADMIT


def test_an_upload_is_new_by_nature() -> None:
    for file in (None, listed_since(timedelta(0))):
        assert RULE.judge(facts(way=Way.UPLOAD, file=file), now=NOON).verdict is Verdict.ADMIT


def test_a_wait_of_nothing_holds_nothing() -> None:
    assert Age(timedelta(0)).judge(facts(file=listed_since(timedelta(0))), now=NOON).verdict is Verdict.ADMIT
