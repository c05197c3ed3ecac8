"""What policy makes of a page: each version by what is published of it, and of the one whose place it takes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from packaging.version import Version

from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.gate.facts import ByName, PageJudge
from feedgate.model.distribution import Distribution
from feedgate.model.index import ProjectPage
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.policy.document import parse_policy
from feedgate.policy.policies import DEFAULT, OPEN, Policy
from tests.builders.advisories import make_record
from tests.builders.advisory_database import NOT_LOADED, database_of
from tests.unit.policy.facts import NOON

DEMO = parse_project_name("demo")
DAY = timedelta(days=1)
OLD = 400 * DAY


def page(ages: Mapping[str, timedelta | None], *, in_feed: tuple[str, ...] = ()) -> ProjectPage:
    """Return the page of ``demo`` with a wheel of each version, uploaded so long before NOON."""
    files = tuple(
        Distribution(
            f"demo-{version}-py3-none-any.whl",
            None,
            uploaded_at=None if age is None else NOON - age,
            source=None if version in in_feed else "https://files.example/demo",
        )
        for version, age in ages.items()
    )
    return ProjectPage(DEMO, files, "one")


def hole(fixed: str | None, identity: str = "PYSEC-2026-1", introduced: str = "0") -> dict[str, Any]:
    events = [{"introduced": introduced}, *([] if fixed is None else [{"fixed": fixed}])]
    return make_record(identity, events=events)


def known(*records: Mapping[str, Any], dated_at: datetime = NOON) -> AdvisoryDatabase:
    return database_of(*records, dated_at=dated_at)


def nobody(_name: ProjectName) -> bool:
    return False


def judge_of(database: AdvisoryDatabase, policy: Policy = DEFAULT) -> PageJudge:
    return PageJudge(policy, ByName(database, NOON), nobody)


def verdicts(judge: PageJudge, of: ProjectPage) -> dict[str, str]:
    decisions = judge.judge(of)
    assert decisions is not None
    return {filename.split("-")[1]: decision.verdict.value for filename, decision in decisions.items()}


def test_a_fix_of_yesterday_is_admitted_where_all_else_is_affected_and_says_why() -> None:
    judge = judge_of(known(hole("2.0")))

    found = verdicts(judge, page({"1.0": OLD, "1.1": OLD, "2.0": DAY}))

    assert found == {"1.0": "refuse", "1.1": "refuse", "2.0": "admit"}
    decision = judge.decision_of(DEMO, "demo-2.0-py3-none-any.whl")
    assert decision is not None
    assert "fixes PYSEC-2026-1, so the wait of 7 d does not apply" in " ".join(
        opinion.reason for opinion in decision.opinions
    )


def test_only_the_version_that_is_named_as_the_fix_does_not_wait() -> None:
    found = verdicts(judge_of(known(hole("2.0"))), page({"1.0": OLD, "2.0": DAY, "2.0.1": DAY, "2.1": DAY}))

    assert found == {"1.0": "refuse", "2.0": "admit", "2.0.1": "hold", "2.1": "hold"}


def test_a_fix_is_none_where_the_version_whose_place_it_takes_is_not_affected() -> None:
    listed = make_record(events=[{"introduced": "1.0"}, {"fixed": "2.0"}])

    assert verdicts(judge_of(known(listed)), page({"0.9": OLD, "2.0": DAY})) == {
        "0.9": "admit",
        "2.0": "hold",
    }
    assert verdicts(judge_of(known(listed)), page({"2.0": DAY})) == {"2.0": "hold"}


def test_each_line_of_releases_has_its_own_fix() -> None:
    lines = make_record(
        events=[{"introduced": "0"}, {"fixed": "1.9"}, {"introduced": "2.0"}, {"fixed": "2.3"}]
    )

    found = verdicts(judge_of(known(lines)), page({"1.8": OLD, "1.9": DAY, "2.2": OLD, "2.3": DAY}))

    assert found == {"1.8": "refuse", "1.9": "admit", "2.2": "refuse", "2.3": "admit"}


def test_a_pre_release_is_no_version_whose_place_a_final_one_takes() -> None:
    rc_alone = make_record(events=[{"introduced": "2.0rc1"}, {"fixed": "2.0"}])

    assert verdicts(judge_of(known(rc_alone)), page({"1.0": OLD, "2.0rc1": OLD, "2.0": DAY})) == {
        "1.0": "admit",
        "2.0rc1": "refuse",
        "2.0": "hold",
    }


def test_a_pre_release_may_be_the_fix_of_a_final_one() -> None:
    found = verdicts(judge_of(known(hole("2.0rc1"))), page({"1.0": OLD, "2.0rc1": DAY}))

    assert found == {"1.0": "refuse", "2.0rc1": "admit"}


def test_a_file_of_the_feed_is_not_judged_by_age_but_by_what_is_known_of_it() -> None:
    feed = page({"1.0": timedelta(0), "2.0": timedelta(0)}, in_feed=("1.0", "2.0"))

    assert verdicts(judge_of(known(hole("2.0"))), feed) == {"1.0": "refuse", "2.0": "admit"}


def test_the_feeds_own_names_are_judged_as_uploads() -> None:
    judge = PageJudge(DEFAULT, ByName(known(), NOON), lambda _name: True)

    assert verdicts(judge, page({"1.0": DAY, "2.0": None})) == {"1.0": "admit", "2.0": "admit"}


def test_where_no_database_is_loaded_everything_is_held() -> None:
    judge = judge_of(NOT_LOADED)

    assert verdicts(judge, page({"1.0": OLD})) == {"1.0": "hold"}
    assert "no advisory database is loaded" in (judge.why_blind() or "")


def test_a_policy_that_judges_no_pages_is_not_asked() -> None:
    judge = judge_of(NOT_LOADED, OPEN)

    assert judge.judge(page({"1.0": DAY})) is None
    assert judge.decision_of(DEMO, "demo-1.0-py3-none-any.whl") is None
    assert judge.why_blind() is None


def test_a_page_is_judged_once_and_anew_when_it_changed() -> None:
    judge = judge_of(known())
    first = judge.judge(page({"1.0": OLD}))

    assert judge.judge(page({"1.0": OLD})) is first
    changed = replace(page({"1.0": OLD, "2.0": DAY}), validator="two")
    assert verdicts(judge, changed) == {"1.0": "admit", "2.0": "hold"}


def test_a_file_whose_name_says_no_version_has_no_decision() -> None:
    odd = Distribution("demo.exe", None, source="https://files.example/demo")
    with_odd = replace(page({"1.0": OLD}), files=(*page({"1.0": OLD}).files, odd))

    assert verdicts(judge_of(known()), with_odd) == {"1.0": "admit"}


def test_what_is_published_of_a_chosen_release_is_what_its_page_was_judged_by() -> None:
    judge = judge_of(known(hole("2.0")))
    of = page({"1.0": OLD, "2.0rc1": OLD, "2.0": DAY})

    advised = judge.advised(of, Version("2.0"))

    assert advised is not None
    assert (advised.matches, advised.fixes) == ((), ("PYSEC-2026-1",))


@pytest.mark.parametrize(
    ("age", "trusted"),
    [
        pytest.param(timedelta(days=7), True, id="exactly-the-most"),
        pytest.param(timedelta(days=7, seconds=1), False, id="one-second-older"),
        pytest.param(timedelta(days=-1), True, id="from-the-future"),
    ],
)
def test_a_database_that_is_too_old_is_not_trusted(age: timedelta, trusted: bool) -> None:
    why = judge_of(known(dated_at=NOON - age)).why_blind()

    assert (why is None) is trusted
    if why is not None:
        assert "made is 7 days old" in why
        assert "feedgate advisories update" in why


def test_a_database_s_age_that_is_reported_does_not_count_and_is_known() -> None:
    reported = parse_policy('name = "ours"\n[rules.database-age]\nreport = true')
    judge = judge_of(NOT_LOADED, reported)

    assert judge.why_blind() is None
    assert "no advisory database is loaded" in (judge.why_database_is_too_old() or "")


def test_an_exception_of_the_policy_counts_on_pages_too() -> None:
    excepting = parse_policy(
        'name = "ours"\n[[exception]]\nproject = "demo"\nrule = "age"\nreason = "ours"\nuntil = 2026-03-01'
    )

    assert verdicts(judge_of(known(), excepting), page({"1.0": DAY})) == {"1.0": "admit"}


@pytest.mark.parametrize("spelled", ["2", "2.0", "2.0.0", "v2.0"])
def test_a_fix_is_the_fix_however_the_advisory_spells_its_version(spelled: str) -> None:
    found = verdicts(judge_of(known(hole(spelled))), page({"1.0": OLD, "2.0": DAY}))

    assert found == {"1.0": "refuse", "2.0": "admit"}
