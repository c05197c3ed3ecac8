"""What has only source is never pinned, and not a line of it is run."""

from pathlib import Path

import pytest

from feedgate.model.run import RunState
from tests.builders.intake_feed import EXACT, Intake, chosen, passed_over, reason, target
from tests.intake.conftest import NewFeed

WINDOWS = target("3.11.7", "x86_64-pc-windows-msvc")


def test_a_project_of_nothing_but_source_fails_by_name(intake: Intake, tmp_path: Path) -> None:
    sdist = intake.offer_sdist("demo", "1.0", witness=tmp_path / "ran")
    serial = intake.serial

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "only-source"
    assert f"demo 1.0 has only source for {EXACT}" in reason(run)
    assert not (tmp_path / "ran").exists()
    assert intake.upstream.asked(sdist.name) == []
    assert (intake.serial, intake.names()) == (serial, [])


def test_a_dependency_of_nothing_but_source_fails_by_its_name(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer_sdist("part", "1.0")
    intake.offer_sdist("part", "2.0")

    run = intake.add("demo")

    assert f"part has only source for {EXACT}" in reason(run)


def test_an_older_release_with_a_wheel_is_taken_and_the_newer_one_named(
    intake: Intake, tmp_path: Path
) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer("part", "1.0")
    intake.offer_sdist("part", "1.0")
    intake.offer_sdist("part", "2.0", witness=tmp_path / "ran")

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0", "part": "1.0"}
    assert passed_over(run) == [("part", "2.0", "source")]
    assert run.passed_over[0].target == EXACT
    assert "part 2.0 has only source" in run.passed_over[0].reason
    assert not (tmp_path / "ran").exists()


def test_a_plan_names_what_is_passed_over_too(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.offer_sdist("demo", "2.0")

    assert passed_over(intake.plan("demo")) == [("demo", "2.0", "source")]


def test_only_what_every_requirement_admits_is_passed_over(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part<3"])
    intake.offer("part", "1.0")
    for version in ("2.0", "3.0", "4.0"):
        intake.offer_sdist("part", version)

    assert passed_over(intake.added("demo")) == [("part", "2.0", "source")]
    constraints = [{"name": "constraints.txt", "kind": "constraints", "text": "part<2\n"}]
    assert passed_over(intake.added("demo", files=constraints)) == []


@pytest.mark.parametrize(
    ("version", "page"),
    [
        pytest.param("2.0", {"yanked": "broken"}, id="yanked"),
        pytest.param("2.0rc1", {}, id="pre-release"),
        pytest.param("2.0", {"requires_python": ">=3.12"}, id="for-another-python"),
        pytest.param("1.0", {}, id="the-pin-itself"),
        pytest.param("0.9", {}, id="older"),
    ],
)
def test_what_would_not_have_been_taken_anyway_is_not_passed_over(
    intake: Intake, version: str, page: dict[str, object]
) -> None:
    intake.offer("demo", "1.0")
    intake.offer_sdist("demo", version, page=page)

    assert passed_over(intake.added("demo")) == []


def test_what_is_newer_than_the_request_allows_is_not_passed_over(intake: Intake) -> None:
    intake.offer("demo", "1.0", page={"upload_time": "2024-01-01T00:00:00Z"})
    intake.offer_sdist("demo", "2.0", page={"upload_time": "2024-06-01T00:00:00Z"})

    assert passed_over(intake.added("demo", exclude_newer="2024-03-01")) == []
    assert passed_over(intake.added("demo", exclude_newer="2024-06-01")) == [("demo", "2.0", "source")]


def test_each_target_takes_what_it_has_wheels_of(new_feed: NewFeed) -> None:
    intake = new_feed(EXACT, WINDOWS)
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0", tag="cp311-cp311-win_amd64")
    intake.offer_sdist("demo", "2.0")

    run = intake.added("demo")

    assert [(one.name, one.version, one.target) for one in run.passed_over] == [("demo", "2.0", EXACT)]
    assert intake.versions("demo") == ["1.0", "2.0"]


def test_wheels_for_other_machines_alone_are_not_called_source(intake: Intake) -> None:
    intake.offer("demo", "1.0", tag="cp311-cp311-win_amd64")

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert f"demo 1.0 has no wheel for {EXACT}" in reason(run)
    assert "only source" not in reason(run)


def test_an_uploaded_release_of_nothing_but_source_is_not_built(intake: Intake, tmp_path: Path) -> None:
    intake.upload(intake.sdist("acme-core", "1.0", witness=tmp_path / "ran"))

    run = intake.add("acme-core")

    assert f"acme-core 1.0 has only source for {EXACT}" in reason(run)
    assert not (tmp_path / "ran").exists()
    assert intake.upstream.log == []


def test_one_target_without_a_wheel_keeps_all_back_and_says_which(new_feed: NewFeed) -> None:
    intake = new_feed(EXACT, WINDOWS)
    intake.offer("demo", "1.0", tag="cp311-cp311-win_amd64")
    intake.offer_sdist("demo", "1.0")

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert {one.target: one.proved for one in run.targets} == {EXACT: False, WINDOWS: False}
    assert f"demo 1.0 has only source for {EXACT}" in reason(run)
    assert intake.names() == []
