"""One wheel in by ``add``, out by pip; what it was upstream it is in the feed."""

import hashlib
import threading
import uuid
from collections.abc import Callable

import pytest

from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import RunBody
from feedgate.intake.host import host_target
from feedgate.model.run import RunKind, RunState
from tests.builders.intake_feed import EXACT, Intake, chosen, states, target
from tests.builders.witness import PipWitness
from tests.intake.conftest import NewFeed

Pip = Callable[[str], PipWitness]


def numbers(run: RunBody) -> tuple[int, int, int, int, int, int]:
    return (run.published, run.already_present, run.fetched, run.built, run.held, run.refused)


def test_what_add_brings_in_pip_installs_from_the_feed_alone(intake: Intake, pip: Pip) -> None:
    intake.offer("demo", "1.0", requires=["demo-part>=2"])
    intake.offer("demo-part", "2.1")

    run = intake.added("demo")
    seen = pip("3.11").installs(intake.simple_url, "demo")

    assert [(one.target, one.proved, one.reason) for one in run.targets] == [(EXACT, True, None)]
    assert seen.versions == {"demo": "1.0", "demo-part": "2.1"}, seen.words


def test_a_run_reports_what_it_did(intake: Intake) -> None:
    demo = intake.offer("demo", "1.0", requires=["demo-part"])
    part = intake.offer("demo-part", "2.1")

    run = intake.added("demo", reason="for the tests")

    assert run.closure is not None
    assert (run.closure.projects, run.closure.distributions) == (2, 2)
    assert run.closure.bytes == demo.stat().st_size + part.stat().st_size
    assert numbers(run) == (2, 0, 2, 0, 0, 0)
    assert states(run) == {"demo": "published", "demo-part": "published"}
    assert [step.name for step in run.steps] == [
        "resolve",
        "fetch",
        "build",
        "inspect",
        "decide",
        "prove",
        "publish",
    ]
    assert (run.serial, run.escapes, run.passed_over, run.internal) == (intake.serial, [], [], [])
    assert run.error is None
    assert run.seconds is not None


def test_the_second_time_there_is_nothing_to_do(intake: Intake, pip: Pip) -> None:
    intake.offer("demo", "1.0", requires=["demo-part"])
    intake.offer("demo-part", "2.1")
    first = intake.added("demo")
    serial = intake.serial

    again = intake.added("demo")

    assert numbers(again) == (0, 2, 0, 0, 0, 0)
    assert states(again) == {"demo": "present", "demo-part": "present"}
    assert [one.proved for one in again.targets] == [True]
    assert (first.serial, again.serial, intake.serial) == (serial, serial, serial)


def test_what_the_store_has_is_not_fetched_for_another_feed(new_feed: NewFeed) -> None:
    first = new_feed()
    wheel = first.offer("demo", "1.0")
    first.added("demo")
    asked = len(first.upstream.asked(wheel.name))

    run = new_feed().added("demo")

    assert numbers(run) == (1, 0, 0, 0, 0, 0)
    assert len(first.upstream.asked(wheel.name)) == asked == 1


def test_a_file_is_in_the_feed_what_it_was_upstream(intake: Intake) -> None:
    wheel = intake.wheel("demo", "1.0", requires_python=">=3.8")
    listed = {"upload_time": "2023-05-17T08:09:10.123456Z", "yanked": False}
    intake.list_upstream(wheel, listed)

    intake.added("demo")

    entry = intake.files("demo")[wheel.name]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert entry["hashes"] == {"sha256": digest}
    assert entry["size"] == wheel.stat().st_size
    assert entry["upload-time"] == "2023-05-17T08:09:10.123456Z"
    assert entry["requires-python"] == ">=3.8"
    assert entry["yanked"] is False
    assert intake.download("demo", wheel.name) == wheel.read_bytes()


