"""What a request may say, and what becomes of it: constraints, extras, markers, includes, dates, targets."""

from collections.abc import Callable

import pytest

from feedgate.model.run import RunState
from tests.builders.intake_feed import EXACT, Intake, chosen, passed_over, reason, target
from tests.builders.witness import PipWitness
from tests.intake.conftest import NewFeed

OLD = target("3.9.18")
WINDOWS = target("3.13", "x86_64-pc-windows-msvc")


def text(kind: str, content: str, name: str | None = None) -> dict[str, str]:
    return {"name": name or f"{kind}.txt", "kind": kind, "text": content}


# ------------------------------------------------------------------ constraints, includes


def test_a_constraint_holds_a_version_down_and_brings_nothing_by_itself(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    for name in ("part", "unneeded"):
        intake.offer(name, "1.0")
        intake.offer(name, "2.0")

    run = intake.added("demo", files=[text("constraints", "part<2\nunneeded==1.0\n")])

    assert chosen(run) == {"demo": "1.0", "part": "1.0"}


def test_a_proof_keeps_to_the_requests_constraints(intake: Intake) -> None:
    intake.offer("part", "1.0")
    intake.offer("part", "2.0")
    intake.added("part")
    intake.offer("demo", "1.0", requires=["part"])

    run = intake.added("demo", files=[text("constraints", "part<2\n")])

    assert [(one.proved, one.reason) for one in run.targets] == [(True, None)]
    assert intake.versions("part") == ["1.0", "2.0"]


def test_files_are_read_with_what_they_include(intake: Intake) -> None:
    for name in ("one", "two", "three"):
        intake.offer(name, "1.0")
        intake.offer(name, "2.0")
    files = [
        text("requirements", "one  # the first\n-r more/two.txt\n", "project/requirements.txt"),
        text("requirements", "two\n-c ../limits.txt\n", "project/more/two.txt"),
        text("constraints", "one<2\ntwo<2\nthree<2\n", "project/limits.txt"),
    ]

    run = intake.added("three==2.0", files=files[:0])
    assert chosen(run) == {"three": "2.0"}
    run = intake.added("three", files=files)
    assert chosen(run) == {"one": "1.0", "three": "1.0", "two": "1.0"}


# ------------------------------------------------------------------ extras, markers


def test_extras_bring_what_they_name_and_what_those_name(intake: Intake) -> None:
    intake.offer("demo", "1.0", extras={"more-stuff": ["part[deep]"], "unasked": ["never"]})
    intake.offer("part", "1.0", extras={"deep": ["bottom"]})
    intake.offer("bottom", "1.0")

    run = intake.added("demo[More_Stuff]")

    assert chosen(run) == {"bottom": "1.0", "demo": "1.0", "part": "1.0"}


def test_an_extra_that_the_release_lacks_is_named_with_those_it_has(intake: Intake) -> None:
    intake.offer("demo", "1.0", extras={"more": ["part"], "less": []})
    intake.offer("part", "1.0")

    run = intake.add("demo[mroe]")

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "unknown-extra"
    assert "demo 1.0 has no extra 'mroe'; it has: less, more" in reason(run)
    assert intake.names() == []


def test_an_extra_is_not_looked_for_where_its_marker_does_not_hold(intake: Intake) -> None:
    intake.offer("demo", "1.0")

    assert chosen(intake.added("demo", "demo[none] ; sys_platform == 'win32'")) == {"demo": "1.0"}


def test_a_requirement_whose_marker_does_not_hold_is_none(new_feed: NewFeed) -> None:
    intake = new_feed(OLD, EXACT)
    intake.offer("demo", "1.0")

    run = intake.added("demo ; python_version < '3.10'")

    assert {one.target: one.proved for one in run.targets} == {OLD: True, EXACT: True}
    assert chosen(run) == {"demo": "1.0"}


def test_what_holds_nowhere_is_a_closure_of_nothing(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    serial = intake.serial

    run = intake.added("demo ; python_version < '3'")

    assert (run.published, run.closure, intake.serial) == (0, None, serial)


# ------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        pytest.param("2024-03-31", "2.0", id="a-date-is-to-the-end-of-its-day"),
        pytest.param("2024-03-30", "1.0", id="the-day-before"),
        pytest.param("2024-03-31T23:59:59Z", "1.0", id="the-very-moment-is-too-new"),
        pytest.param("2024-03-31T23:59:59.000001Z", "2.0", id="a-moment-later"),
        pytest.param("2024-04-01T01:59:59+02:00", "1.0", id="in-another-zone"),
        pytest.param("2024-04-01", "3.0", id="the-next-day"),
    ],
)
def test_nothing_newer_than_asked_for_is_taken(intake: Intake, newest: str, expected: str) -> None:
    intake.offer("demo", "1.0", page={"upload_time": "2024-01-01T00:00:00Z"})
    intake.offer("demo", "2.0", page={"upload_time": "2024-03-31T23:59:59.000000Z"})
    intake.offer("demo", "3.0", page={"upload_time": "2024-04-01T00:00:00Z"})

    assert chosen(intake.added("demo", exclude_newer=newest)) == {"demo": expected}


