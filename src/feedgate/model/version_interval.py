"""Intervals of versions in the order of PEP 440: what an advisory's ranges mean.

All are half open, so that what holds a version is a matter of two comparisons. "Up to and
with 2.0" ends at the version behind 2.0 and its local versions (``just_after``).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from packaging.version import Version

_FIRST: Final = Version("0.dev0")  # none comes before it


@dataclass(frozen=True, slots=True)
class VersionInterval:
    """From ``start`` (None = from the first one) to before ``end`` (None = without end).

    ``fixed`` says that ``end`` was named as the fix, and is its spelling there.
    """

    start: Version | None = None
    end: Version | None = None
    fixed: str | None = None

    def holds(self, version: Version) -> bool:
        """Whether ``version`` lies in it."""
        return (self.start is None or self.start <= version) and (self.end is None or version < self.end)

    @property
    def is_endless(self) -> bool:
        """Whether it holds every version."""
        return self.start is None and self.end is None


def is_held(version: Version, intervals: Sequence[VersionInterval]) -> bool:
    """Whether one of ``intervals``, in order and apart as ``union`` leaves them, holds ``version``."""
    behind = bisect_right(intervals, version, key=_start_of)
    return behind > 0 and intervals[behind - 1].holds(version)


def just_after(version: Version) -> Version:
    """Return the first version behind ``version`` and all its local versions.

    Between the two there is none: ``2.0`` < ``2.0+cpu`` < ``2.0.post0.dev0``.
    """
    public = version.public
    if version.dev is not None:
        return Version(f"{public.rpartition('.dev')[0]}.dev{version.dev + 1}")
    if version.post is not None:
        return Version(f"{public.rpartition('.post')[0]}.post{version.post + 1}.dev0")
    return Version(f"{public}.post0.dev0")


def union(intervals: Iterable[VersionInterval]) -> tuple[VersionInterval, ...]:
    """Return the intervals in order, those that overlap or meet as one, the empty ones left out.

    The end of what was joined is the last end: a fix that lies in another interval is none.
    """
    joined: list[VersionInterval] = []
    for interval in _in_order(intervals):
        if not joined or not _meet(joined[-1], interval):
            joined.append(interval)
        else:
            last = joined[-1]
            later = _later(last, interval)
            joined[-1] = VersionInterval(last.start, later.end, later.fixed)
    return tuple(joined)


def _start_of(interval: VersionInterval) -> Version:
    return _FIRST if interval.start is None else interval.start


def _in_order(intervals: Iterable[VersionInterval]) -> list[VersionInterval]:
    """Return those that hold anything by their start, the ones without a start first."""
    startless: list[VersionInterval] = []
    started: list[tuple[Version, int, VersionInterval]] = []
    for number, interval in enumerate(intervals):
        if interval.start is None:
            startless.append(interval)
        elif interval.end is None or interval.start < interval.end:
            started.append((interval.start, number, interval))
    return startless + [interval for _, _, interval in sorted(started)]


def _meet(earlier: VersionInterval, later: VersionInterval) -> bool:
    return earlier.end is None or later.start is None or later.start <= earlier.end


def _later(one: VersionInterval, other: VersionInterval) -> VersionInterval:
    """Return the interval that ends later; of two that end together the one whose end is a fix."""
    if one.end is None or other.end is None:
        return one if one.end is None else other
    if one.end == other.end:
        return one if one.fixed is not None else other
    return one if one.end > other.end else other
