"""How a command ends, by the kind of its error and by the state of its run."""

import pytest

from feedgate import errors
from feedgate.cli.exit import Exit, exit_of_kind, exit_of_state
from feedgate.errors import FeedgateError
from feedgate.model.run import RunState


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 2),
        (errors.Held, 3),
        (errors.Refused, 4),
        (errors.Unauthenticated, 1),
        (errors.Forbidden, 1),
        (errors.Missing, 1),
        (errors.Conflict, 1),
        (errors.TooLarge, 1),
        (errors.Unavailable, 1),
        (errors.Full, 1),
        (errors.Broken, 1),
        (FeedgateError, 1),
    ],
)
def test_each_kind_of_error_has_its_exit_status(kind: type[FeedgateError], status: int) -> None:
    assert exit_of_kind(kind) == status
    assert exit_of_kind(type("Leaf", (kind,), {"code": "leaf"})) == status


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RunState.PUBLISHED, 0),
        (RunState.PLANNED, 0),
        (RunState.FAILED, 1),
        (RunState.HELD, 3),
        (RunState.REFUSED, 4),
        (RunState.CANCELLED, 130),
        (RunState.RUNNING, 1),
        (RunState.QUEUED, 1),
    ],
)
def test_each_end_of_a_run_has_its_exit_status(state: RunState, status: int) -> None:
    assert exit_of_state(state) == status


def test_every_state_and_every_status_is_in_these_tables() -> None:
    assert {exit_of_state(state) for state in RunState} | {Exit.USAGE} == set(Exit)
