"""What a caller asked for, read."""

from datetime import UTC, datetime

import pytest

from feedgate.intake.asked import Asked, InvalidMoment, newest_allowed
from feedgate.model.run import RunKind


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("2026-03-31", datetime(2026, 4, 1, tzinfo=UTC), id="a-date-is-to-its-end"),
        pytest.param("2026-03-31T12:00:00Z", datetime(2026, 3, 31, 12, tzinfo=UTC), id="utc"),
        pytest.param("2026-03-31T12:00:00", datetime(2026, 3, 31, 12, tzinfo=UTC), id="no-zone-is-utc"),
        pytest.param("2026-03-31T12:00:00+14:00", datetime(2026, 3, 30, 22, tzinfo=UTC), id="another-zone"),
        pytest.param("9999-12-30", datetime(9999, 12, 31, tzinfo=UTC), id="the-last-day-that-has-an-end"),
    ],
)
def test_a_moment_is_read_as_utc(raw: str, expected: datetime) -> None:
    assert newest_allowed(Asked(RunKind.ADD, exclude_newer=raw)) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "yesterday",
        "2026-02-30",
        pytest.param("9999-12-31", id="its-end-is-in-the-year-10000"),
        pytest.param("0001-01-01T00:00:00+14:00", id="in-utc-before-the-year-1"),
        pytest.param("9999-12-31T23:59:59-01:00", id="in-utc-behind-the-year-9999"),
    ],
)
def test_what_is_no_moment_is_refused(raw: str) -> None:
    with pytest.raises(InvalidMoment):
        newest_allowed(Asked(RunKind.ADD, exclude_newer=raw))
