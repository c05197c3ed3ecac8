"""What we call proved, pip installs from the feed alone; what pip refuses, we do not prove."""

from collections.abc import Callable

import pytest

from feedgate.model.run import RunState
from tests.builders.intake_feed import LINUX, Intake, chosen, passed_over, reason, target
from tests.builders.witness import PipWitness
from tests.intake.conftest import NewFeed

Pip = Callable[[str], PipWitness]

REQUIRES_PYTHON = {
    "older-minors": "<3.{minor}",
    "up-to-the-minor": "<=3.{minor}",
    "not-this-minor": "!=3.{minor}.*",
    "not-this-patch": "!=3.{minor}.{patch}",
    "not-the-next-patch": "!=3.{minor}.{next}",
    "below-this-patch": "<3.{minor}.{patch}",
    "up-to-this-patch": "<=3.{minor}.{patch}",
    "above-this-patch": ">3.{minor}.{patch}",
    "from-this-patch": ">=3.{minor}.{patch}",
    "from-the-next-patch": ">=3.{minor}.{next}",
    "exactly-this-patch": "==3.{minor}.{patch}",
    "this-minor": "==3.{minor}.*",
    "compatible": "~=3.{minor}.{patch}",
    "newer-minors": ">3.{minor}",
    "two-bounds": ">=3.6,<4",
    "holes": ">=3.6,!=3.{minor}.{patch},<4",
}

MARKERS = {
    "older": "python_version < '3.{minor}'",
    "this": "python_version == '3.{minor}'",
    "from-patch": "python_full_version >= '3.{minor}.{patch}'",
    "above-patch": "python_full_version > '3.{minor}.{patch}'",
    "below-patch": "python_full_version < '3.{minor}.{patch}'",
    "window": "python_full_version >= '3.{minor}.{patch}' and python_full_version < '3.{minor}.{next}'",
    "linux": "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "windows": "os_name == 'nt' or platform_system == 'Windows'",
    "cpython": "platform_python_implementation == 'CPython' and implementation_name == 'cpython'",
    "in-a-list": "sys_platform in 'linux darwin'",
    "reversed": "'3.{minor}' <= python_version",
    "unasked-extra": "extra == 'more'",
}


def filled(text: str, python: str) -> str:
    _, minor, patch = python.split(".")
    return text.format(minor=minor, patch=patch, next=int(patch) + 1)


@pytest.mark.parametrize("minor", ["3.9", "3.11", "3.13"])
def test_every_requires_python_is_read_as_pip_reads_it(new_feed: NewFeed, pip: Pip, minor: str) -> None:
    witness = pip(minor)
    intake = new_feed(target(witness.python))
    for name, requires_python in REQUIRES_PYTHON.items():
        intake.offer(name, "1.0")
        intake.offer(name, "2.0", requires_python=filled(requires_python, witness.python))

    run = intake.added(*REQUIRES_PYTHON)

    assert set(chosen(run).values()) == {"1.0", "2.0"}
    assert witness.chooses(intake.upstream.url, *REQUIRES_PYTHON) == chosen(run)
    assert witness.chooses(intake.simple_url, *REQUIRES_PYTHON) == chosen(run)


@pytest.mark.parametrize("minor", ["3.9", "3.11", "3.13"])
def test_every_marker_is_read_as_pip_reads_it(new_feed: NewFeed, pip: Pip, minor: str) -> None:
    witness = pip(minor)
    intake = new_feed(target(witness.python))
    requires = [f"{name} ; {filled(marker, witness.python)}" for name, marker in MARKERS.items()]
    intake.offer("demo", "1.0", requires=requires, headers=[("Provides-Extra", "more")])
    for name in MARKERS:
        intake.offer(name, "1.0")

    run = intake.added("demo")

    assert witness.chooses(intake.upstream.url, "demo") == chosen(run)
    assert witness.chooses(intake.simple_url, "demo") == chosen(run)


