"""Queries on a run's events: rows with dense numbers, followed from the last one seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from feedgate.model.canonical import Json
from feedgate.model.run import RunId
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Note, View

_event = tables.run_event.c


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a run as stored; ``number`` counts from 1 within the run."""

    number: int
    at: datetime
    step: str
    target: str | None
    kind: str
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Telling:
    """One event to store."""

    at: datetime
    step: str
    target: str | None
    kind: str
    facts: Mapping[str, Json]


def append(note: Note, run: RunId, tellings: Sequence[Telling]) -> None:
    """Store events behind the run's last one."""
    last = note.connection.execute(select(func.max(_event.number)).where(_event.run == run)).scalar_one() or 0
    rows = [
        {
            "run": run,
            "number": last + index,
            "at": to_microseconds(telling.at),
            "step": telling.step,
            "target": telling.target,
            "kind": telling.kind,
            "facts": json.dumps(telling.facts),
        }
        for index, telling in enumerate(tellings, start=1)
    ]
    if rows:
        note.connection.execute(insert(tables.run_event), rows)


def after(view: View, run: RunId, number: int, *, limit: int = 500) -> tuple[Told, ...]:
    """Return the run's events behind ``number``, in order."""
    query = (
        select(tables.run_event)
        .where(_event.run == run, _event.number > number)
        .order_by(_event.number)
        .limit(limit)
    )
    return tuple(
        Told(row.number, from_microseconds(row.at), row.step, row.target, row.kind, json.loads(row.facts))
        for row in view.connection.execute(query)
    )
