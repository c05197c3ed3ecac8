"""Runs, their events and what their steps worked out, as rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedgate.model.ledger import Act
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import events, outcomes, runs
from feedgate.records.database import Database, FeedId
from feedgate.records.events import Telling
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting, Waiting
from tests.builders.databases import NOON

RUN = RunId("run_1")
LATER = NOON + timedelta(seconds=30)


def posting(feed: FeedId, run: str = RUN, key: str = "key", requester: str = "ada") -> Posting:
    return Posting(
        id=RunId(run),
        kind=RunKind.ADD,
        feed=feed,
        requester=requester,
        idempotency_key=key,
        request='{"requirements": ["demo"]}',
        targets=("3.11@x86_64-manylinux_2_28",),
    )


@pytest.fixture
def posted(records: Database, feed: Located) -> RunId:
    with records.note() as note:
        return runs.post(note, posting(feed.id), NOON)


def state(records: Database, run: RunId = RUN) -> RunState:
    with records.read() as view:
        found = runs.find(view, run)
    assert found is not None
    return found.state


def test_a_posted_run_is_queued_and_says_what_was_asked(
    records: Database, feed: Located, posted: RunId
) -> None:
    with records.read() as view:
        run = runs.find(view, posted)
        assert run is not None
        assert (run.state, run.feed, run.requester, run.created_at) == (
            RunState.QUEUED,
            feed.path,
            "ada",
            NOON,
        )
        assert [str(target) for target in run.targets] == ["3.11@x86_64-manylinux_2_28"]
        assert runs.request_text(view, posted) == '{"requirements": ["demo"]}'
        assert runs.feed_of(view, posted) == feed.id
        assert runs.find(view, RunId("run_2")) is None


def test_the_same_key_of_the_same_requester_is_the_same_run(
    records: Database, feed: Located, posted: RunId
) -> None:
    with records.note() as note:
        assert runs.post(note, posting(feed.id, "run_2"), LATER) == posted
        assert runs.post(note, posting(feed.id, "run_3", key="other"), LATER) == "run_3"
        assert runs.post(note, posting(feed.id, "run_4", requester="bob"), LATER) == "run_4"


def test_a_run_begins_once(records: Database, posted: RunId) -> None:
    for moment in (NOON, LATER):
        with records.note() as note:
            runs.start(note, posted, moment)

    with records.read() as view:
        run = runs.find(view, posted)
    assert run is not None
    assert (run.state, run.started_at) == (RunState.RUNNING, NOON)


def test_a_run_ends_once_and_keeps_its_end(records: Database, posted: RunId) -> None:
    with records.note() as note:
        assert runs.finish(note, posted, RunState.FAILED, NOON, code="no-solution", reason="because")
        assert not runs.finish(note, posted, RunState.PUBLISHED, LATER)
        runs.start(note, posted, LATER)

    with records.read() as view:
        run = runs.find(view, posted)
    assert run is not None
    assert (run.state, run.code, run.reason, run.finished_at) == (
        RunState.FAILED,
        "no-solution",
        "because",
        NOON,
    )


def test_the_engine_hears_of_what_is_queued_and_of_what_is_to_stop(
    records: Database, feed: Located, posted: RunId
) -> None:
    with records.note() as note:
        second = runs.post(note, posting(feed.id, "run_2", key="2"), LATER)
        third = runs.post(note, posting(feed.id, "run_3", key="3"), LATER + timedelta(seconds=1))
        runs.start(note, second, LATER)
        runs.start(note, third, LATER)
        runs.request_cancel(note, third)

    with records.read() as view:
        assert runs.waiting(view) == (
            Waiting(posted, RunKind.ADD, cancel_requested=False),
            Waiting(third, RunKind.ADD, cancel_requested=True),
        )
        assert [waiting.id for waiting in runs.begun(view)] == [second, third]
    with records.note() as note:
        runs.finish(note, third, RunState.CANCELLED, LATER)
    with records.read() as view:
        assert [waiting.id for waiting in runs.waiting(view)] == [posted]


def test_only_a_held_run_is_cancelled_at_once(records: Database, posted: RunId) -> None:
    with records.note() as note:
        assert not runs.cancel_held(note, posted, NOON)
        runs.finish(note, posted, RunState.HELD, NOON)
        assert runs.cancel_held(note, posted, LATER)

    assert state(records) is RunState.CANCELLED


def test_the_newest_runs_come_first(records: Database, feed: Located, posted: RunId) -> None:
    with records.note() as note:
        for number in (2, 3):
            moment = NOON + timedelta(minutes=number)
            runs.post(note, posting(feed.id, f"run_{number}", key=str(number)), moment)

    with records.read() as view:
        assert [run.id for run in runs.newest(view, feeds=None, limit=2)] == ["run_3", "run_2"]
        assert [run.id for run in runs.newest(view, feeds=[feed.id], limit=9)] == ["run_3", "run_2", "run_1"]
        assert runs.newest(view, feeds=[], limit=9) == ()


def test_events_are_numbered_without_a_gap_and_followed_from_any_of_them(
    records: Database, posted: RunId
) -> None:
    tellings = [Telling(NOON, "fetch", None, "progress", {"files": number}) for number in range(5)]
    with records.note() as note:
        events.append(note, posted, tellings[:2])
        events.append(note, posted, [])
    with records.note() as note:
        events.append(note, posted, tellings[2:])

    with records.read() as view:
        assert [told.number for told in events.after(view, posted, 0)] == [1, 2, 3, 4, 5]
        assert [told.facts["files"] for told in events.after(view, posted, 3)] == [3, 4]
        assert [told.number for told in events.after(view, posted, 0, limit=2)] == [1, 2]
        assert events.after(view, posted, 5) == ()
        assert events.after(view, RunId("run_2"), 0) == ()


def test_a_step_that_runs_again_replaces_what_it_had_worked_out(records: Database, posted: RunId) -> None:
    for body in ({"first": 1}, {"second": [None, "ü"]}):
        with records.note() as note:
            outcomes.put(note, posted, "resolve", body, target="3.11@x")
            outcomes.put(note, posted, "fetch", None)

    with records.read() as view:
        assert outcomes.find(view, posted, "resolve", target="3.11@x") == {"second": [None, "ü"]}
        assert outcomes.find(view, posted, "resolve") is None
        assert outcomes.all_of(view, posted, "resolve") == {"3.11@x": {"second": [None, "ü"]}}
        assert outcomes.all_of(view, posted, "prove") == {}


def sending(feed: FeedId, run: str, *, destination: str, serial: int = 1) -> Posting:
    return replace(
        posting(feed, run, key=runs.send_key(serial, destination)),
        kind=RunKind.SEND,
        destination=destination,
    )


def test_of_the_runs_that_send_to_one_destination_the_oldest_alone_may_go(
    records: Database, feed: Located
) -> None:
    def may_go() -> list[str]:
        with records.read() as view:
            return [run.id for run in runs.waiting(view)]

    with records.note() as note:
        for number, destination in enumerate(("azure", "azure", "other", "azure"), start=1):
            runs.post(note, sending(feed.id, f"run_{number}", destination=destination, serial=number), NOON)
        runs.post(note, posting(feed.id, "run_add", key="add"), NOON)

    assert may_go() == ["run_1", "run_3", "run_add"]
    with records.note() as note:
        runs.start(note, RunId("run_1"), NOON)
    assert may_go() == ["run_3", "run_add"], "none goes while the first one does"
    with records.note() as note:
        runs.request_cancel(note, RunId("run_4"))
    assert may_go() == ["run_3", "run_4", "run_add"], "one behind can be stopped all the same"
    with records.note() as note:
        runs.finish(note, RunId("run_1"), RunState.FAILED, NOON)
        runs.finish(note, RunId("run_4"), RunState.CANCELLED, NOON)
    assert may_go() == ["run_2", "run_3", "run_add"]


def test_a_run_that_is_behind_another_says_so_from_the_first(records: Database, feed: Located) -> None:
    with records.note() as note:
        for number, destination in enumerate(("azure", "azure", "other"), start=1):
            runs.post(note, sending(feed.id, f"run_{number}", destination=destination, serial=number), NOON)
        runs.finish(note, RunId("run_3"), RunState.PUBLISHED, NOON)
        runs.post(note, sending(feed.id, "run_4", destination="other", serial=4), NOON)

    with records.read() as view:
        said = {run.id: run.reason for run in runs.newest(view, feeds=[feed.id], limit=9)}
    assert said == {"run_1": None, "run_2": runs.BEHIND, "run_3": None, "run_4": None}


def test_a_run_that_goes_back_into_the_queue_says_why_and_when_it_is_due(
    records: Database, posted: RunId
) -> None:
    with records.note() as note:
        runs.put_back(note, posted, reason="too early", not_before=LATER)
        assert runs.tries(note, posted) == 0, "it has not begun"
        runs.start(note, posted, NOON)
        runs.put_back(note, posted, reason="waits: away", not_before=LATER)

    with records.read() as view:
        (waiting,) = runs.waiting(view)
        run = runs.find(view, posted)
    assert (waiting.tries, waiting.not_before) == (1, LATER)
    assert run is not None
    assert (run.state, run.reason, run.started_at) == (RunState.QUEUED, "waits: away", NOON)

    with records.note() as note:
        runs.start(note, posted, LATER)
    with records.read() as view:
        run = runs.find(view, posted)
    assert run is not None
    assert (run.state, run.reason, run.started_at) == (RunState.RUNNING, None, NOON)


def test_what_a_run_waits_for_is_said_once_and_only_while_it_is_queued(
    records: Database, posted: RunId
) -> None:
    with records.note() as note:
        assert runs.say_why_it_waits(note, posted, "waits: for this")
        assert not runs.say_why_it_waits(note, posted, "waits: for this")
        assert runs.say_why_it_waits(note, posted, "waits: for that")
        runs.start(note, posted, NOON)
        assert not runs.say_why_it_waits(note, posted, "waits: for this")

    with records.read() as view:
        run = runs.find(view, posted)
    assert run is not None
    assert run.reason is None


def test_the_sends_after_an_entry_are_told_from_those_after_others(records: Database, feed: Located) -> None:
    with records.note() as note:
        for serial in (1, 11, 12):
            runs.post(note, sending(feed.id, f"run_{serial}", destination="azure", serial=serial), NOON)
        runs.post(note, sending(feed.id, "run_other", destination="other", serial=1), NOON)

    with records.read() as view:
        assert [run.id for run in runs.sends_after(view, feed.id, 1)] == ["run_1", "run_other"]
        assert [run.id for run in runs.sends_after(view, feed.id, 11)] == ["run_11"]
        assert runs.sends_after(view, feed.id, 2) == ()


def test_sends_to_a_destination_are_stopped_and_no_others(
    records: Database, feed: Located, posted: RunId
) -> None:
    with records.note() as note:
        for number, destination in enumerate(("azure", "azure", "azure", "other"), start=2):
            runs.post(note, sending(feed.id, f"run_{number}", destination=destination, serial=number), NOON)
        runs.start(note, RunId("run_3"), NOON)
        runs.finish(note, RunId("run_4"), RunState.PUBLISHED, NOON)
    with records.change(feed.id, Act.DESTINATION_REMOVED, "ada", NOON) as change:
        runs.cancel_sends(change, feed.id, "azure")
        change.record({"destination": "azure"})

    with records.read() as view:
        stopped = [run.id for run in runs.newest(view, feeds=[feed.id], limit=9) if run.cancel_requested]
    assert sorted(stopped) == ["run_2", "run_3"]
