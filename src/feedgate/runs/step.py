"""What a run is made of: steps, in phases, in a workflow.

A step may run twice, even at once, with the same outcome; what it works out
for later steps it keeps in the records, by run and step.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

from feedgate.model.run import Outcome, Run, RunId, RunState, Tell
from feedgate.model.target import Target
from feedgate.records.database import View


class Step(Protocol):
    """A frozen dataclass of the few parts that it uses."""

    name: ClassVar[str]
    """For ever: what a run did before a restart is found again by this."""

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Do the step's part of ``run``, for ``target`` alone where one is given.

        ``tell`` never blocks and may be called from any thread. An error of
        our own tree ends the run as failed, with its code and message;
        CancelledError comes within a second of the run's cancelling.
        """
        ...


@dataclass(frozen=True, slots=True)
class PerTarget:
    """A phase that takes the step for each of the run's targets, side by side."""

    step: Step


@dataclass(frozen=True, slots=True)
class Once:
    """A phase that takes the step one time, for all targets together."""

    step: Step


@dataclass(frozen=True, slots=True)
class OnceTo:
    """A phase like ``Once``, taken in runs alone that have a destination."""

    step: Step


Phase: TypeAlias = PerTarget | Once | OnceTo


async def _nothing_to_release(_run: RunId) -> None:
    pass


def _nothing_has(_view: View, _run: RunId) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Workflow:
    """The phases of one kind of run, one behind the other, and the state it ends in when all are done.

    A step that ends as ``Again`` has the run begin with the first phase once more.
    """

    name: str
    """For ever, like a step's."""

    phases: tuple[Phase, ...]
    done: RunState
    has_happened: Callable[[View, RunId], bool] = _nothing_has
    """Whether the run has done already what can not be taken back; then its cancelling comes too late.

    Asked in the transaction that ends a cancelled run. Whoever does what can not
    be taken back asks in turn, in the same transaction, whether the run has ended.
    """

    release: Callable[[RunId], Awaitable[None]] = _nothing_to_release
    """Lets go of what the steps made for the run alone; called after its end, however it ended."""
