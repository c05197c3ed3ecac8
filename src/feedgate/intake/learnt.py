"""What a run has learnt of its destination by sending to it, for the rounds that follow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from feedgate.model.destination import Limits
from feedgate.model.run import RunId
from feedgate.records import outcomes
from feedgate.records.database import Database

_STEP = "learnt"


@dataclass(frozen=True, slots=True)
class Learnt:
    """``limits`` that the destination told, and ``hidden`` file names with the reason; ``round`` counts from 1."""

    round: int = 1
    limits: Limits = field(default_factory=Limits)
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Whether the destination has not been seen to refuse anything."""
        return self == Learnt()

    def next_round(self, limits: Limits, hidden: Mapping[str, str]) -> "Learnt":
        """Return what is known after one more round."""
        return replace(
            self,
            round=self.round + 1,
            limits=self.limits.narrowed(limits),
            hidden={**self.hidden, **hidden},
        )


def learnt_by(records: Database, run: RunId) -> Learnt:
    """Return what the run has learnt so far."""
    with records.read() as view:
        body: Any = outcomes.find(view, run, _STEP)
    if body is None:
        return Learnt()
    return Learnt(body["round"], Limits(**body["limits"]), body["hidden"])


def keep_learnt(records: Database, run: RunId, learnt: Learnt) -> None:
    """Keep it; the steps of the next round read it."""
    with records.note() as note:
        outcomes.put(note, run, _STEP, asdict(learnt) | {"hidden": dict(learnt.hidden)})
