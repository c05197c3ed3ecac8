"""Queries on what steps worked out: a JSON body by run, step and target.

Through the durable engine go only a run's id and small plain values; what a
later step needs it reads here.
"""

import json

from sqlalchemy import delete, insert, select

from feedgate.model.canonical import Json
from feedgate.model.run import RunId
from feedgate.records import tables
from feedgate.records.database import Change, Note, View

_outcome = tables.run_outcome.c


def put(note: Note | Change, run: RunId, step: str, body: Json, *, target: str = "") -> None:
    """Store the body; a step that runs again replaces what it stored before."""
    key = (_outcome.run == run, _outcome.step == step, _outcome.target == target)
    note.connection.execute(delete(tables.run_outcome).where(*key))
    note.connection.execute(
        insert(tables.run_outcome).values(run=run, step=step, target=target, body=json.dumps(body))
    )


def find(view: View, run: RunId, step: str, *, target: str = "") -> Json:
    """Return the body, or None where the step has not worked it out."""
    query = select(_outcome.body).where(_outcome.run == run, _outcome.step == step, _outcome.target == target)
    body = view.connection.execute(query).scalar_one_or_none()
    return None if body is None else json.loads(body)


def all_of(view: View, run: RunId, step: str) -> dict[str, Json]:
    """Return the step's bodies by target."""
    query = select(_outcome.target, _outcome.body).where(_outcome.run == run, _outcome.step == step)
    return {row.target: json.loads(row.body) for row in view.connection.execute(query)}
