"""An upstream that misbehaves fails the run by name, or is waited for; it never changes what is chosen."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedgate.model.run import RunState
from tests.builders.intake_feed import EXACT, Intake, chosen, reason, target
from tests.builders.working_server import wait_until
from tests.doubles.upstream import (
    JSON,
    Answer,
    Encoded,
    Fault,
    LongBody,
    NoRange,
    Pause,
    ShortBody,
    Upstream,
    WrongBytes,
)
from tests.intake.conftest import NewFeed


def fails_by_name(intake: Intake, name: str, code: str) -> None:
    """Add ``demo``, which must fail by ``name`` and leave nothing; afterwards a well-behaved upstream serves."""
    serial = intake.serial

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert (run.error.code, name in run.error.message) == (code, True), run.error
    assert [one.proved for one in run.targets] == [False]
    assert (intake.serial, intake.names()) == (serial, [])

    intake.upstream.behave()
    retried = intake.ended(intake.client.retry_run(run.run, key=f"again-{run.run}").body)
    assert (retried.state, retried.retry_of) == (RunState.PUBLISHED, run.run)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(WrongBytes(), "digest-mismatch", id="wrong-bytes"),
        pytest.param(ShortBody(100), "size-mismatch", id="cut-short"),
        pytest.param(LongBody(1), "size-mismatch", id="one-byte-too-many"),
        pytest.param(Answer(503), "upstream-unavailable", id="503-for-ever"),
        pytest.param(Answer(404), "no-such-file", id="gone"),
        pytest.param(Answer(403), "upstream-unavailable", id="forbidden"),
        pytest.param(Encoded(), "unexpected-encoding", id="encoded"),
    ],
)
def test_a_file_that_does_not_come_as_promised(intake: Intake, fault: Fault, code: str) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, fault)

    fails_by_name(intake, wheel.name, code)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(ShortBody(100), id="cut-short"),
        pytest.param(Answer(503), id="503"),
        pytest.param(Answer(429, {"Retry-After": "1"}), id="too-many-requests"),
    ],
)
def test_a_file_that_comes_the_second_time(intake: Intake, fault: Fault) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, fault, times=1)

    run = intake.added("demo")

    assert run.fetched == 1
    assert len(intake.upstream.asked(wheel.name)) == 2
    assert intake.download("demo", wheel.name) == wheel.read_bytes()


def test_a_page_that_answers_503_twice_is_asked_a_third_time(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.upstream.fault("demo", Answer(503), times=2)

    assert chosen(intake.added("demo")) == {"demo": "1.0"}
    assert len(intake.upstream.asked("demo")) == 3


@pytest.mark.parametrize(
    ("name", "fault", "code"),
    [
        pytest.param("demo", Answer(503), "upstream-unavailable", id="503-for-what-was-asked"),
        pytest.param("part", Answer(503), "upstream-unavailable", id="503-for-a-dependency"),
        pytest.param("part", Answer(401), "upstream-unavailable", id="401"),
        pytest.param("part", Answer(200, {"Content-Type": "text/plain"}, b"busy"), "bad-page", id="no-page"),
        pytest.param("part", Answer(200, {"Content-Type": JSON}, b"{"), "bad-page", id="no-json"),
        pytest.param("part", ShortBody(20), "upstream-unavailable", id="cut-short"),
    ],
)
def test_a_page_that_does_not_come_is_named_and_no_older_parent_is_taken(
    intake: Intake, name: str, fault: Fault, code: str
) -> None:
    intake.offer("demo", "1.0")
    intake.offer("demo", "2.0", requires=["part"])
    intake.offer("part", "1.0")
    intake.upstream.fault(name, fault)

    fails_by_name(intake, name, code)
    assert intake.versions("demo") == ["2.0"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(Answer(503), "upstream-unavailable", id="503-for-ever"),
        pytest.param(WrongBytes(), "digest-mismatch", id="wrong-bytes"),
        pytest.param(Answer(404), "no-such-file", id="advertised-and-absent"),
    ],
)
def test_a_metadata_that_does_not_come_is_named_and_no_older_release_is_taken(
    intake: Intake, fault: Fault, code: str
) -> None:
    intake.offer("demo", "1.0")
    wheel = intake.offer("demo", "2.0")
    intake.upstream.fault(f"{wheel.name}.metadata", fault)

    fails_by_name(intake, wheel.name, code)
    assert intake.versions("demo") == ["2.0"]


def test_one_file_that_fails_keeps_the_whole_closure_back(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=[f"part{number}" for number in range(8)])
    wheels = [intake.offer(f"part{number}", "1.0") for number in range(8)]
    intake.upstream.fault(wheels[5].name, WrongBytes())

    fails_by_name(intake, wheels[5].name, "digest-mismatch")


def test_a_run_that_failed_needs_only_what_did_not_come(intake: Intake) -> None:
    demo = intake.offer("demo", "1.0", requires=["part"])
    part = intake.offer("part", "1.0")
    intake.upstream.fault(part.name, Answer(503))
    intake.add("demo")
    intake.upstream.behave()

    run = intake.added("demo")

    assert run.published == 2
    assert len([seen for seen in intake.upstream.asked(demo.name) if seen.method == "GET"]) == 1


# ------------------------------------------------------------------ pages change


def other_bytes(intake: Intake, wheel: Path) -> bytes:
    name, version, _ = wheel.name.split("-", 2)
    return intake.wheel(name, version, files={"other.txt": "other bytes"}).read_bytes()


def while_it_is_fetched(intake: Intake, wheel: Path) -> str:
    """Post a run and return it while the upstream thinks about the file."""
    intake.upstream.fault(wheel.name, Pause(1.0), times=1)
    run = intake.post("demo")
    wait_until(lambda: bool(intake.upstream.asked(wheel.name)))
    return run.run


def test_a_file_that_is_replaced_after_it_was_chosen_does_not_come_in(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    run = while_it_is_fetched(intake, wheel)
    intake.upstream.add(wheel.name, other_bytes(intake, wheel))

    ended = intake.ended(run)

    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert ended.error.code in {"digest-mismatch", "size-mismatch"}
    assert wheel.name in ended.error.message
    assert intake.names() == []


def test_a_file_that_is_removed_after_it_was_chosen_fails_by_name(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.offer("demo", "0.9")
    run = while_it_is_fetched(intake, wheel)
    intake.upstream.remove(wheel.name)

    ended = intake.ended(run)

    assert ended.state is RunState.FAILED
    assert wheel.name in reason(ended)


def test_a_run_shows_the_resolver_what_it_saw_first(intake: Intake) -> None:
    """A newer release that comes up while the run is at work is the next run's."""
    wheel = intake.offer("demo", "1.0")
    run = while_it_is_fetched(intake, wheel)
    intake.offer("demo", "2.0")

    assert chosen(intake.ended(run)) == {"demo": "1.0"}
    assert chosen(intake.added("demo")) == {"demo": "2.0"}