def test_a_yanked_release_that_was_asked_for_stays_yanked_with_its_reason(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0", page={"yanked": "breaks on Tuesdays"})

    intake.added("demo==1.0")

    assert intake.files("demo")[wheel.name]["yanked"] == "breaks on Tuesdays"


def test_a_closure_is_one_entry_and_a_reader_sees_the_feed_before_or_after_it(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["demo-part"])
    intake.offer("demo-part", "2.1")
    before = intake.serial
    head = intake.ledger()[-1]

    run = intake.added("demo", reason="for the tests")

    entries = intake.ledger()[before:]
    assert [(entry.serial, entry.act, entry.run, entry.previous) for entry in entries] == [
        (before + 1, "published", run.run, head.hash)
    ]
    facts = entries[0].facts
    assert facts["requested"] == ["demo"]
    assert facts["reason"] == "for the tests"
    assert facts["targets"] == [EXACT]
    assert facts["files"] == [
        {"filename": file.filename, "sha256": file.sha256}
        for file in sorted(run.files, key=lambda file: file.filename)
    ]
    intake.verify()


def test_the_same_key_is_the_same_run_and_another_request_under_it_is_refused(intake: Intake) -> None:
    intake.offer("demo", "1.0")
    key = uuid.uuid4().hex
    first = intake.post("demo", key=key)

    again = intake.post("demo", key=key)
    intake.ended(first)
    late = intake.post("demo", key=key)
    with pytest.raises(RemoteProblem) as refused:
        intake.post("another", key=key)

    assert first.run == again.run == late.run
    assert late.state is RunState.PUBLISHED
    assert refused.value.code == "idempotency-key-used"
    assert intake.acts().count("published") == 1


def test_a_plan_says_what_would_come_and_changes_nothing(intake: Intake) -> None:
    intake.offer("shared", "1.0")
    intake.added("shared")
    intake.offer("shared", "2.0")
    own = intake.wheel("acme-core", "1.0")
    intake.upload(own)
    demo = intake.offer("demo", "1.0", requires=["shared", "acme-core"])
    serial = intake.serial

    run = intake.plan("demo")

    assert (run.kind, run.state) == (RunKind.PLAN, RunState.PLANNED)
    assert chosen(run) == {"acme-core": "1.0", "demo": "1.0", "shared": "1.0"}
    assert states(run) == {"acme-core": "present", "demo": "new", "shared": "present"}
    assert (run.published, run.already_present, run.fetched) == (0, 2, 0)
    assert [(kept.name, kept.version) for kept in run.kept] == [("acme-core", "1.0"), ("shared", "1.0")]
    assert run.internal == ["acme-core"]
    sizes = {file.filename: file.size_bytes for file in run.files}
    assert sizes[demo.name] == demo.stat().st_size
    assert run.closure is not None
    assert run.closure.bytes == sum(size or 0 for size in sizes.values())
    assert [step.name for step in run.steps] == ["resolve"]
    assert intake.serial == serial
    assert intake.names() == ["acme-core", "shared"]
    assert intake.client.list_runs(intake.path).body[0].run == run.run
    assert not intake.upstream.asked(demo.name), "the file itself is not fetched for a plan"


def test_several_targets_get_what_each_needs_and_are_published_together(new_feed: NewFeed) -> None:
    old, windows = target("3.9.18"), target("3.13", "x86_64-pc-windows-msvc")
    intake = new_feed(old, windows)
    intake.offer(
        "demo",
        "1.0",
        requires=[
            "only-old; python_version < '3.10'",
            "only-windows; sys_platform == 'win32'",
            "native",
        ],
    )
    intake.offer("only-old", "1.0")
    intake.offer("only-windows", "1.0")
    native = [
        intake.offer("native", "1.0", tag="cp39-cp39-manylinux_2_17_x86_64"),
        intake.offer("native", "1.0", tag="cp313-cp313-win_amd64"),
    ]
    intake.offer("native", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    serial = intake.serial

    run = intake.added("demo")

    assert {one.target: (one.proved, one.reason) for one in run.targets} == {
        old: (True, None),
        windows: (True, None),
    }
    assert set(intake.files("native")) == {wheel.name for wheel in native}
    assert intake.names() == ["demo", "native", "only-old", "only-windows"]
    assert intake.serial == serial + 1


def test_a_requests_own_targets_replace_the_feeds(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["backport; python_version < '3.10'"])
    intake.offer("backport", "1.0")

    run = intake.added("demo", targets=[target("3.9.18")])

    assert [one.target for one in run.targets] == [target("3.9.18")]
    assert intake.names() == ["backport", "demo"]


def test_without_a_target_of_its_own_a_request_can_name_this_machine(
    intake: Intake,
) -> None:
    intake.offer("demo", "1.0", requires=["never ; python_version < '3.11'"])

    run = intake.added("demo", targets=["host"])

    assert [one.target for one in run.targets] == [str(host_target())]
    assert [one.proved for one in run.targets] == [True]


def test_a_reader_sees_none_of_a_closure_or_all_of_it(intake: Intake) -> None:
    parts = [f"part{number}" for number in range(40)]
    intake.offer("demo", "1.0", requires=parts)
    for name in parts:
        intake.offer(name, "1.0")
    seen: set[int] = set()
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            seen.add(len(intake.names()))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        intake.added("demo")
    finally:
        is_over.set()
        reader.join()

    assert seen <= {0, 41}
    assert 0 in seen
    assert len(intake.names()) == 41


def test_the_feed_at_an_earlier_serial_is_what_it_was(intake: Intake, pip: Pip) -> None:
    intake.offer("demo", "1.0")
    first = intake.added("demo")
    intake.offer("demo", "2.0", requires=["part"])
    intake.offer("part", "1.0")
    second = intake.added("demo")

    witness = pip("3.11")
    assert witness.chooses(intake.url_at(first.serial), "demo") == {"demo": "1.0"}
    assert witness.chooses(intake.url_at(second.serial), "demo") == {"demo": "2.0", "part": "1.0"}
