"""In which order releases are sent: whatever is visible can be installed, and a refusal keeps back no more than it must."""

import itertools
import random
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.intake.sending.order import Order, Release, order_of
from feedgate.model.environment import marker_environment
from feedgate.model.names import parse_project_name
from feedgate.model.target import parse_target
from tests.builders.metadata import write_metadata

LINUX = marker_environment(parse_target("3.11.5@x86_64-manylinux_2_28"), "3.11.5")
WINDOWS = marker_environment(parse_target("3.12.1@x86_64-pc-windows-msvc"), "3.12.1")


def member(
    name: str,
    version: str = "1.0",
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
) -> CoreMetadata:
    text = write_metadata(name, version, requires=requires, extras=extras)
    return parse_core_metadata(text.encode(), filename=f"{name}-{version}.whl")


def release(name: str, version: str = "1.0") -> Release:
    return parse_project_name(name), version


def order(
    *members: CoreMetadata, words: Iterable[str] = (), environments: Iterable[Mapping[str, str]] = (LINUX,)
) -> Order:
    files: dict[Release, list[CoreMetadata]] = {}
    for one in members:
        files.setdefault((one.name, str(one.version)), []).append(one)
    return order_of(files, list(environments), [Requirement(word) for word in words])


def names(found: Order) -> list[list[set[str]]]:
    """The ranks with the names alone, for closures that have one version of each."""
    return [[{name for name, _ in group} for group in rank] for rank in found.ranks]


def test_what_is_needed_goes_before_who_needs_it() -> None:
    found = order(
        member("demo", requires=["Demo.Part>=1"]), member("demo-part", requires=["deep"]), member("deep")
    )

    assert names(found) == [[{"deep"}], [{"demo-part"}], [{"demo"}]]


def test_a_diamond_has_its_two_sides_in_one_rank() -> None:
    found = order(
        member("top", requires=["left", "right"]),
        member("left", requires=["base"]),
        member("right", requires=["base"]),
        member("base"),
    )

    assert names(found) == [[{"base"}], [{"left"}, {"right"}], [{"top"}]]


def test_a_release_waits_for_the_longest_of_its_ways() -> None:
    found = order(
        member("top", requires=["low", "middle"]), member("middle", requires=["low"]), member("low")
    )

    assert names(found) == [[{"low"}], [{"middle"}], [{"top"}]]


def test_what_depends_on_each_other_goes_together() -> None:
    found = order(
        member("a", requires=["b"]),
        member("b", requires=["c"]),
        member("c", requires=["a", "base"]),
        member("base"),
        member("top", requires=["b"]),
    )

    assert names(found) == [[{"base"}], [{"a", "b", "c"}], [{"top"}]]


def test_a_release_that_needs_an_extra_of_itself_depends_on_what_that_brings() -> None:
    found = order(
        member("demo", extras={"fast": ["speed"], "all": ["demo[fast]"]}),
        member("speed"),
        words=["demo[all]"],
    )

    assert names(found) == [[{"speed"}], [{"demo"}]]


@pytest.mark.parametrize("asks", ["demo[fast]", "demo[FAST]", "demo[all]"])
def test_an_extra_counts_where_it_is_asked_for(asks: str) -> None:
    demo = member("demo", extras={"Fast": ["speed"], "all": ["demo[fast]"]})

    assert names(order(demo, member("speed"))) == [[{"demo"}, {"speed"}]]
    assert names(order(demo, member("speed"), words=[asks])) == [[{"speed"}], [{"demo"}]]
    assert names(order(demo, member("speed"), member("top", requires=[asks]))) == [
        [{"speed"}],
        [{"demo"}],
        [{"top"}],
    ]


def test_a_marker_counts_where_it_holds() -> None:
    closure = (
        member("demo", requires=["on-windows; sys_platform == 'win32'", "old; python_version < '3'"]),
        member("on-windows"),
        member("old"),
    )

    assert names(order(*closure)) == [[{"demo"}, {"old"}, {"on-windows"}]]
    assert names(order(*closure, environments=[WINDOWS])) == [[{"old"}, {"on-windows"}], [{"demo"}]]


