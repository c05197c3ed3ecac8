"""Answers to holds: each is an entry, the same again is none, and what waited for nothing else goes on once."""

from datetime import timedelta

import pytest

from feedgate.errors import Forbidden
from feedgate.feed.holds import (
    HoldAnswered,
    Holding,
    NeedsSecondPerson,
    NoSuchHold,
    confirm_hold,
    continue_held,
    list_holds,
    refuse_hold,
    release_hold,
)
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.canonical import Json
from feedgate.model.digest import Digest
from feedgate.model.hold import HoldState
from feedgate.model.run import Run, RunState
from feedgate.records import outcomes, runs
from feedgate.records.database import Note
from tests.builders.holds import REQUEST, located, new_hold, post_held_run
from tests.builders.installation import FEED, NOON, Installation

ALICE, BOB = Caller("alice", Scope.MANAGE), Caller("bob", Scope.MANAGE)


@pytest.fixture
def holding(installation: Installation) -> Holding:
    for actor in ("alice", "bob"):
        installation.token(actor, Role.OWNER)
    return Holding(installation.records, installation.clock)


def all_runs(installation: Installation) -> dict[str, Run]:
    with installation.records.read() as view:
        return {run.id: run for run in runs.newest(view, feeds=None, limit=50)}


def keep_databases(note: Note, run: Run, databases: dict[str, Digest]) -> None:
    body: dict[str, Json] = dict(databases)
    outcomes.put(note, run.id, "moment", {"databases": body})


def test_a_release_by_another_person_has_the_run_go_on(installation: Installation, holding: Holding) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo", "PYSEC-1"))

    answered = release_hold(holding, BOB, FEED, number, reason="looked at")

    (goes_on,) = answered.continued
    run = all_runs(installation)[goes_on]
    assert (run.requester, run.retry_of, run.state) == ("alice", "run_1", RunState.QUEUED)
    with installation.records.read() as view:
        assert runs.request_text(view, run.id) == REQUEST
    assert installation.acts(FEED)[-2:] == ["held", "hold-released"]


def test_the_same_again_is_no_entry_and_no_second_run(installation: Installation, holding: Holding) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))
    release_hold(holding, BOB, FEED, number, reason="looked at")
    acts, before = installation.acts(FEED), all_runs(installation)

    again = release_hold(holding, BOB, FEED, number, reason="looked at again")

    assert (again.continued, again.hold.ended_because) == ((), "looked at")
    assert (installation.acts(FEED), all_runs(installation)) == (acts, before)


def test_a_run_goes_on_when_the_last_of_its_holds_is_answered(
    installation: Installation, holding: Holding
) -> None:
    first, second = post_held_run(installation, "run_1", "alice", new_hold("demo"), new_hold("other"))

    assert release_hold(holding, BOB, FEED, second, reason="fine").continued == ()
    assert len(release_hold(holding, BOB, FEED, first, reason="fine").continued) == 1


def test_two_runs_that_wait_for_the_same_file_share_a_hold(
    installation: Installation, holding: Holding
) -> None:
    (first,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))
    (second,) = post_held_run(installation, "run_2", "carol", new_hold("demo"))

    assert first == second
    assert len(release_hold(holding, BOB, FEED, first, reason="fine").continued) == 2


def test_who_asked_needs_a_second_person(installation: Installation, holding: Holding) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))

    assert release_hold(holding, ALICE, FEED, number, reason="mine").continued == ()
    with pytest.raises(NeedsSecondPerson, match="alice released it already"):
        confirm_hold(holding, ALICE, FEED, number)
    confirmed = confirm_hold(holding, BOB, FEED, number)

    assert (confirmed.hold.confirmed_by, len(confirmed.continued)) == ("bob", 1)
    assert confirm_hold(holding, BOB, FEED, number).continued == ()
    assert installation.acts(FEED)[-3:] == ["held", "hold-released", "hold-confirmed"]


def test_a_second_token_of_the_same_actor_is_no_second_person(
    installation: Installation, holding: Holding
) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))
    release_hold(holding, ALICE, FEED, number, reason="mine")
    other_token = Caller("alice", Scope.MANAGE, token_id="another")  # a name, no secret

    with pytest.raises(NeedsSecondPerson):
        confirm_hold(holding, other_token, FEED, number)


def test_where_an_administrator_switched_it_off_one_person_is_enough(
    installation: Installation, holding: Holding
) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))
    alone = Holding(installation.records, installation.clock, second_person=False)

    assert len(release_hold(alone, ALICE, FEED, number, reason="mine").continued) == 1


def test_a_refusal_is_for_good(installation: Installation, holding: Holding) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))

    assert refuse_hold(holding, BOB, FEED, number, reason="no").continued == ()
    with pytest.raises(HoldAnswered, match="refused by bob: no"):
        release_hold(holding, BOB, FEED, number, reason="yes")
    with pytest.raises(HoldAnswered):
        confirm_hold(holding, ALICE, FEED, number)
    installation.clock.move(timedelta(days=400))
    assert continue_held(holding, located(installation)) == ()


def test_time_ends_a_hold_exactly_on_time(installation: Installation, holding: Holding) -> None:
    until = NOON + timedelta(days=2)
    post_held_run(installation, "run_1", "alice", new_hold("demo", rule="age", until=until))
    feed = located(installation)

    installation.clock.move(timedelta(days=2, seconds=-1))
    assert continue_held(holding, feed) == ()
    installation.clock.move(timedelta(seconds=1))
    assert len(continue_held(holding, feed)) == 1
    assert continue_held(holding, feed) == ()


def test_a_cancelled_run_does_not_go_on(installation: Installation, holding: Holding) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))
    with installation.records.note() as note:
        runs.cancel_held(note, all_runs(installation)["run_1"].id, NOON)

    assert release_hold(holding, BOB, FEED, number, reason="fine").continued == ()


def test_a_run_that_waits_for_a_database_goes_on_with_another_one(
    installation: Installation, holding: Holding
) -> None:
    post_held_run(installation, "run_1", "alice")
    run, feed = all_runs(installation)["run_1"], located(installation)
    old, new = {"osv": Digest("0" * 64)}, {"osv": Digest("1" * 64)}
    with installation.records.note() as note:
        keep_databases(note, run, old)

    assert continue_held(holding, feed) == ()
    assert continue_held(holding, feed, old) == ()
    assert len(continue_held(holding, feed, new)) == 1


def test_answers_are_an_owners_and_holds_that_are_not_there_are_named(
    installation: Installation, holding: Holding
) -> None:
    (number,) = post_held_run(installation, "run_1", "alice", new_hold("demo"))
    installation.token("reader", Role.READER)
    reader = Caller("reader", Scope.MANAGE)

    with pytest.raises(Forbidden):
        release_hold(holding, reader, FEED, number, reason="fine")
    with pytest.raises(NoSuchHold, match="hold 99"):
        release_hold(holding, BOB, FEED, 99, reason="fine")
    assert [hold.state for hold in list_holds(installation.records, reader, FEED)] == [HoldState.OPEN]
    release_hold(holding, BOB, FEED, number, reason="fine")
    assert list_holds(installation.records, reader, FEED) == ()
    assert len(list_holds(installation.records, reader, FEED, None)) == 1
