"""A run: one durable execution of a request, in steps that may end in four ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from feedgate.model.canonical import Json
from feedgate.model.names import FeedPath
from feedgate.model.target import Target

RunId = NewType("RunId", str)


class RunKind(StrEnum):
    """What a run is for; each has its own order of steps in ``intake/workflows.py``."""

    ADD = "add"
    PLAN = "plan"
    SEND = "send"
    IMPORT = "import"
    IMPORT_PLAN = "import-plan"


class RunState(StrEnum):
    """Where a run stands; the last five are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PUBLISHED = "published"
    PLANNED = "planned"
    HELD = "held"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self not in {RunState.QUEUED, RunState.RUNNING}


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the runs; ``requester`` is the actor whose role publish asks again.

    ``destination`` says where the run sends to, in words that hold no secret; None = nowhere.
    """

    id: RunId
    kind: RunKind
    feed: FeedPath
    requester: str
    state: RunState
    targets: tuple[Target, ...]
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str | None = None
    code: str | None = None
    retry_of: RunId | None = None
    cancel_requested: bool = False
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What a step tells while it works; the engine adds run, step, target, number and time."""

    kind: str
    facts: Mapping[str, Json]


Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Done:
    """The step did its part; the next one may begin."""


@dataclass(frozen=True, slots=True)
class Held:
    """The closure waits for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Policy refuses the closure."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The run can not go on: a stable code and the reason in words."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Again:
    """The run begins with its first step once more, since this step learnt what the earlier ones did not know.

    The step itself sees to it that this ends.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """What the step needs is not there now: the run goes back into the queue, and begins anew after a while.

    The step itself sees to it that this ends, where it should.
    """

    reason: str


Outcome = Done | Held | Refused | Failed | Again | Later