def test_several_targets_ask_for_each_page_and_file_once(new_feed: NewFeed) -> None:
    intake = new_feed(target("3.9"), target("3.11"), EXACT, target("3.13", "x86_64-pc-windows-msvc"))
    wheels = [
        intake.offer("demo", "1.0", requires=["part ; python_full_version < '3.11.3'"]),
        intake.offer("part", "1.0"),
    ]

    intake.added("demo")

    asked = [seen.what for seen in intake.upstream.log]
    assert sorted(asked) == sorted(
        ["demo", "part", *(wheel.name for wheel in wheels), *(f"{wheel.name}.metadata" for wheel in wheels)]
    )


def test_the_next_run_only_asks_whether_a_page_is_still_the_same(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    intake.added("demo")
    intake.upstream.log.clear()

    intake.added("demo")

    assert ["If-None-Match" in seen.headers for seen in intake.upstream.asked("demo")] == [True]


# ------------------------------------------------------------------ an index of old


@pytest.fixture
def html_only(upstream: Upstream) -> Iterator[Upstream]:
    """The upstream as an index that knows HTML alone: no size, no time, and here no hash and no METADATA."""
    upstream.html_only = True
    yield upstream
    upstream.html_only = False


OF_OLD = {"hashes": None, "core_metadata": None}


@pytest.mark.parametrize("ranges", [True, False], ids=["with-ranges", "without-ranges"])
def test_files_without_a_stated_digest_are_hashed_by_us(
    html_only: Upstream, intake: Intake, ranges: bool
) -> None:
    wheels = [
        intake.offer("demo", "1.0", requires=["part"], page=OF_OLD),
        intake.offer("part", "1.0", requires_python=">=3.8", page=OF_OLD),
    ]
    if not ranges:
        intake.upstream.fault("*", NoRange())

    run = intake.added("demo")

    assert (run.published, run.fetched) == (2, 2)
    for wheel in wheels:
        name = wheel.name.partition("-")[0]
        entry = intake.files(name)[wheel.name]
        assert entry["hashes"] == {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
        assert entry["size"] == wheel.stat().st_size
        assert "upload-time" not in entry or entry["upload-time"] is None
        assert intake.download(name, wheel.name) == wheel.read_bytes()
    assert intake.files("part")[wheels[1].name]["requires-python"] == ">=3.8"
    assert [len(intake.upstream.asked(wheel.name)) for wheel in wheels] == [1, 1]
    again = intake.added("demo")
    assert (again.published, again.already_present, again.fetched) == (0, 2, 0)


def test_a_wheel_without_metadata_beside_it_is_read_as_it_comes(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0", requires=["part"], page={"core_metadata": False})
    intake.offer("part", "1.0")

    run = intake.added("demo")

    assert chosen(run) == {"demo": "1.0", "part": "1.0"}
    assert [seen.method for seen in intake.upstream.asked(wheel.name)] == ["GET"]
    assert intake.files("demo")[wheel.name]["core-metadata"] is not False


def test_a_silent_upstream_does_not_stop_other_runs(new_feed: NewFeed) -> None:
    slow, quick = new_feed(), new_feed()
    slow.offer("slow", "1.0")
    quick.offer("quick", "1.0")
    slow.upstream.fault("slow", Pause(3.0), times=1)
    waiting = slow.post("slow")
    begun = time.monotonic()

    quick.added("quick")

    assert time.monotonic() - begun < 3
    assert slow.ended(waiting).state is RunState.PUBLISHED