@pytest.mark.parametrize("requires_python", ["<3.10", "!=3.11.*", "!=3.11.7", "<=3.11", ">=3.11.8"])
def test_what_pip_refuses_is_not_proved(intake: Intake, requires_python: str) -> None:
    intake.offer("demo", "1.0", requires_python=requires_python)
    serial = intake.serial

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert [one.proved for one in run.targets] == [False]
    assert "demo" in reason(run)
    assert (intake.serial, intake.names()) == (serial, [])


def test_a_dependency_that_pip_refuses_is_taken_older(intake: Intake, pip: Pip) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer("part", "1.0")
    intake.offer("part", "2.0", requires_python="!=3.11.7")
    intake.offer("part", "3.0", requires_python="<3.11")

    intake.added("demo")

    assert pip("3.11").chooses(intake.simple_url, "demo") == {"demo": "1.0", "part": "1.0"}


def test_a_requires_python_that_nobody_can_read_is_passed_by(intake: Intake, pip: Pip) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0", page={"requires_python": ">=3.x"})

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0"}
    assert passed_over(run) == [("demo", "2.0", "requires-python")]
    assert pip("3.11").chooses(intake.simple_url, "demo") == {"demo": "1.0"}


# ------------------------------------------------------------------ a bare minor


def test_what_only_old_patches_need_is_in_the_closure_of_a_bare_minor(new_feed: NewFeed, pip: Pip) -> None:
    witness = pip("3.13")
    assert witness.patch < 3
    intake = new_feed(target("3.13"))
    intake.offer("demo", "1.0", requires=["backport>=1; python_full_version < '3.13.3'"])
    intake.offer("backport", "1.5")

    run = intake.added("demo")

    assert [(one.proved, one.reason) for one in run.targets] == [(True, None)]
    assert chosen(run) == {"demo": "1.0", "backport": "1.5"}
    seen = witness.installs(intake.simple_url, "demo")
    assert seen.versions == {"demo": "1.0", "backport": "1.5"}, seen.words


def test_what_a_window_of_patches_needs_is_in_the_closure(new_feed: NewFeed, pip: Pip) -> None:
    witness = pip("3.9")
    assert 10 <= witness.patch < 25
    window = "python_full_version >= '3.9.10' and python_full_version < '3.9.25'"
    intake = new_feed(target("3.9"))
    intake.offer("demo", "1.0", requires=[f"in-window ; {window}"])
    intake.offer("in-window", "1.0")

    run = intake.added("demo")

    assert [(one.proved, one.reason) for one in run.targets] == [(True, None)]
    seen = witness.installs(intake.simple_url, "demo")
    assert seen.versions == {"demo": "1.0", "in-window": "1.0"}, seen.words


def test_a_window_from_the_third_patch_to_the_seventh_is_proved_on_both_sides(new_feed: NewFeed) -> None:
    window = "python_full_version >= '3.11.3' and python_full_version < '3.11.7'"
    intake = new_feed(target("3.11"))
    intake.offer("demo", "1.0", requires=[f"in-window ; {window}"])
    intake.offer("in-window", "1.0")

    run = intake.added("demo")

    resolved = next(event for event in intake.told(run) if event.kind == "resolved")
    assert resolved.facts["pythons"] == ["3.11.0", "3.11.2", "3.11.3", "3.11.6", "3.11.7", "3.11.99"]
    assert chosen(run) == {"demo": "1.0", "in-window": "1.0"}
    assert [(one.proved, one.reason) for one in run.targets] == [(True, None)]


def test_a_window_in_the_requests_own_words_counts_too(new_feed: NewFeed, pip: Pip) -> None:
    witness = pip("3.9")
    asked = ("demo", "in-window ; python_full_version >= '3.9.10' and python_full_version < '3.9.25'")
    intake = new_feed(target("3.9"))
    intake.offer("demo", "1.0")
    intake.offer("in-window", "1.0")

    run = intake.added(*asked)

    assert [(one.proved, one.reason) for one in run.targets] == [(True, None)]
    assert witness.chooses(intake.simple_url, *asked) == {"demo": "1.0", "in-window": "1.0"}


