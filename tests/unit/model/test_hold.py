"""A release lets exactly what was held pass, and who asks does not answer alone."""

from dataclasses import replace

import pytest

from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.hold import Hold, HoldState, Releases
from feedgate.model.run import RunId
from tests.builders.holds import new_hold
from tests.builders.installation import NOON

HELD = new_hold("demo", "PYSEC-1", "PYSEC-2")
OPEN = Hold(1, HELD, RunId("run_1"), "alice", NOON)
RELEASED = replace(OPEN, state=HoldState.RELEASED, ended_by="bob", ended_because="looked at")


@pytest.mark.parametrize(
    ("hold", "requester", "passes"),
    [
        pytest.param(OPEN, "alice", False, id="nobody-answered"),
        pytest.param(replace(RELEASED, state=HoldState.REFUSED), "alice", False, id="refused"),
        pytest.param(RELEASED, "alice", True, id="another-person-released"),
        pytest.param(RELEASED, "bob", False, id="the-requester-released"),
        pytest.param(replace(RELEASED, confirmed_by="bob"), "bob", False, id="and-confirmed-too"),
        pytest.param(replace(RELEASED, confirmed_by="carol"), "bob", True, id="another-person-confirmed"),
    ],
)
def test_who_asks_does_not_answer_alone(hold: Hold, requester: str, passes: bool) -> None:
    assert hold.lets_pass(requester, second_person=True) is passes


def test_without_the_second_person_one_person_does_both() -> None:
    assert RELEASED.lets_pass("bob", second_person=False)
    assert not OPEN.lets_pass("bob", second_person=False)


def decision(*opinions: Opinion) -> Decision:
    return Decision("team", opinions)


def held(*findings: str, rule: str = "advisories", verdict: Verdict = Verdict.HOLD) -> Opinion:
    return Opinion(rule, verdict, "kept out", findings=findings)


@pytest.mark.parametrize(
    ("opinion", "digest", "verdict"),
    [
        pytest.param(held("PYSEC-1"), HELD.digest, Verdict.ADMIT, id="seen"),
        pytest.param(held("PYSEC-1", "PYSEC-3"), HELD.digest, Verdict.HOLD, id="a-new-finding"),
        pytest.param(held(), HELD.digest, Verdict.HOLD, id="nothing-is-known-any-more"),
        pytest.param(held(rule="age"), HELD.digest, Verdict.HOLD, id="another-rule"),
        pytest.param(held("PYSEC-1"), Digest("0" * 64), Verdict.HOLD, id="other-bytes"),
        pytest.param(held("PYSEC-1"), None, Verdict.HOLD, id="unknown-bytes"),
        pytest.param(held("PYSEC-1", verdict=Verdict.REFUSE), HELD.digest, Verdict.REFUSE, id="refused"),
    ],
)
def test_a_release_answers_what_was_held_and_nothing_else(
    opinion: Opinion, digest: Digest | None, verdict: Verdict
) -> None:
    applied = Releases((RELEASED,)).applied(decision(opinion), digest)

    assert applied.verdict is verdict


def test_the_answer_stands_in_the_reason() -> None:
    held = decision(Opinion("advisories", Verdict.HOLD, "demo: PYSEC-1", None, ("PYSEC-1",)))

    applied = Releases((RELEASED,)).applied(held, HELD.digest)

    assert applied.opinions[0].reason == "demo: PYSEC-1; released by bob as hold 1: looked at"
    assert Releases().applied(held, HELD.digest) is held
