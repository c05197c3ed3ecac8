"""What a chosen set asks of itself on one exact Python, and on which patches that may change."""

from collections.abc import Iterable, Mapping

import pytest
from packaging.requirements import Requirement

from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.intake.closure import patches_named, walk, words_of_patches
from feedgate.model.environment import marker_environment
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.target import parse_target
from tests.builders.metadata import write_metadata

LINUX = parse_target("3.11@x86_64-manylinux_2_28")


def member(
    name: str,
    version: str = "1.0",
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
) -> CoreMetadata:
    text = write_metadata(name, version, requires=requires, extras=extras, requires_python=requires_python)
    return parse_core_metadata(text.encode(), filename=f"{name}-{version}.whl")


def closure(*members: CoreMetadata) -> dict[ProjectName, CoreMetadata]:
    return {one.name: one for one in members}


def reached(
    words: Iterable[str], members: dict[ProjectName, CoreMetadata], python: str = "3.11.5"
) -> set[str]:
    return set(found(words, members, python)[0])


def found(
    words: Iterable[str], members: dict[ProjectName, CoreMetadata], python: str = "3.11.5"
) -> tuple[set[ProjectName], list[str]]:
    seen = walk(map(Requirement, words), members, marker_environment(LINUX, python))
    return seen.reached, seen.lacking


def test_what_is_needed_is_reached_and_what_is_not_is_not() -> None:
    members = closure(
        member("demo", requires=["Demo.Part", "on-windows; sys_platform == 'win32'"]),
        member("demo-part", requires=["deep>=1"]),
        member("deep"),
        member("on-windows"),
        member("stray"),
    )

    assert reached(["demo"], members) == {"demo", "demo-part", "deep"}


def test_a_cycle_ends() -> None:
    members = closure(member("a", requires=["b"]), member("b", requires=["a[x]"], extras={"x": ["a"]}))

    assert reached(["a"], members) == {"a", "b"}


def test_an_extra_brings_what_it_names_and_extras_of_extras() -> None:
    members = closure(
        member("demo", extras={"fast": ["speed[more]"], "All": ["demo[fast]", "rest"]}),
        member("speed", extras={"more": ["deeper"]}),
        member("deeper"),
        member("rest"),
    )

    assert reached(["demo"], members) == {"demo"}
    assert reached(["demo[fast]"], members) == {"demo", "speed", "deeper"}
    assert reached(["demo[ALL]"], members) == {"demo", "speed", "deeper", "rest"}


def test_a_word_whose_marker_does_not_hold_is_none() -> None:
    members = closure(member("demo"), member("other"))

    assert reached(["demo; python_version < '3'", "other"], members) == {"other"}


def test_what_lacks_is_told_with_who_asked_for_it() -> None:
    members = closure(member("demo", requires=["absent", "part>=2"]), member("part", "1.5"))

    _reached, lacking = found(["demo", "part<1"], members)

    assert lacking == [
        "the request requires part<1, chosen is 1.5",
        "demo requires absent, which is not in the closure",
        "demo requires part>=2, chosen is 1.5",
    ]


def test_a_pre_release_that_was_chosen_satisfies() -> None:
    members = closure(member("demo", "2.0rc1"))

    assert found(["demo>=1"], members) == ({"demo"}, [])


@pytest.mark.parametrize(
    ("python", "names"),
    [
        ("3.11.2", {"demo", "backport"}),
        ("3.11.3", {"demo"}),
        ("3.11.7", {"demo", "window"}),
        ("3.11.8", {"demo"}),
    ],
)
def test_markers_on_a_patch_are_asked_for_that_very_patch(python: str, names: set[str]) -> None:
    members = closure(
        member(
            "demo",
            requires=[
                "backport; python_full_version < '3.11.3'",
                "window; python_full_version >= '3.11.7' and python_full_version < '3.11.8'",
            ],
        ),
        member("backport"),
        member("window"),
    )

    assert reached(["demo"], members, python) == names


def test_all_that_is_put_on_a_name_is_gathered() -> None:
    members = closure(member("demo", requires=["part>=1"]), member("part", "1.5"))

    seen = walk(
        map(Requirement, ["demo", "part<2", "part!=1.4"]), members, marker_environment(LINUX, "3.11.5")
    )

    assert {str(s) for s in seen.specifiers[parse_project_name("part")]} == {">=1", "<2", "!=1.4"}


@pytest.mark.parametrize(
    ("condition", "patches"),
    [
        ("python_full_version < '3.11.3'", {2, 3}),
        ("python_full_version >= '3.11.3'", {2, 3}),
        ("python_full_version <= '3.11.3'", {3, 4}),
        ("python_full_version > '3.11.3'", {3, 4}),
        ("python_full_version == '3.11.3'", {2, 3, 4}),
        ("python_full_version != '3.11.3'", {2, 3, 4}),
        ("python_full_version ~= '3.11.3'", {2, 3}),
        ("'3.11.3' <= python_full_version", {2, 3, 4}),
        ("python_full_version in '3.11.3 3.11.8'", {2, 3, 4, 7, 8, 9}),
        ("python_full_version not in '3.11.3'", {2, 3, 4}),
        ("python_full_version < '3.11.0'", {0}),
        ("python_full_version < '3.12.1'", set()),
        ("python_full_version == '3.11.*'", set()),
        ("implementation_version >= '3.11.3'", {2, 3}),
        ("python_version >= '3.11'", set()),
        ("sys_platform == 'linux'", set()),
    ],
)
def test_a_marker_names_the_patches_on_both_sides_of_its_own(condition: str, patches: set[int]) -> None:
    members = [member("demo", requires=[f"part; {condition}"])]

    assert patches_named(members, 11) == patches


@pytest.mark.parametrize(
    ("requires_python", "patches"),
    [
        (">=3.9", set()),
        (">=3.11.4", {3, 4}),
        ("!=3.11.7,>=3.9", {6, 7, 8}),
        ("<3.11.2", {1, 2}),
        ("!=3.11.*", set()),
        (">=3.11.4,<3.12.1", {3, 4}),
        (">=3.10.7", set()),
        (">=3.11.200", set()),
    ],
)
def test_requires_python_names_patches_too(requires_python: str, patches: set[int]) -> None:
    assert patches_named([member("demo", requires_python=requires_python)], 11) == patches


def test_the_requests_own_markers_name_patches() -> None:
    assert patches_named([], 11, ["python_full_version < '3.11.5'"]) == {4, 5}


@pytest.mark.parametrize(
    ("proved", "words"),
    [
        ({0: True, 99: True}, None),
        ({0: True, 2: True, 3: True, 99: True}, None),
        ({0: False, 1: False, 2: True, 99: True}, "proved for 3.9.2 and later"),
        ({0: True, 6: True, 7: False, 8: True, 99: True}, "proved for 3.9.0 to 3.9.6 and 3.9.8 and later"),
        ({0: True, 2: True, 3: False, 99: False}, "proved for 3.9.0 to 3.9.2"),
        ({0: False, 4: True, 5: False, 99: False}, "proved for 3.9.4"),
        ({0: False, 99: True}, "proved for 3.9.99 and later"),
        ({0: False, 99: False}, "proved for no patch of 3.9"),
    ],
)
def test_where_the_promise_is_bounded_it_says_where(proved: dict[int, bool], words: str | None) -> None:
    assert words_of_patches(9, proved) == words
