"""What did not count and should be known: each once, and never without end."""

import pytest

from feedgate.intake.remarks import remarks
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.records.decisions import Judged


def judged(*opinions: Opinion, reported: tuple[str, ...] = (), filename: str = "demo-1.0.whl") -> Judged:
    return Judged(filename, Digest("0" * 64), "admit", "", "ours", opinions, frozenset(reported))


@pytest.mark.parametrize(
    ("verdict", "says"), [(Verdict.HOLD, "would hold it"), (Verdict.REFUSE, "would refuse it")]
)
def test_what_a_reported_rule_would_have_done_is_told(verdict: Verdict, says: str) -> None:
    file = judged(Opinion("age", verdict, "is new"), reported=("age",))

    assert remarks([file], ()) == (f"reported, does not count: age {says}: is new",)


def test_a_reported_rule_that_admits_has_nothing_to_say() -> None:
    assert remarks([judged(Opinion("age", Verdict.ADMIT, "is old"), reported=("age",))], ()) == ()


def test_an_admission_that_goes_by_findings_is_told() -> None:
    file = judged(Opinion("age", Verdict.ADMIT, "fixes PYSEC-1", findings=("PYSEC-1",)))

    assert remarks([file], ()) == ("fixes PYSEC-1",)


@pytest.mark.parametrize(
    "opinion",
    [
        Opinion("age", Verdict.ADMIT, "is old"),
        Opinion("archive", Verdict.ADMIT, "is odd", findings=("record-missing",)),
        Opinion("age", Verdict.HOLD, "is new", findings=("PYSEC-1",)),
    ],
    ids=["plain", "an-inspectors-note", "one-that-counted"],
)
def test_what_counted_or_is_no_news_is_not_told_again(opinion: Opinion) -> None:
    assert remarks([judged(opinion)], ()) == ()


def test_each_is_told_once_and_very_many_are_summed_up() -> None:
    twice = [judged(Opinion("age", Verdict.HOLD, "is new"), reported=("age",))] * 2
    many = [judged(Opinion("age", Verdict.HOLD, f"no {n}"), reported=("age",)) for n in range(150)]

    assert len(remarks(twice, ())) == 1
    assert len(remarks(many, ())) == 101
    assert remarks(many, ())[-1] == "and 50 more like these"