def test_what_a_backport_itself_needs_on_older_patches_is_found(new_feed: NewFeed, pip: Pip) -> None:
    witness = pip("3.13")
    assert witness.patch == 0
    intake = new_feed(target("3.13"))
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer("part", "1.0", requires=["backport ; python_full_version < '3.13.5'"])
    intake.offer("backport", "1.0", requires=["older ; python_full_version < '3.13.2'"])
    intake.offer("older", "1.0", requires=["oldest ; python_full_version < '3.13.1'"])
    intake.offer("oldest", "1.0")

    run = intake.added("demo")

    assert [(one.proved, one.reason) for one in run.targets] == [(True, None)]
    assert set(witness.chooses(intake.simple_url, "demo")) == {"demo", "part", "backport", "older", "oldest"}


def test_the_promise_of_a_bare_minor_is_bounded_in_words_where_old_patches_are_not_admitted(
    new_feed: NewFeed, pip: Pip
) -> None:
    intake = new_feed(target("3.9"))
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer("part", "1.0", requires_python=">=3.8,!=3.9.0,!=3.9.1")

    run = intake.added("demo")

    assert [(one.proved, one.reason) for one in run.targets] == [(True, "proved for 3.9.2 and later")]
    seen = pip("3.9").installs(intake.simple_url, "demo")
    assert seen.versions == {"demo": "1.0", "part": "1.0"}, seen.words


def test_where_the_promise_ends_pip_refuses(new_feed: NewFeed, pip: Pip) -> None:
    witness = pip("3.12")
    assert witness.patch < 4
    intake = new_feed(target("3.12"))
    intake.offer("demo", "1.0", requires=["part"])
    intake.offer("part", "1.0")
    intake.offer("part", "2.0", requires_python=">=3.12.4")

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0", "part": "2.0"}, "other patches add projects, never other versions"
    assert [(one.proved, one.reason) for one in run.targets] == [(True, "proved for 3.12.4 and later")]
    assert witness.chooses(intake.simple_url, "demo") == {}


def test_a_patch_that_is_left_out_is_a_hole_in_the_promise(new_feed: NewFeed, pip: Pip) -> None:
    intake = new_feed(target("3.11"))
    intake.offer("demo", "1.0", requires_python="!=3.11.7")

    run = intake.added("demo")

    assert [one.reason for one in run.targets] == ["proved for 3.11.0 to 3.11.6 and 3.11.8 and later"]
    assert pip("3.11").chooses(intake.simple_url, "demo") == {}


def test_another_version_for_old_patches_is_never_taken(new_feed: NewFeed) -> None:
    intake = new_feed(target("3.11"))
    intake.offer("demo", "1.0", requires=["shared", "shared<2 ; python_full_version < '3.11.3'"])
    intake.offer("shared", "1.0")
    intake.offer("shared", "2.0")

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0", "shared": "2.0"}
    assert [one.reason for one in run.targets] == ["proved for 3.11.3 and later"]


def test_a_minor_of_which_the_newest_patch_can_not_have_it_is_not_proved(new_feed: NewFeed) -> None:
    intake = new_feed(target("3.11"))
    intake.offer("demo", "1.0", requires_python="<3.11.9")

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert [one.proved for one in run.targets] == [False]
    assert f"3.11@{LINUX}" in reason(run)


def test_two_minors_at_once_have_each_their_own_additions(new_feed: NewFeed) -> None:
    old, new = target("3.9"), target("3.11")
    intake = new_feed(old, new)
    intake.offer(
        "demo",
        "1.0",
        requires=["for-old ; python_full_version < '3.9.4'", "for-new ; python_full_version < '3.11.4'"],
    )
    intake.offer("for-old", "1.0")
    intake.offer("for-new", "1.0")

    run = intake.added("demo")

    assert {one.target: (one.proved, one.reason) for one in run.targets} == {
        old: (True, None),
        new: (True, None),
    }
    assert intake.names() == ["demo", "for-new", "for-old"]
