"""Which database may take the place of the loaded one, and what a refusal says."""

from datetime import UTC, datetime, timedelta

import pytest

from feedgate.gate.advisory_admission import (
    AdvisoriesEmpty,
    AdvisoriesFewer,
    AdvisoriesFromTheFuture,
    AdvisoriesOlder,
    Ahead,
    check_replaces,
)
from feedgate.model.advisory_source import LoadedAdvisories
from feedgate.model.digest import Digest

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


def loaded(records: int = 1000, dated_at: datetime = NOON) -> LoadedAdvisories:
    return LoadedAdvisories("osv", Digest("a" * 64), Digest("b" * 64), dated_at, NOON, records, 0, 0)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        pytest.param(loaded(1), None, id="the-first"),
        pytest.param(loaded(), loaded(), id="as-old-and-as-large"),
        pytest.param(loaded(950), loaded(1000), id="five-percent-fewer"),
        pytest.param(loaded(19), loaded(20), id="five-percent-of-few"),
        pytest.param(loaded(5000), loaded(10), id="many-more"),
    ],
)
def test_what_is_as_good_takes_its_place(new: LoadedAdvisories, old: LoadedAdvisories | None) -> None:
    check_replaces(new, None, old, now=NOON)


def test_an_older_one_does_not_and_both_dates_are_said() -> None:
    with pytest.raises(AdvisoriesOlder) as raised:
        check_replaces(loaded(dated_at=NOON - timedelta(minutes=1)), None, loaded(), now=NOON)

    assert "2026-03-08 11:59 UTC" in raised.value.message
    assert "2026-03-08 12:00 UTC" in raised.value.message
    assert "--force" in raised.value.next_step


@pytest.mark.parametrize(("records", "before"), [(949, 1000), (18, 20), (1, 2661)])
def test_one_with_many_fewer_records_does_not_and_both_counts_are_said(records: int, before: int) -> None:
    with pytest.raises(
        AdvisoriesFewer, match=rf"has {records} records, loaded are {before}: more than 5 % fewer"
    ):
        check_replaces(loaded(records), None, loaded(before), now=NOON)


@pytest.mark.parametrize("old", [None, loaded()])
def test_an_empty_one_never_does(old: LoadedAdvisories | None) -> None:
    with pytest.raises(AdvisoriesEmpty, match=f"loaded are {1000 if old else 0}"):
        check_replaces(loaded(0), None, old, now=NOON)


def test_records_of_the_future_are_counted_and_the_last_one_is_said() -> None:
    ahead = Ahead(3, datetime(2026, 4, 1, tzinfo=UTC))

    with pytest.raises(
        AdvisoriesFromTheFuture, match=r"3 of its records .* 2026-04-01 00:00 UTC; now is 2026-03-08"
    ):
        check_replaces(loaded(), ahead, None, now=NOON)
