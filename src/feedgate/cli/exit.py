"""How a command ends: the exit status of each kind of error and of each state of a run."""

from enum import IntEnum

from feedgate.errors import FeedgateError, Held, Invalid, Refused
from feedgate.model.run import RunState


class Exit(IntEnum):
    """Exit statuses; 0 = published and proved, or nothing to do (with ``--no-wait``: accepted)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    REFUSED = 4
    CANCELLED = 130


def exit_of_kind(kind: type[FeedgateError]) -> Exit:
    """Return the exit status for an error of that kind: wrong input is usage, all else failed."""
    if issubclass(kind, Invalid):
        return Exit.USAGE
    if issubclass(kind, Held):
        return Exit.HELD
    if issubclass(kind, Refused):
        return Exit.REFUSED
    return Exit.FAILED


def exit_of_state(state: RunState) -> Exit:
    """Return the exit status for a run that ended so."""
    return {
        RunState.PUBLISHED: Exit.OK,
        RunState.PLANNED: Exit.OK,
        RunState.HELD: Exit.HELD,
        RunState.REFUSED: Exit.REFUSED,
        RunState.CANCELLED: Exit.CANCELLED,
    }.get(state, Exit.FAILED)