def test_a_file_without_an_upload_time_is_left_out_and_named(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    timeless = intake.offer("demo", "2.0", page={"upload_time": None})

    assert chosen(intake.added("demo")) == {"demo": "2.0"}
    other = intake.offer("part", "1.0"), intake.offer("part", "2.0", page={"upload_time": None})
    run = intake.added("part", exclude_newer="2024-06-01")

    assert chosen(run) == {"part": "1.0"}
    assert passed_over(run) == [("part", "2.0", "upload-time")]
    assert other[1].name in run.passed_over[0].reason
    assert chosen(intake.added("demo", exclude_newer="2020-01-01")) == {"demo": "2.0"}, (
        f"{timeless.name} is in the feed by decision"
    )


def test_an_upstream_that_states_no_times_is_named_where_nothing_is_left(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0", page={"upload_time": None})

    run = intake.add("demo", exclude_newer="2024-06-01")

    assert run.state is RunState.FAILED
    assert wheel.name in reason(run)
    assert "no upload time" in reason(run)


# ------------------------------------------------------------------ what can not be


def test_an_unknown_package_is_named(intake: Intake) -> None:
    run = intake.add("no-such-thing")

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "no-such-project"
    assert "no-such-thing" in run.error.message
    assert "spelling" in run.error.next


def test_an_unknown_dependency_is_named(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["no-such-thing"])

    assert "no-such-thing" in reason(intake.add("demo"))


def test_an_impossible_set_says_why_for_each_target(new_feed: NewFeed) -> None:
    intake = new_feed(OLD, EXACT)
    intake.offer("demo", "1.0", requires=["part<2"])
    intake.offer("other", "1.0", requires=["part>=2"])
    intake.offer("part", "1.0")
    intake.offer("part", "2.0")
    serial = intake.serial

    run = intake.add("demo", "other")

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "unsolvable"
    for one in run.targets:
        assert not one.proved
        said = next(line for line in reason(run).splitlines() if line.startswith(f"{one.target}: "))
        assert f"no set of versions fits {one.target}" in said
    assert reason(run).count("part>=2") >= 2
    assert "feedgate.invalid" not in reason(run)
    assert (intake.serial, intake.names()) == (serial, [])


def test_a_version_that_nobody_has_is_answered_with_the_newest_there_is(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "1.10")

    run = intake.add("demo>=2")

    assert run.error is not None
    assert (run.error.code, run.error.message) == (
        "no-such-version",
        "demo>=2: there is no such version; the newest to choose from is 1.10",
    )


def test_a_version_for_other_pythons_alone_is_answered_with_what_it_asks_for(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0", requires_python=">=3.12")

    run = intake.add("demo>=2")

    assert run.error is not None
    assert (run.error.code, run.error.message) == (
        "python-not-admitted",
        f"demo>=2: no version is for {EXACT}; 2.0 asks for Python >=3.12",
    )


def test_a_set_that_fits_one_target_of_two_brings_nothing(new_feed: NewFeed) -> None:
    intake = new_feed(OLD, EXACT)
    intake.offer("demo", "1.0", requires=["part>=2 ; python_version >= '3.10'", "part"])
    intake.offer("part", "1.0")

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert EXACT in reason(run)
    assert intake.names() == []


# ------------------------------------------------------------------ targets


def test_targets_of_one_request_have_closures_of_their_own(
    new_feed: NewFeed, pip: Callable[[str], PipWitness]
) -> None:
    intake = new_feed(OLD, EXACT, WINDOWS)
    intake.offer("demo", "1.0", requires=["part", "colour ; os_name == 'nt'"])
    intake.offer("part", "1.0", requires_python=">=3.8")
    intake.offer("part", "2.0", requires_python=">=3.10")
    intake.offer("part", "3.0", requires_python=">=3.12")
    intake.offer("colour", "1.0")

    run = intake.added("demo")

    assert {one.target: (one.proved, one.reason) for one in run.targets} == {
        OLD: (True, None),
        EXACT: (True, None),
        WINDOWS: (True, None),
    }
    assert intake.versions("part") == ["1.0", "2.0", "3.0"]
    assert intake.names() == ["colour", "demo", "part"]
    assert pip("3.9").chooses(intake.simple_url, "demo") == {"demo": "1.0", "part": "1.0"}
    assert pip("3.11").chooses(intake.simple_url, "demo") == {"demo": "1.0", "part": "2.0"}


def test_the_same_target_named_twice_is_one(intake: Intake) -> None:
    intake.offer("demo", "1.0")

    assert [one.target for one in intake.added("demo", targets=[EXACT, EXACT]).targets] == [EXACT]


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        pytest.param("1!0.5", "demo", "1!0.5", id="an-epoch-is-newer"),
        pytest.param("2.0+cpu", "demo==2.0", "2.0+cpu", id="a-local-version-satisfies"),
        pytest.param("2.0.post1", "demo~=2.0", "2.0.post1", id="a-post-release"),
        pytest.param("2.0.1", "demo==2.*", "2.0.1", id="a-wildcard"),
    ],
)
def test_versions_of_every_form(intake: Intake, version: str, wanted: str, expected: str) -> None:
    intake.offer("demo", "2.0")
    intake.offer("demo", version)

    run = intake.added(wanted)

    assert chosen(run) == {"demo": expected}
    assert set(intake.files("demo")) == {file.filename for file in run.files}
