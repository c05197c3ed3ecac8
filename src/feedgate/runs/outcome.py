"""How steps end: as the engine keeps it (one small JSON value), and what it means for the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from feedgate.model.run import Again, Done, Failed, Held, Later, Outcome, Refused, RunState
from feedgate.model.target import Target

INTERNAL_ERROR: Final = "internal-error"
"""The code of a run that ended by a fault of our own."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A run's final state, and why."""

    state: RunState
    code: str | None = None
    reason: str | None = None


def ending_of(outcomes: Sequence[tuple[Target | None, Outcome]], *, several: bool) -> Ending | None:
    """Return how the gravest of one phase's outcomes ends the run, or None where none does.

    Failed is graver than refused, refused than held. The reasons of the
    gravest are joined, a line each, which names the target where the run has ``several``.
    """
    for kind, state in ((Failed, RunState.FAILED), (Refused, RunState.REFUSED), (Held, RunState.HELD)):
        worst = [(target, outcome) for target, outcome in outcomes if isinstance(outcome, kind)]
        if worst:
            first = worst[0][1]
            reasons = [
                f"{target}: {outcome.reason}" if several and target is not None else outcome.reason
                for target, outcome in worst
            ]
            return Ending(state, first.code if isinstance(first, Failed) else None, "\n".join(reasons))
    return None


def to_json(outcome: Outcome) -> dict[str, str]:
    """Return the outcome as plain JSON."""
    match outcome:
        case Done():
            return {"outcome": "done"}
        case Held(reason):
            return {"outcome": "held", "reason": reason}
        case Refused(reason):
            return {"outcome": "refused", "reason": reason}
        case Failed(code, reason):
            return {"outcome": "failed", "code": code, "reason": reason}
        case Again(reason):
            return {"outcome": "again", "reason": reason}
        case Later(reason):
            return {"outcome": "later", "reason": reason}


def from_json(body: Mapping[str, str]) -> Outcome:
    """Return the outcome that ``to_json`` wrote; raises ValueError for anything else."""
    match body:
        case {"outcome": "done"}:
            return Done()
        case {"outcome": "held", "reason": reason}:
            return Held(reason)
        case {"outcome": "refused", "reason": reason}:
            return Refused(reason)
        case {"outcome": "failed", "code": code, "reason": reason}:
            return Failed(code, reason)
        case {"outcome": "again", "reason": reason}:
            return Again(reason)
        case {"outcome": "later", "reason": reason}:
            return Later(reason)
        case _:
            raise ValueError(body)
