"""``kill -9`` at any step: after a restart the run goes on, does nothing finished again, and ends published."""

import hashlib
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feedgate.api.run_bodies import EventBody, RunBody
from feedgate.model.run import RunState
from tests.builders.intake_feed import Intake, chosen, states, target
from tests.builders.witness import PipWitness
from tests.builders.working_server import WorkingServer, command_of, descendants_of, wait_until
from tests.doubles.upstream import Pause, Upstream
from tests.intake.conftest import make_feed

STEPS = ("resolve", "fetch", "build", "inspect", "decide", "prove", "publish")
SILENCE = Pause(60.0)


@contextmanager
def held_up(server: WorkingServer, run: RunBody, step: str) -> Iterator[None]:
    """Wait until ``step`` has worked out its outcome, and let nothing be written from then on.

    So the worker stands still before the step counts as finished: the hardest moment to be killed.
    """
    with closing(sqlite3.connect(server.directory.records_file, isolation_level=None, timeout=30)) as records:
        query = "SELECT count(*) FROM run_outcome WHERE run = ? AND step = ?"
        wait_until(lambda: records.execute(query, (run.run, step)).fetchone()[0] > 0)
        records.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            records.execute("ROLLBACK")


def begun(told: Sequence[EventBody]) -> list[str]:
    """Return the steps in the order in which they were begun, one a target."""
    return [event.step for event in told if event.kind == "started"]


def ended(server: WorkingServer, run: RunBody) -> set[str]:
    """Return the steps whose end a killed server's engine has on disk."""
    with closing(sqlite3.connect(server.directory.engine_file)) as engine:
        query = "SELECT function_name FROM operation_outputs WHERE workflow_uuid = ?"
        return {name.partition("@")[0] for (name,) in engine.execute(query, (run.run,))}


