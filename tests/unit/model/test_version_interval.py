"""Intervals of versions: half open, in the order of PEP 440, and joined where they meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from feedgate.model.version_interval import VersionInterval, is_held, just_after, union

IN_ORDER = (
    "0.dev0 0 0.1 1.0.dev1 1.0.dev1+local 1.0.dev2 1.0a1 1.0a1.post0.dev0 1.0a1.post1 1.0a2 1.0rc1 1.0 1.0+cpu "
    "1.0.post0.dev0 1.0.post0 1.0.post1.dev3 1.0.post1 1.0.post1+a 1.0.post2 1.1 2!0.1"
)
VERSIONS = [Version(text) for text in IN_ORDER.split()]


def between(start: str | None, end: str | None, fixed: str | None = None) -> VersionInterval:
    return VersionInterval(
        None if start is None else Version(start), None if end is None else Version(end), fixed
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.9", False), ("1.0rc1", False), ("1.0", True), ("1.9.9", True), ("2.0rc1", True), ("2.0", False)],
)
def test_an_interval_has_its_start_and_not_its_end(version: str, expected: bool) -> None:
    assert between("1.0", "2.0").holds(Version(version)) is expected


def test_without_ends_an_interval_has_everything() -> None:
    assert all(VersionInterval().holds(version) for version in VERSIONS)
    assert VersionInterval().is_endless
    assert not between("0", None).is_endless


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.0", "2.0.post0.dev0"),
        ("2.0rc1", "2.0rc1.post0.dev0"),
        ("2.0.post3", "2.0.post4.dev0"),
        ("2.0.dev3", "2.0.dev4"),
        ("2.0.post1.dev3", "2.0.post1.dev4"),
        ("2.0+cpu", "2.0.post0.dev0"),
        ("1!2.0", "1!2.0.post0.dev0"),
    ],
)
def test_what_comes_right_after_a_version(version: str, expected: str) -> None:
    assert just_after(Version(version)) == Version(expected)


@given(st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_nothing_but_local_versions_lies_before_what_comes_right_after(one: Version, other: Version) -> None:
    lies_between = Version(one.public) <= other < just_after(one)

    assert lies_between is (other.public == one.public)


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([between("1", "2", "2"), between("3", "4")], [between("1", "2", "2"), between("3", "4")]),
        ([between("3", "4"), between("1", "2", "2")], [between("1", "2", "2"), between("3", "4")]),
        ([between("1", "2", "2"), between("2", "3", "3")], [between("1", "3", "3")]),
        ([between("1", "4", "4"), between("2", "3", "3")], [between("1", "4", "4")]),
        ([between("1", "3", "3"), between("2", None)], [between("1", None)]),
        ([between("2", None), between(None, "3", "3")], [between(None, None)]),
        ([between("1", "2"), between("1", "2", "2")], [between("1", "2", "2")]),
        ([between("1", "2", "2"), between("1", "2")], [between("1", "2", "2")]),
        ([between("2", "1"), between("1", "1")], []),
        ([], []),
    ],
)
def test_intervals_that_meet_are_one_and_the_last_end_counts(
    intervals: list[VersionInterval], expected: list[VersionInterval]
) -> None:
    assert list(union(intervals)) == expected


ENDS = st.none() | st.sampled_from(VERSIONS)


@given(st.lists(st.builds(VersionInterval, ENDS, ENDS)), st.sampled_from(VERSIONS))
def test_joined_intervals_have_what_each_of_them_has(
    intervals: list[VersionInterval], version: Version
) -> None:
    joined = union(intervals)

    assert sum(one.holds(version) for one in joined) == any(one.holds(version) for one in intervals)
    assert is_held(version, joined) == any(one.holds(version) for one in joined)
