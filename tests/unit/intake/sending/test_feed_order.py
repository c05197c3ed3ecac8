"""A feed's many versions stand for each other: what is refused keeps back only those that no other would do for."""

from collections.abc import Iterable, Mapping

import pytest

from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.intake.sending.feed_order import FeedOrder, environments_of, feed_order_of
from feedgate.intake.sending.order import Release
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


def order(*members: CoreMetadata, environments: Iterable[Mapping[str, str]] = (LINUX,)) -> FeedOrder:
    files: dict[Release, list[CoreMetadata]] = {}
    for one in members:
        files.setdefault((one.name, str(one.version)), []).append(one)
    return feed_order_of(files, list(environments))


def rank(found: FeedOrder, name: str, version: str = "1.0") -> int:
    return next(
        number
        for number, groups in enumerate(found.ranks)
        for group in groups
        if release(name, version) in group
    )


def test_every_version_that_would_do_goes_before_who_needs_it() -> None:
    found = order(member("demo", requires=["part>=1"]), member("part", "1.0"), member("part", "2.0"))

    assert rank(found, "demo") > max(rank(found, "part", "1.0"), rank(found, "part", "2.0"))


def test_what_an_extra_brings_goes_before_whose_extra_it_is() -> None:
    """Nobody in the feed asks for the extra, and a reader may."""
    found = order(member("demo", extras={"fast": ["speedup"]}), member("speedup"))

    assert rank(found, "speedup") < rank(found, "demo")


def test_one_version_that_is_not_there_keeps_back_nobody_for_whom_another_does() -> None:
    found = order(
        member("any", requires=["part"]),
        member("new", requires=["part>=2"]),
        member("top", requires=["new"]),
        member("part", "1.0"),
        member("part", "2.0"),
    )

    assert found.dependents(release("part", "2.0")) == {release("new"), release("top")}


def test_when_the_last_one_is_not_there_either_the_rest_is_kept_back() -> None:
    found = order(member("any", requires=["part"]), member("part", "1.0"), member("part", "2.0"))

    assert found.dependents(release("part", "1.0")) == set()
    assert found.dependents(release("part", "2.0")) == {release("any")}


def test_what_is_kept_back_is_told_once() -> None:
    found = order(member("any", requires=["a", "b"]), member("a"), member("b"))

    assert found.dependents(release("a")) == {release("any")}
    assert found.dependents(release("b")) == set()


def test_what_an_unasked_extra_lacks_keeps_nobody_back() -> None:
    found = order(member("demo", extras={"fast": ["speedup"]}), member("speedup"))

    assert found.dependents(release("speedup")) == set()


def test_what_an_extra_that_a_member_asks_for_lacks_does() -> None:
    found = order(
        member("top", requires=["demo[fast]"]),
        member("demo", extras={"fast": ["speedup"]}),
        member("speedup"),
    )

    assert found.dependents(release("speedup")) == {release("demo"), release("top")}


def test_what_the_feed_does_not_have_keeps_nobody_back() -> None:
    found = order(member("demo", requires=["elsewhere", "part"]), member("part"))

    assert found.dependents(release("part")) == {release("demo")}
    assert found.dependents(release("demo")) == set()


def test_dependencies_of_any_target_count() -> None:
    members = (member("demo", requires=["part; sys_platform == 'win32'"]), member("part"))

    assert order(*members).dependents(release("part")) == set()
    assert order(*members, environments=(LINUX, WINDOWS)).dependents(release("part")) == {release("demo")}


@pytest.mark.parametrize(
    ("target", "needs_it"),
    [
        pytest.param("3.11@x86_64-manylinux_2_28", True, id="every-patch"),
        pytest.param("3.11.2@x86_64-manylinux_2_28", True, id="the-last-one-that-needs-it"),
        pytest.param("3.11.3@x86_64-manylinux_2_28", False, id="the-first-one-that-does-not"),
        pytest.param("3.12@x86_64-manylinux_2_28", False, id="another-minor"),
    ],
)
@pytest.mark.parametrize("marker", ["python_full_version < '3.11.3'", "python_full_version == '3.11.2'"])
def test_a_bare_minor_needs_what_any_of_its_patches_does(target: str, needs_it: bool, marker: str) -> None:
    members = (member("demo", requires=[f"compat; {marker}"]), member("compat"))
    by_release = {(one.name, str(one.version)): [one] for one in members}

    found = order(*members, environments=environments_of([parse_target(target)], by_release))

    assert (rank(found, "compat") < rank(found, "demo")) is needs_it
    assert (release("demo") in found.dependents(release("compat"))) is needs_it


def test_a_ring_is_lost_together_and_who_needs_itself_is_not_lost_by_that() -> None:
    ring = order(member("a", requires=["b"]), member("b", requires=["a"]))
    alone = order(member("demo", requires=["demo[fast]"], extras={"fast": []}))

    assert ring.dependents(release("a")) == {release("b")}
    assert alone.needs == {}


@pytest.mark.parametrize("extra", ["not an extra!", "Ünicode", "a/b"])
def test_a_strangers_extra_need_not_be_spelled_as_one(extra: str) -> None:
    assert rank(order(member("demo", extras={extra: []})), "demo") == 0


def test_an_empty_feed_has_no_order() -> None:
    assert order().ranks == ()