def has(server: WorkingServer, file: Path) -> bool:
    """Return whether the file is in the server's store."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return (server.directory.blobs / "sha256" / digest[:2] / digest).is_file()


def went_on(intake: Intake, run: RunBody) -> RunBody:
    """Wait for the end of a run that was killed once, which must be a good one; return it."""
    published = intake.ended(run)

    assert published.state is RunState.PUBLISHED, published.reason
    told = intake.told(published)
    assert [event.number for event in told] == list(range(1, len(told) + 1))
    order = [STEPS.index(step) for step in begun(told)]
    assert order == sorted(order), "a finished step was done again"
    assert len(order) <= len(STEPS) + 1, "more than the step that was killed was done again"
    assert [entry.run for entry in intake.ledger() if entry.act == "published"] == [run.run]
    assert {file.filename for file in published.files} == {
        filename for name in intake.names() for filename in intake.files(name)
    }
    for file in published.files:
        name = file.filename.partition("-")[0]
        assert intake.files(name)[file.filename]["hashes"] == {"sha256": file.sha256}
    intake.verify()
    return published


def was_asked(upstream: Upstream, what: str) -> Callable[[], bool]:
    return lambda: bool(upstream.asked(what))


def offer_demo(intake: Intake) -> list[Path]:
    return [
        intake.offer("demo", "1.0", requires=["part", "other"]),
        intake.offer("part", "1.0"),
        intake.offer("other", "1.0"),
    ]


@pytest.mark.parametrize("step", ["resolve", "fetch", "decide", "prove", "publish"])
def test_a_server_killed_when_a_step_has_just_done_its_work(own_intake: Intake, step: str) -> None:
    wheels = offer_demo(own_intake)
    run = own_intake.post("demo")
    with held_up(own_intake.server, run, step):
        own_intake.server.kill()
    before, came = ended(own_intake.server, run), [wheel for wheel in wheels if has(own_intake.server, wheel)]
    assert before >= set(STEPS[: STEPS.index(step)])

    own_intake.server.start()

    published = went_on(own_intake, run)
    steps = begun(own_intake.told(published))
    again = {name for name in STEPS if steps.count(name) > 1}
    assert not again & before, "only what had not come to its end is done twice"
    assert len(again) <= 1, "one step was at work when it was killed"
    asked = {wheel: len(own_intake.upstream.asked(wheel.name)) for wheel in wheels}
    assert [asked[wheel] for wheel in came] == [1] * len(came), "what had come is not fetched again"
    assert set(asked.values()) <= {1, 2}
    assert set(states(published).values()) == {"published"}


def test_a_server_killed_while_the_resolver_works_leaves_no_resolver(own_intake: Intake) -> None:
    offer_demo(own_intake)
    own_intake.upstream.fault("demo", SILENCE, times=1)
    run = own_intake.post("demo")
    wait_until(was_asked(own_intake.upstream, "demo"))
    resolvers = _resolvers(own_intake.server)
    assert resolvers

    own_intake.server.kill()
    wait_until(lambda: not any("compile" in command_of(pid) for pid in resolvers), 30)
    own_intake.server.start()

    went_on(own_intake, run)
    assert begun(own_intake.told(run)).count("resolve") == 2


def _resolvers(server: WorkingServer) -> list[int]:
    worker = server.worker
    assert worker is not None
    return [pid for pid in descendants_of(worker) if "compile" in command_of(pid)]


def test_a_server_killed_in_the_middle_of_fetching_fetches_only_what_is_missing(own_intake: Intake) -> None:
    wheels = offer_demo(own_intake)
    own_intake.upstream.fault(wheels[1].name, SILENCE, times=1)
    run = own_intake.post("demo")
    wait_until(lambda: all(own_intake.upstream.asked(wheel.name) for wheel in wheels))
    wait_until(lambda: has(own_intake.server, wheels[0]) and has(own_intake.server, wheels[2]))
    own_intake.follow_until(run, lambda event: (event.step, event.kind) == ("fetch", "started"))

    own_intake.server.kill()
    own_intake.server.start()

    published = went_on(own_intake, run)
    assert begun(own_intake.told(published)) == ["resolve", "fetch", *STEPS[1:]]
    assert [len(own_intake.upstream.asked(wheel.name)) for wheel in wheels] == [1, 2, 1]


def test_a_worker_killed_alone_is_started_again_and_its_run_goes_on(own_intake: Intake) -> None:
    wheels = offer_demo(own_intake)
    own_intake.upstream.fault(wheels[2].name, SILENCE, times=1)
    run = own_intake.post("demo")
    wait_until(was_asked(own_intake.upstream, wheels[2].name))

    own_intake.server.kill_worker()

    went_on(own_intake, run)
    assert own_intake.added("demo").already_present == 3, "the next run is as any other"


def test_who_follows_a_run_sees_it_through_the_end_of_its_server(own_intake: Intake) -> None:
    wheels = offer_demo(own_intake)
    own_intake.upstream.fault(wheels[1].name, SILENCE, times=1)
    run = own_intake.post("demo")
    told: list[EventBody] = []
    following = threading.Thread(target=lambda: told.extend(own_intake.client.follow(run.run)), daemon=True)
    following.start()
    wait_until(was_asked(own_intake.upstream, wheels[1].name))

    own_intake.server.kill()
    time.sleep(0.3)
    own_intake.server.start()
    following.join(60)

    assert not following.is_alive()
    assert [event.number for event in told] == list(range(1, len(told) + 1))
    assert (told[-1].step, told[-1].kind) == ("publish", "finished")


def test_several_runs_killed_at_whatever_they_are_at_all_end_published(
    own_server: WorkingServer, upstream: Upstream, tmp_path: Path
) -> None:
    """Three at a time, each a little later than the one before it, and the kill a little later each time."""
    for number in range(3):
        feeds = [
            make_feed(own_server, upstream, tmp_path / f"{number}-{one}", target("3.11"), target("3.9.18"))
            for one in range(3)
        ]
        runs = []
        for one, intake in enumerate(feeds):
            wheels = [
                intake.offer(f"demo{number}{one}", "1.0", requires=[f"part{number}{one}"]),
                intake.offer(f"part{number}{one}", "1.0", requires_python="!=3.11.4"),
            ]
            upstream.fault(wheels[0].name, Pause(0.15 * one), times=1)
            runs.append(intake.post(f"demo{number}{one}"))
        wait_until(was_asked(upstream, f"demo{number}0-1.0-py3-none-any.whl"))
        time.sleep(0.15 * number)

        own_server.kill()
        own_server.start()

        for intake, run in zip(feeds, runs, strict=True):
            published = intake.ended(run)
            assert published.state is RunState.PUBLISHED, published.reason
            assert all(one.proved for one in published.targets)
            assert [entry.run for entry in intake.ledger() if entry.act == "published"] == [run.run]
            assert set(chosen(published)) == set(intake.names())
            intake.verify()


def test_a_run_that_is_killed_and_cancelled_before_the_restart_is_cancelled(own_intake: Intake) -> None:
    wheels = offer_demo(own_intake)
    own_intake.upstream.fault(wheels[1].name, SILENCE, times=1)
    run = own_intake.post("demo")
    wait_until(was_asked(own_intake.upstream, wheels[1].name))
    worker = own_intake.server.worker
    assert worker is not None
    os.kill(worker, signal.SIGKILL)

    own_intake.client.cancel_run(run.run)

    assert own_intake.ended(run).state is RunState.CANCELLED
    assert own_intake.names() == []


def test_a_run_that_is_killed_right_after_it_published_stays_published_whoever_cancels_it(
    own_intake: Intake,
) -> None:
    offer_demo(own_intake)
    run = own_intake.post("demo")
    with held_up(own_intake.server, run, "publish"):
        own_intake.server.kill()
    with closing(sqlite3.connect(own_intake.server.directory.records_file)) as records, records:
        records.execute("UPDATE run SET cancel_requested = 1 WHERE id = ?", (run.run,))

    own_intake.server.start()

    stayed = own_intake.ended(run)
    assert (stayed.state, stayed.published) == (RunState.PUBLISHED, 3)
    assert own_intake.names() == ["demo", "other", "part"]
    assert [entry.run for entry in own_intake.ledger() if entry.act == "published"] == [run.run]


def test_after_a_kill_pip_installs_what_the_run_brought(own_intake: Intake, tmp_path: Path) -> None:
    offer_demo(own_intake)
    run = own_intake.post("demo")
    with held_up(own_intake.server, run, "prove"):
        own_intake.server.kill()
    own_intake.server.start()
    own_intake.ended(run)

    witness = PipWitness.of("3.11", tmp_path)
    assert witness.chooses(own_intake.simple_url, "demo") == {"demo": "1.0", "other": "1.0", "part": "1.0"}
