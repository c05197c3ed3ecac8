"""Sizes, times and spans as people read and write them."""

import re
from datetime import timedelta

from feedgate.errors import Invalid

_SPAN = re.compile(r"(\d{1,5})([hdwy])")
_UNIT_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "y": 24 * 365}
_KILO = 1024


class InvalidSpan(Invalid):
    """A text that is no span of time."""

    code = "invalid-span"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:40]!r} is no span of time",
            next_step="Write a number and h, d, w or y, for example 90d, or never.",
        )


def parse_span(raw: str) -> timedelta | None:
    """Return the span of ``90d``, ``12h``, ``4w``, ``1y``; None for ``never``. Raises InvalidSpan."""
    if raw == "never":
        return None
    match = _SPAN.fullmatch(raw)
    if match is None or int(match[1]) == 0:
        raise InvalidSpan(raw)
    return timedelta(hours=int(match[1]) * _UNIT_HOURS[match[2]])


def size(size_bytes: float) -> str:
    """Return a size in the largest unit of 1024 that keeps a digit before the point."""
    amount, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < _KILO:
            break
        amount, unit = amount / _KILO, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def seconds(amount: float) -> str:
    """Return a time with one digit behind the point, in minutes where it is long."""
    if amount < 60:  # a minute
        return f"{amount:.1f} s"
    return f"{int(amount) // 60} min {int(amount) % 60} s"