def test_what_targets_need_is_united_and_may_only_then_be_a_cycle() -> None:
    closure = (
        member("a", requires=["b; sys_platform == 'linux'"]),
        member("b", requires=["a; sys_platform == 'win32'"]),
    )

    assert names(order(*closure, environments=[LINUX])) == [[{"b"}], [{"a"}]]
    assert names(order(*closure, environments=[WINDOWS])) == [[{"a"}], [{"b"}]]
    assert names(order(*closure, environments=[LINUX, WINDOWS])) == [[{"a", "b"}]]


def test_words_are_asked_of_every_target() -> None:
    demo = member("demo", extras={"fast": ["speed; sys_platform == 'win32'"]})

    found = order(demo, member("speed"), words=["demo[fast]"], environments=[LINUX, WINDOWS])

    assert names(found) == [[{"speed"}], [{"demo"}]]


def test_of_two_versions_of_a_name_those_are_needed_that_satisfy() -> None:
    found = order(
        member("old-user", requires=["part<2"]),
        member("new-user", requires=["part>=2"]),
        member("part", "1.5"),
        member("part", "2.1rc1", requires=["deep"]),
        member("deep"),
    )

    assert [[sorted(group) for group in rank] for rank in found.ranks] == [
        [[release("deep")], [release("part", "1.5")]],
        [[release("old-user")], [release("part", "2.1rc1")]],
        [[release("new-user")]],
    ]
    assert found.dependents(release("part", "1.5")) == {release("old-user")}


def test_files_of_a_release_that_say_different_things_are_all_listened_to() -> None:
    found = order(
        member("demo", requires=["for-wheel"]),
        member("demo", requires=["for-sdist"]),
        member("for-wheel"),
        member("for-sdist"),
    )

    assert names(found) == [[{"for-sdist"}, {"for-wheel"}], [{"demo"}]]


def test_a_name_outside_of_the_closure_is_nobodys_dependency() -> None:
    found = order(member("demo", requires=["absent", "part"]), member("part"), words=["elsewhere[x]"])

    assert names(found) == [[{"part"}], [{"demo"}]]
    assert found.dependents(release("absent")) == frozenset()


def test_nothing_has_no_ranks() -> None:
    assert order().ranks == ()


def test_what_a_refusal_keeps_back_is_all_that_depends_on_it_and_nothing_else() -> None:
    found = order(
        member("top", requires=["left", "right"]),
        member("left", requires=["base"]),
        member("right"),
        member("base"),
        member("beside", requires=["right"]),
    )

    assert found.dependents(release("base")) == {release("left"), release("top")}
    assert found.dependents(release("right")) == {release("top"), release("beside")}
    assert found.dependents(release("top")) == frozenset()


def test_a_refusal_in_a_cycle_keeps_back_the_others_of_it() -> None:
    found = order(
        member("a", requires=["b"]), member("b", requires=["a"]), member("top", requires=["a"]), member("x")
    )

    assert found.dependents(release("a")) == {release("b"), release("top")}
    assert found.dependents(release("b")) == {release("a"), release("top")}


def test_a_long_chain_is_no_recursion() -> None:
    length = 3000
    chain = [
        member(f"p{number}", requires=[f"p{number + 1}"] if number + 1 < length else [])
        for number in range(length)
    ]

    found = order(*chain)

    assert len(found.ranks) == length
    assert len(found.dependents(release(f"p{length - 1}"))) == length - 1


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40),
    st.randoms(use_true_random=False),
)
def test_every_dependency_is_in_an_earlier_rank_or_in_the_same_group(
    arrows: list[tuple[int, int]], chance: random.Random
) -> None:
    closure = [
        member(f"p{number}", requires=[f"p{other}" for one, other in arrows if one == number])
        for number in range(12)
    ]
    found = order(*closure)
    rank_of = {one: number for number, rank in enumerate(found.ranks) for group in rank for one in group}
    group_of = {one: group for rank in found.ranks for group in rank for one in group}

    assert len(rank_of) == sum(len(group) for rank in found.ranks for group in rank) == 12
    for one, other in arrows:
        this, needed = release(f"p{one}"), release(f"p{other}")
        assert rank_of[needed] < rank_of[this] or group_of[needed] == group_of[this]
    for group in set(group_of.values()):
        for this, that in itertools.permutations(group, 2):
            assert that in found.dependents(this)
    chance.shuffle(closure)
    assert order(*closure) == found
