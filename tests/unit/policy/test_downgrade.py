"""Nobody is led into the past quietly: blocked, one step on the other side, and what nobody can tell."""

from datetime import timedelta

import pytest

from feedgate.model.decision import Opinion, Verdict
from feedgate.model.distribution import Distribution
from feedgate.policy.decide import decide, with_opinion
from feedgate.policy.document import parse_policy
from feedgate.policy.downgrade import Downgrade
from feedgate.policy.policies import DEFAULT, OPEN
from tests.unit.policy.facts import NOON, facts

RULE = Downgrade(timedelta(days=365))
YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)


def file(version: str, age: timedelta | None) -> Distribution:
    uploaded_at = None if age is None else NOON - age
    return Distribution(f"demo-{version}-py3-none-any.whl", None, uploaded_at=uploaded_at)


def judge(
    chosen: Distribution,
    *hidden: Distribution,
    waiting: tuple[str, ...] = (),
    bound: bool = False,
    prereleases: bool = False,
) -> Opinion | None:
    return RULE.judge(chosen, hidden, waiting=waiting, is_bound=bound, asks_prereleases=prereleases)


def test_what_is_older_by_more_than_the_most_is_held_and_both_are_named() -> None:
    opinion = judge(file("1.0", 2 * YEAR), file("2.0", timedelta(0)), file("1.5", YEAR))

    assert opinion is not None
    assert (opinion.verdict, opinion.findings) == (Verdict.HOLD, ("hidden:2.0",))
    assert opinion.reason == (
        "demo-1.0-py3-none-any.whl: is 730 d older: 2024-03-01; policy hid demo 2.0 of 2026-03-01"
    )


@pytest.mark.parametrize(
    ("between", "is_held"),
    [(YEAR, False), (YEAR + SECOND, True), (timedelta(0), False), (-YEAR, False)],
    ids=["exactly-the-most", "one-second-more", "the-same-moment", "uploaded-later"],
)
def test_the_most_is_exact(between: timedelta, is_held: bool) -> None:
    assert (judge(file("1.0", between), file("2.0", timedelta(0))) is not None) is is_held


@pytest.mark.parametrize(("chosen", "hidden"), [(None, YEAR), (YEAR, None), (None, None)])
def test_an_age_that_nobody_can_tell_is_held(chosen: timedelta | None, hidden: timedelta | None) -> None:
    opinion = judge(file("1.0", chosen), file("2.0", hidden))

    assert opinion is not None
    assert "an upload time is not stated" in opinion.reason


def test_what_the_request_itself_bounds_is_its_own_affair() -> None:
    assert judge(file("1.0", 9 * YEAR), file("2.0", timedelta(0)), bound=True) is None


def test_only_newer_versions_make_a_step_back() -> None:
    assert judge(file("2.0", 9 * YEAR), file("1.0", timedelta(0))) is None
    assert judge(file("2.0", 9 * YEAR)) is None


def test_a_hidden_pre_release_is_no_loss() -> None:
    assert judge(file("1.0", 9 * YEAR), file("2.0rc1", timedelta(0))) is None


@pytest.mark.parametrize("bound", [True, False])
def test_a_pre_release_in_a_final_versions_place_is_held_unless_it_was_asked_for(bound: bool) -> None:
    opinion = judge(file("2.0rc1", timedelta(0)), file("1.0", timedelta(0)), bound=bound)

    assert opinion is not None
    assert "demo-2.0rc1-py3-none-any.whl: is a pre-release that nobody asked for" in opinion.reason
    assert "policy hid demo 1.0" in opinion.reason
    assert judge(file("2.0rc1", timedelta(0)), file("1.0", timedelta(0)), prereleases=True) is None


def test_what_only_waits_for_its_time_makes_no_step_back_of_what_everybody_has_until_then() -> None:
    young, affected = file("3.0", timedelta(days=1)), file("2.0", timedelta(days=30))
    waiting = (young.filename,)

    assert judge(file("1.0", 9 * YEAR), young, waiting=waiting) is None
    opinion = judge(file("1.0", 9 * YEAR), young, affected, waiting=waiting)
    assert opinion is not None
    assert opinion.findings == ("hidden:2.0",)
    assert judge(file("2.0rc1", YEAR), young, waiting=waiting) is not None, "a pre-release is no release"


def test_a_project_of_pre_releases_alone_is_as_it_is() -> None:
    assert judge(file("2.0rc1", timedelta(0)), file("2.0rc2", timedelta(0))) is None


def test_default_asks_and_open_does_not() -> None:
    assert DEFAULT.downgrade == RULE
    assert OPEN.downgrade is None


def test_a_document_sets_reports_and_excepts_it() -> None:
    text = 'name = "ours"\nlike = "open"\n[rules.downgrade]\nmax_days = 30\n'
    excepted = (
        f'{text}[[exception]]\nproject = "demo"\nrule = "downgrade"\nreason = "old"\nuntil = 2026-12-31'
    )
    opinion = judge(file("1.0", 2 * YEAR), file("2.0", timedelta(0)))
    assert opinion is not None

    verdicts = []
    for document in (text, f"{text}report = true", excepted):
        policy = parse_policy(document)
        assert policy.downgrade == Downgrade(timedelta(days=30))
        sound = decide(policy, facts(), now=NOON)
        decision = with_opinion(policy, sound, opinion, "demo-1.0-py3-none-any.whl", now=NOON)
        assert opinion.reason in decision.opinions[-1].reason
        verdicts.append(decision.verdict)
    assert verdicts == [Verdict.HOLD, Verdict.ADMIT, Verdict.ADMIT]
