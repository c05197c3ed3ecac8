"""Runs through the real engine on SQLite, in a worker process that is killed and started again."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import update

from feedgate.model.run import Run, RunId, RunState
from feedgate.records import events, runs, tables
from feedgate.records.database import Database
from feedgate.records.events import Told
from tests.builders.scripted_worker import TARGETS, Folder, post, prepare

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0


@dataclass
class Worker:
    """Starts the scripted worker, kills it, and sees what came of it."""

    folder: Folder
    database: Database
    _process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        ups = self.folder.journal().count("worker up")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.builders.scripted_worker", str(self.folder.path)], cwd=ROOT
        )
        self.wait(lambda: self.folder.journal().count("worker up") > ups)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def wait(self, condition: Callable[[], bool]) -> None:
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < ends_at, self.folder.log.read_text()[-4000:]
            time.sleep(0.01)

    def wait_for(self, line: str) -> None:
        self.wait(lambda: line in self.folder.journal())

    def release(self) -> None:
        self.folder.released.touch()

    def run(self, run: RunId) -> Run:
        with self.database.read() as view:
            found = runs.find(view, run)
        assert found is not None
        return found

    def end_of(self, run: RunId) -> Run:
        self.wait(lambda: self.run(run).state.is_final)
        return self.run(run)

    def told(self, run: RunId) -> tuple[Told, ...]:
        with self.database.read() as view:
            return events.after(view, run, 0)

    def cancel(self, run: RunId) -> None:
        with self.database.note() as note:
            runs.request_cancel(note, run)

    def steps(self, run: RunId) -> list[str]:
        return [line.removeprefix(f"{run} ") for line in self.folder.journal() if line.startswith(f"{run} ")]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    folder = Folder(tmp_path)
    database = prepare(folder)
    worker = Worker(folder, database)
    yield worker
    worker.kill()
    database.close()


def test_a_run_takes_its_phases_in_order_and_ends_published(worker: Worker) -> None:
    run = post(worker.database, "run-1", {}, TARGETS)
    worker.start()

    assert worker.end_of(run).state is RunState.PUBLISHED
    begun = [line for line in worker.steps(run) if line.endswith("begins")]
    first, second, third = begun[:2], begun[2:3], begun[3:]
    assert sorted(first) == [f"first@{target} begins" for target in TARGETS]
    assert second == ["second begins"]
    assert sorted(third) == [f"third@{target} begins" for target in TARGETS]


def test_each_step_tells_that_it_starts_and_finishes_and_how_long_it_took(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["progress:40", "sleep:0.3", "progress:40"]})
    worker.start()
    worker.end_of(run)

    told = worker.told(run)
    assert [one.number for one in told] == list(range(1, len(told) + 1))
    assert [(one.step, one.target, one.kind) for one in told if one.kind != "progress"] == [
        ("first", str(TARGETS[0]), "started"),
        ("first", str(TARGETS[0]), "finished"),
        ("second", None, "started"),
        ("second", None, "finished"),
        ("third", str(TARGETS[0]), "started"),
        ("third", str(TARGETS[0]), "finished"),
    ]
    finished = next(one for one in told if (one.step, one.kind) == ("second", "finished"))
    assert isinstance(finished.facts["seconds"], float)
    assert 0.3 <= finished.facts["seconds"] < PATIENCE_SECONDS
    progress = [one for one in told if one.kind == "progress"]
    assert progress[-1].facts == {"files": 40}
    assert len(progress) <= 6  # five a second, and the last


@pytest.mark.parametrize(
    ("script", "state", "code", "reason"),
    [
        pytest.param({"first": ["held:too young"]}, RunState.HELD, None, "too young", id="held"),
        pytest.param({"second": ["refused:a licence"]}, RunState.REFUSED, None, "a licence", id="refused"),
        pytest.param({"third": ["failed:no proof"]}, RunState.FAILED, "by-script", "no proof", id="failed"),
        pytest.param(
            {"second": ["broken"]},
            RunState.FAILED,
            "broken-by-script",
            "the script broke it. Next: Write another script",
            id="an-error-of-ours",
        ),
        pytest.param(
            {"second": ["raises-refused"]},
            RunState.REFUSED,
            None,
            "the script refuses it. Next: Write another script",
            id="a-refusal-that-is-raised",
        ),
    ],
)
def test_an_outcome_that_is_not_done_ends_the_run(
    worker: Worker, script: dict[str, list[str]], state: RunState, code: str | None, reason: str
) -> None:
    run = post(worker.database, "run-1", script)
    worker.start()

    ended = worker.end_of(run)
    assert (ended.state, ended.code, ended.reason) == (state, code, reason)
    last = next(iter(script))
    later = {"first": "second", "second": "third", "third": "fourth"}[last]
    assert not [line for line in worker.steps(run) if line.startswith(later)]


def test_the_gravest_outcome_of_a_phase_wins_and_siblings_are_not_cut_short(worker: Worker) -> None:
    one, other = map(str, TARGETS)
    run = post(
        worker.database,
        "run-1",
        {f"first@{one}": ["failed:no wheel"], f"first@{other}": ["sleep:0.5", "refused:a licence"]},
        TARGETS,
    )
    worker.start()

    ended = worker.end_of(run)
    assert (ended.state, ended.code) == (RunState.FAILED, "by-script")
    assert ended.reason == f"{one}: no wheel"
    assert f"first@{other} ends" in worker.steps(run)


def test_reasons_of_several_targets_are_joined_in_the_targets_order(worker: Worker) -> None:
    one, other = map(str, TARGETS)
    run = post(
        worker.database,
        "run-1",
        {f"first@{one}": ["sleep:0.2", "failed:a"], f"first@{other}": ["failed:b"]},
        TARGETS,
    )
    worker.start()

    assert worker.end_of(run).reason == f"{one}: a\n{other}: b"


def test_a_fault_of_our_own_fails_the_run_and_goes_to_the_log_with_its_traceback(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["bug"]})
    worker.start()

    ended = worker.end_of(run)
    assert (ended.state, ended.code) == (RunState.FAILED, "internal-error")
    assert ended.reason is not None
    assert "KeyError" in ended.reason
    assert "password" not in ended.reason
    log = worker.folder.log.read_text()
    assert "Traceback" in log
    assert "step second" in log


def test_after_a_kill_finished_steps_are_not_done_again_and_the_killed_one_is(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["wait"]}, TARGETS)
    worker.start()
    worker.wait_for(f"{run} second begins")
    worker.kill()
    worker.release()
    worker.start()

    assert worker.end_of(run).state is RunState.PUBLISHED
    steps = worker.steps(run)
    for target in TARGETS:
        assert steps.count(f"first@{target} begins") == 1
    assert steps.count("second begins") == 2
    assert steps.count("second ends") == 1


def test_after_a_kill_only_the_targets_that_are_missing_are_taken_again(worker: Worker) -> None:
    one, other = map(str, TARGETS)
    run = post(worker.database, "run-1", {f"third@{other}": ["wait"]}, TARGETS)
    worker.start()
    worker.wait(
        lambda: any(
            (told.target, told.kind, told.step) == (one, "finished", "third") for told in worker.told(run)
        )
    )
    time.sleep(0.2)  # its result is written after its last event
    worker.kill()
    worker.release()
    worker.start()

    assert worker.end_of(run).state is RunState.PUBLISHED
    assert worker.steps(run).count(f"third@{one} begins") == 1
    assert worker.steps(run).count(f"third@{other} begins") == 2


def test_killed_again_and_again_at_any_moment_runs_end_published_once(worker: Worker) -> None:
    moments = random.Random(7)  # noqa: S311  # the same moments each time
    posted = [
        post(worker.database, f"run-{number}", {"first": ["sleep:0.15"], "second": ["sleep:0.1"]}, TARGETS)
        for number in range(4)
    ]
    for _ in range(8):
        worker.start()
        time.sleep(moments.uniform(0, 0.6))
        worker.kill()
    worker.start()

    for run in posted:
        assert worker.end_of(run).state is RunState.PUBLISHED
        numbers = [told.number for told in worker.told(run)]
        assert numbers == list(range(1, len(numbers) + 1))
        done = [line for line in worker.steps(run) if line.startswith("third") and line.endswith("ends")]
        assert len(done) >= len(TARGETS)


def test_a_run_that_is_cancelled_stops_within_seconds_and_nothing_further_begins(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["wait"]})
    worker.start()
    worker.wait_for(f"{run} second begins")
    worker.cancel(run)
    begun = time.monotonic()

    ended = worker.end_of(run)
    assert ended.state is RunState.CANCELLED
    assert time.monotonic() - begun < 4
    assert worker.steps(run)[-1] == "second is cancelled"
    worker.release()
    time.sleep(0.5)
    assert not [line for line in worker.steps(run) if line.startswith("third")]
    assert [told.kind for told in worker.told(run) if told.step == "second"] == ["started", "cancelled"]


def test_cancelling_is_no_fault_in_the_log(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["wait"]})
    worker.start()
    worker.wait_for(f"{run} second begins")
    worker.cancel(run)
    worker.end_of(run)
    time.sleep(0.5)

    log = worker.folder.log.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log


def test_a_run_that_waits_is_cancelled_before_any_step_begins(worker: Worker) -> None:
    running = [post(worker.database, f"run-{number}", {"first": ["wait"]}) for number in range(2)]
    waiting = post(worker.database, "run-waiting", {})
    worker.start()
    for run in running:
        worker.wait_for(f"{run} first@{TARGETS[0]} begins")
    worker.cancel(waiting)

    assert worker.end_of(waiting).state is RunState.CANCELLED
    worker.release()
    for run in running:
        assert worker.end_of(run).state is RunState.PUBLISHED
    time.sleep(0.3)
    assert worker.steps(waiting) == []


def test_a_run_is_cancelled_that_was_asked_to_stop_while_no_worker_lived(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["wait"]})
    never_begun = post(worker.database, "run-2", {"first": ["wait"]})
    worker.cancel(never_begun)
    worker.start()
    worker.wait_for(f"{run} second begins")
    worker.kill()
    worker.cancel(run)
    worker.start()

    assert worker.end_of(run).state is RunState.CANCELLED
    assert worker.end_of(never_begun).state is RunState.CANCELLED
    assert worker.steps(run).count("second begins") == 1
    assert worker.steps(never_begun) == []


def test_cancelling_comes_too_late_for_what_has_happened(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["happen:run-1", "wait"]})
    worker.start()
    worker.wait_for(f"{run} second begins")
    worker.cancel(run)

    assert worker.end_of(run).state is RunState.PUBLISHED


def test_cancelling_comes_too_late_for_what_happened_before_a_kill(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["happen:run-1", "wait"]})
    worker.start()
    worker.wait_for(f"{run} second begins")
    time.sleep(0.3)
    worker.kill()
    worker.cancel(run)
    worker.start()

    assert worker.end_of(run).state is RunState.PUBLISHED
    assert not [line for line in worker.steps(run) if line.startswith("third")]


def test_no_more_runs_are_worked_on_than_allowed(worker: Worker) -> None:
    posted = [post(worker.database, f"run-{number}", {"first": ["wait"]}) for number in range(5)]
    worker.start()
    worker.wait(lambda: sum(worker.run(run).state is RunState.RUNNING for run in posted) == 2)
    time.sleep(0.5)

    assert sum(worker.run(run).state is RunState.RUNNING for run in posted) == 2
    worker.release()
    for run in posted:
        assert worker.end_of(run).state is RunState.PUBLISHED


def test_a_run_whose_engine_lost_its_database_begins_again(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["wait"]})
    worker.start()
    worker.wait_for(f"{run} second begins")
    worker.kill()
    for file in worker.folder.path.glob("engine.sqlite*"):
        file.unlink()
    worker.release()
    worker.start()

    assert worker.end_of(run).state is RunState.PUBLISHED
    assert worker.steps(run).count(f"first@{TARGETS[0]} begins") == 2


def test_a_run_that_the_engine_ended_without_saying_so_is_failed_and_not_left_hanging(worker: Worker) -> None:
    run = post(worker.database, "run-1", {})
    worker.start()
    worker.end_of(run)
    time.sleep(1)  # the engine's own last word comes after ours
    worker.kill()
    with worker.database.note() as note:
        note.connection.execute(update(tables.run).values(state=RunState.RUNNING.value, finished_at=None))
    worker.start()

    ended = worker.end_of(run)
    assert (ended.state, ended.code) == (RunState.FAILED, "internal-error")


def test_a_run_that_waited_through_a_restart_is_taken_once(worker: Worker) -> None:
    posted = [post(worker.database, f"run-{number}", {"first": ["wait"]}) for number in range(4)]
    worker.start()
    worker.wait(lambda: sum(worker.run(run).state is RunState.RUNNING for run in posted) == 2)
    time.sleep(0.3)
    worker.kill()
    worker.release()
    worker.start()

    for run in posted:
        assert worker.end_of(run).state is RunState.PUBLISHED
        assert worker.steps(run).count("second begins") == 1


def test_a_run_begins_soon_after_it_was_posted(worker: Worker) -> None:
    worker.start()
    warm = post(worker.database, "run-0", {})
    worker.end_of(warm)
    waits = []
    for number in range(1, 6):
        posted_at = time.monotonic()
        run = post(worker.database, f"run-{number}", {})
        worker.wait_for(f"{run} first@{TARGETS[0]} begins")
        waits.append(time.monotonic() - posted_at)
        worker.end_of(run)

    assert sorted(waits)[2] < 1.0


# ------------------------------------------------------------------------- back into the queue


def test_a_run_whose_step_can_not_go_on_waits_in_the_queue_and_begins_anew(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"second": ["later:it is away"]})
    worker.start()
    worker.wait(lambda: worker.run(run).state is RunState.QUEUED and worker.run(run).reason is not None)

    waiting = worker.run(run)
    assert waiting.reason is not None
    assert waiting.reason.startswith("waits: it is away; the next try is at ")
    worker.release()
    ended = worker.end_of(run)
    assert (ended.state, ended.reason) == (RunState.PUBLISHED, None)
    steps = worker.steps(run)
    assert steps.count(f"first@{TARGETS[0]} begins") == 2, "it begins with its first step"
    assert [told.number for told in worker.told(run)] == list(range(1, len(worker.told(run)) + 1))


def test_a_run_that_waits_takes_no_slot_and_can_be_cancelled(worker: Worker) -> None:
    waiting = [post(worker.database, f"run-{number}", {"first": ["later:away"]}) for number in range(4)]
    worker.start()
    for run in waiting:
        worker.wait(lambda run=run: worker.run(run).reason is not None)  # type: ignore[misc]  # bound at once
    other = post(worker.database, "other", {})
    assert worker.end_of(other).state is RunState.PUBLISHED

    worker.cancel(waiting[0])
    assert worker.end_of(waiting[0]).state is RunState.CANCELLED


def test_a_run_that_went_back_into_the_queue_is_taken_up_from_there_after_a_kill(worker: Worker) -> None:
    run = post(worker.database, "run-1", {"first": ["later:away"]})
    worker.start()
    worker.wait(lambda: worker.run(run).reason is not None)
    worker.kill()
    worker.release()
    worker.start()

    assert worker.end_of(run).state is RunState.PUBLISHED


# ------------------------------------------------------------------------- before it is handed over


def test_a_run_whose_precondition_does_not_hold_stays_queued_and_says_why(worker: Worker) -> None:
    run = post(worker.database, "run-1", {}, to="azure")
    worker.start()
    worker.wait(lambda: worker.run(run).reason == "waits: for its turn")
    time.sleep(0.5)
    assert worker.steps(run) == []
    assert worker.run(run).state is RunState.QUEUED

    worker.folder.ready.touch()

    ended = worker.end_of(run)
    assert (ended.state, ended.reason) == (RunState.PUBLISHED, None)
    (waited,) = [told for told in worker.told(run) if told.kind == "waits"]
    assert (waited.step, waited.facts) == ("send", {"reason": "waits: for its turn"})


def test_runs_to_one_destination_go_one_after_the_other_and_beside_those_to_others(worker: Worker) -> None:
    worker.folder.ready.touch()
    first = post(worker.database, "run-1", {"first": ["wait"]}, to="azure")
    second = post(worker.database, "run-2", {}, to="azure")
    third = post(worker.database, "run-3", {}, to="other")
    worker.start()

    assert worker.end_of(third).state is RunState.PUBLISHED
    assert worker.steps(second) == []
    assert worker.run(second).reason == "waits: an earlier run sends there first"
    worker.release()
    assert worker.end_of(first).state is RunState.PUBLISHED
    assert worker.end_of(second).state is RunState.PUBLISHED


def test_the_next_one_goes_when_the_first_is_cancelled_while_it_waits(worker: Worker) -> None:
    worker.folder.ready.touch()
    first = post(worker.database, "run-1", {"first": ["later:away"]}, to="azure")
    second = post(worker.database, "run-2", {}, to="azure")
    worker.start()
    worker.wait(lambda: "away" in (worker.run(first).reason or ""))

    worker.cancel(first)

    assert worker.end_of(first).state is RunState.CANCELLED
    assert worker.end_of(second).state is RunState.PUBLISHED
