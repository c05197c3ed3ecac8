"""What the feed has stays where it can; what is asked for by name is the newest."""

import pytest

from feedgate.api.run_bodies import RunBody
from tests.builders.intake_feed import Intake, chosen


def kept(run: RunBody) -> dict[str, str]:
    return {one.name: one.version for one in run.kept}


@pytest.fixture
def with_a(intake: Intake) -> Intake:
    """A feed that took ``a`` with its ``shared`` and ``other``, of which the upstream has newer ones since."""
    intake.offer("a", "1.0", requires=["shared", "other"])
    for name in ("shared", "other"):
        intake.offer(name, "1.0")
    intake.added("a")
    for name in ("shared", "other"):
        intake.offer(name, "2.0")
    intake.offer("b", "1.0", requires=["shared>=1", "other>=1"])
    return intake


def test_asking_for_b_keeps_the_versions_that_a_brought(with_a: Intake) -> None:
    run = with_a.added("b")

    assert chosen(run) == {"b": "1.0", "shared": "1.0", "other": "1.0"}
    assert kept(run) == {"shared": "1.0", "other": "1.0"}
    assert (run.published, run.already_present) == (1, 2)


def test_upgrading_moves_all_of_them(with_a: Intake) -> None:
    run = with_a.added("b", upgrade=True)

    assert chosen(run) == {"b": "1.0", "shared": "2.0", "other": "2.0"}
    assert kept(run) == {}


@pytest.mark.parametrize("name", ["shared", "Shared"])
def test_upgrading_one_package_moves_that_one(with_a: Intake, name: str) -> None:
    run = with_a.added("b", upgrade_packages=[name])

    assert chosen(run) == {"b": "1.0", "shared": "2.0", "other": "1.0"}
    assert kept(run) == {"other": "1.0"}


def test_what_is_asked_for_by_name_gets_the_newest(with_a: Intake) -> None:
    run = with_a.added("b", "shared")

    assert chosen(run) == {"b": "1.0", "shared": "2.0", "other": "1.0"}
    assert kept(run) == {"other": "1.0"}


def test_a_version_that_does_not_satisfy_is_not_kept(with_a: Intake) -> None:
    with_a.offer("c", "1.0", requires=["shared>=2", "other"])

    run = with_a.added("c")

    assert chosen(run) == {"c": "1.0", "shared": "2.0", "other": "1.0"}
    assert with_a.versions("shared") == ["1.0", "2.0"]


def test_of_several_versions_in_the_feed_the_highest_that_satisfies_is_kept(with_a: Intake) -> None:
    with_a.added("shared")
    with_a.offer("shared", "3.0")
    with_a.offer("c", "1.0", requires=["shared<2"])

    assert chosen(with_a.added("b")) == {"b": "1.0", "shared": "2.0", "other": "1.0"}
    assert chosen(with_a.added("c")) == {"c": "1.0", "shared": "1.0"}


def test_a_yanked_release_of_the_feed_is_not_kept(with_a: Intake) -> None:
    with_a.client.yank(with_a.path, "shared", "1.0", reason="breaks")

    run = with_a.added("b")

    assert chosen(run) == {"b": "1.0", "shared": "2.0", "other": "1.0"}
    with_a.client.unyank(with_a.path, "shared", "1.0")
    assert chosen(with_a.added("b", "a")) == {"a": "1.0", "b": "1.0", "shared": "2.0", "other": "1.0"}


def test_a_prerelease_of_the_feed_is_kept_only_where_prereleases_are_asked_for(intake: Intake) -> None:
    intake.offer("shared", "2.0rc1")
    intake.added("shared==2.0rc1")
    intake.offer("shared", "1.0")
    intake.offer("shared", "2.0rc2")
    intake.offer("b", "1.0", requires=["shared"])

    assert chosen(intake.added("b")) == {"b": "1.0", "shared": "1.0"}
    run = intake.added("b", pre=True)
    assert chosen(run) == {"b": "1.0", "shared": "2.0rc1"}
    assert kept(run) == {"shared": "2.0rc1"}


@pytest.mark.parametrize(
    ("wanted", "pre", "expected"),
    [
        pytest.param("demo", False, "1.0", id="not-asked-for"),
        pytest.param("demo", True, "2.0b1", id="asked-for"),
        pytest.param("demo>=2.0b1", False, "2.0b1", id="named-by-a-specifier"),
        pytest.param("only-early", False, "0.1.dev1", id="nothing-else"),
    ],
)
def test_prereleases_come_where_they_are_asked_for(
    intake: Intake, wanted: str, pre: bool, expected: str
) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0b1")
    intake.offer("only-early", "0.1.dev1")

    assert list(chosen(intake.added(wanted, pre=pre)).values()) == [expected]


def test_a_yanked_release_upstream_comes_only_where_it_is_pinned(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0", page={"yanked": True})

    assert chosen(intake.added("demo")) == {"demo": "1.0"}
    assert chosen(intake.added("demo==2.0")) == {"demo": "2.0"}
    assert chosen(intake.added("demo")) == {"demo": "1.0"}
