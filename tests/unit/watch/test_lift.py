"""Held runs go on by themselves: when their time is over, and when another advisory database is loaded."""

import asyncio
from datetime import timedelta

import pytest

from feedgate.feed.holds import Holding
from feedgate.gate.advisories import Advisories
from feedgate.records import runs
from feedgate.watch.lift import Lift
from tests.builders.holds import new_hold, post_held_run
from tests.builders.installation import NOON, Installation


@pytest.fixture
def lift(installation: Installation) -> Lift:
    advisories = Advisories(installation.records, installation.blobs, ())
    return Lift(Holding(installation.records, installation.clock), advisories, interval_seconds=0.01)


def retries(installation: Installation) -> list[str | None]:
    with installation.records.read() as view:
        found = runs.newest(view, feeds=None, limit=50)
    return [run.retry_of for run in found if run.retry_of is not None]


async def test_a_hold_whose_time_is_over_has_its_run_go_on_once(
    installation: Installation, lift: Lift
) -> None:
    post_held_run(
        installation, "run_1", "alice", new_hold("demo", rule="age", until=NOON + timedelta(days=1))
    )
    post_held_run(installation, "run_2", "alice", new_hold("other"))

    assert await lift.once() == ()
    installation.clock.move(timedelta(days=1))
    assert len(await lift.once()) == 1
    assert await lift.once() == ()
    assert retries(installation) == ["run_1"]


async def test_it_looks_again_and_again_whatever_went_wrong(
    installation: Installation, lift: Lift, caplog: pytest.LogCaptureFixture
) -> None:
    post_held_run(
        installation, "run_1", "alice", new_hold("demo", rule="age", until=NOON + timedelta(days=1))
    )
    with installation.records.note() as note:
        note.connection.exec_driver_sql("ALTER TABLE hold RENAME TO away")
    looking = asyncio.create_task(lift.run())
    for _ in range(2_000):
        if "could not be looked at" in caplog.text:
            break
        await asyncio.sleep(0.01)

    with installation.records.note() as note:
        note.connection.exec_driver_sql("ALTER TABLE away RENAME TO hold")
    installation.clock.move(timedelta(days=1))

    for _ in range(2_000):
        if retries(installation):
            break
        await asyncio.sleep(0.01)
    looking.cancel()
    assert retries(installation) == ["run_1"]
