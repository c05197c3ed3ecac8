"""Sizes, times and spans as people write and read them."""

from datetime import timedelta

import pytest

from feedgate.cli.units import InvalidSpan, parse_span, seconds, size


@pytest.mark.parametrize(
    ("raw", "span"),
    [
        ("1h", timedelta(hours=1)),
        ("90d", timedelta(days=90)),
        ("4w", timedelta(weeks=4)),
        ("1y", timedelta(days=365)),
        ("99999h", timedelta(hours=99999)),
        ("never", None),
    ],
)
def test_a_span_is_a_number_and_a_unit(raw: str, span: timedelta | None) -> None:
    assert parse_span(raw) == span


@pytest.mark.parametrize(
    "raw", ["", "90", "d", "0d", "00w", "-1d", "1.5h", "90 d", "90D", "1m", "999999h", "Never", "1d\n"]
)
def test_nothing_else_is_one(raw: str) -> None:
    with pytest.raises(InvalidSpan):
        parse_span(raw)


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1024.0 KiB"),
        (1024**2, "1.0 MiB"),
        (51 * 1024**2, "51.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5000 * 1024**4, "5000.0 TiB"),
    ],
)
def test_a_size_is_shown_in_its_largest_unit(size_bytes: int, shown: str) -> None:
    assert size(size_bytes) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0.0 s"),
        (0.04, "0.0 s"),
        (1.26, "1.3 s"),
        (59.9, "59.9 s"),
        (60, "1 min 0 s"),
        (3725.9, "62 min 5 s"),
    ],
)
def test_a_time_is_shown_in_seconds_or_minutes(amount: float, shown: str) -> None:
    assert seconds(amount) == shown
