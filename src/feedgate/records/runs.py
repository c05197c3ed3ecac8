"""Queries on runs: posted once a key, started, finished, asked to stop."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, update

from feedgate.model.names import FeedPath
from feedgate.model.run import Run, RunId, RunKind, RunState
from feedgate.model.target import parse_target
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, Note, View

_run = tables.run.c

BEHIND: Final = "waits: an earlier run sends there first"
"""The reason of a queued run that sends, while an older one from the same feed to the same destination has not ended."""

_is_open = _run.state.in_([state.value for state in RunState if not state.is_final])


@dataclass(frozen=True, slots=True)
class Posting:
    """A run to be: its row's content. ``request`` is the JSON text that the API took."""

    id: RunId
    kind: RunKind
    feed: FeedId
    requester: str
    idempotency_key: str
    request: str
    targets: tuple[str, ...]
    retry_of: RunId | None = None
    destination: str | None = None


def post(note: Note | Change, posting: Posting, now: datetime) -> RunId:
    """Write the run's row and return its id; the same key of the same requester on the feed returns the first."""
    query = select(_run.id).where(
        _run.feed_id == posting.feed,
        _run.requester == posting.requester,
        _run.idempotency_key == posting.idempotency_key,
    )
    known = note.connection.execute(query).scalar_one_or_none()
    if known is not None:
        return RunId(known)
    note.connection.execute(
        insert(tables.run).values(
            id=posting.id,
            kind=posting.kind.value,
            feed_id=posting.feed,
            requester=posting.requester,
            idempotency_key=posting.idempotency_key,
            request=posting.request,
            targets=json.dumps(posting.targets),
            state=RunState.QUEUED.value,
            reason=BEHIND if _is_behind(note, posting) else None,
            retry_of=posting.retry_of,
            destination=posting.destination,
            cancel_requested=False,
            tries=0,
            created_at=to_microseconds(now),
        )
    )
    return posting.id


def _is_behind(view: View, posting: Posting) -> bool:
    if posting.kind is not RunKind.SEND:
        return False
    query = select(_run.id).where(
        _run.feed_id == posting.feed,
        _run.kind == posting.kind.value,
        _run.destination == posting.destination,
        _is_open,
    )
    return view.connection.execute(query.limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that the engine has to hear of.

    ``tries`` counts how often it went back into the queue, ``not_before`` is when it is due again.
    """

    id: RunId
    kind: RunKind
    cancel_requested: bool
    tries: int = 0
    not_before: datetime | None = None


def waiting(view: View) -> tuple[Waiting, ...]:
    """Return the runs to take up, and those to stop, oldest first; asked many times a second.

    Of those that send from a feed to one destination only the oldest is to be taken up, and none while it runs.
    """
    place = func.row_number().over(
        partition_by=(_run.feed_id, _run.destination), order_by=(_run.created_at, _run.id)
    )
    sends = select(_run.id, place.label("place")).where(_run.kind == RunKind.SEND.value, _is_open).subquery()
    is_behind = _run.id.in_(select(sends.c.id).where(sends.c.place > 1))
    may_go = (_run.state == RunState.QUEUED.value) & ~is_behind
    return _waiting(view, _is_open & (may_go | _run.cancel_requested))


def begun(view: View) -> tuple[Waiting, ...]:
    """Return the runs that have begun and not ended, oldest first."""
    return _waiting(view, _run.state == RunState.RUNNING.value)


def _waiting(view: View, condition: ColumnElement[bool]) -> tuple[Waiting, ...]:
    query = (
        select(_run.id, _run.kind, _run.cancel_requested, _run.tries, _run.not_before)
        .where(condition)
        .order_by(_run.created_at, _run.id)
    )
    return tuple(
        Waiting(
            id=RunId(row.id),
            kind=RunKind(row.kind),
            cancel_requested=row.cancel_requested,
            tries=row.tries,
            not_before=None if row.not_before is None else from_microseconds(row.not_before),
        )
        for row in view.connection.execute(query)
    )


def tries(view: View, run: RunId) -> int:
    """Return how often the run went back into the queue."""
    return int(view.connection.execute(select(_run.tries).where(_run.id == run)).scalar_one())


def sends_after(view: View, feed: FeedId, serial: int) -> tuple[Run, ...]:
    """Return the runs that were posted to send what became visible with the feed's entry ``serial``."""
    query = _runs().where(
        _run.feed_id == feed,
        _run.kind == RunKind.SEND.value,
        _run.idempotency_key.startswith(send_key(serial, ""), autoescape=True),
    )
    return tuple(_read(row) for row in view.connection.execute(query.order_by(_run.destination)))


def send_key(serial: int, destination: str) -> str:
    """Return the idempotency key of the run that follows the feed's entry; no caller can give one with spaces in it."""
    return f"send {serial} {destination}"


def find(view: View, run: RunId) -> Run | None:
    """Return the run, or None."""
    row = view.connection.execute(_runs().where(_run.id == run)).first()
    return None if row is None else _read(row)


def request_text(view: View, run: RunId) -> str:
    """Return the JSON text that the run was posted with."""
    return str(view.connection.execute(select(_run.request).where(_run.id == run)).scalar_one())


def feed_of(view: View, run: RunId) -> FeedId:
    """Return the id of the run's feed."""
    return FeedId(view.connection.execute(select(_run.feed_id).where(_run.id == run)).scalar_one())


def newest(view: View, *, feeds: Sequence[FeedId] | None, limit: int) -> tuple[Run, ...]:
    """Return the newest runs first, of ``feeds`` alone where given."""
    query = _runs().order_by(_run.created_at.desc()).limit(limit)
    if feeds is not None:
        query = query.where(_run.feed_id.in_(feeds))
    return tuple(_read(row) for row in view.connection.execute(query))


def continuation_key(run: RunId) -> str:
    """Return the key under which one run, and no second one, goes on in place of a held one."""
    return f"goes-on:{run}"


def held(view: View, feed: FeedId) -> tuple[Run, ...]:
    """Return the feed's runs that wait for a person or for time, less those that went on."""
    query = _runs().where(
        _run.feed_id == feed, _run.state == RunState.HELD.value, _run.kind == RunKind.ADD.value
    )
    keys = select(_run.idempotency_key).where(_run.feed_id == feed, _run.retry_of.is_not(None))
    gone_on = set(view.connection.execute(keys).scalars())
    found = (_read(row) for row in view.connection.execute(query.order_by(_run.created_at)))
    return tuple(run for run in found if continuation_key(run.id) not in gone_on)


def start(note: Note, run: RunId, now: datetime) -> None:
    """Say that the run has begun; a run begun before keeps its first moment."""
    note.connection.execute(
        update(tables.run)
        .where(_run.id == run, _run.state == RunState.QUEUED.value)
        .values(
            state=RunState.RUNNING.value,
            started_at=func.coalesce(_run.started_at, to_microseconds(now)),
            reason=None,
            not_before=None,
        )
    )


def put_back(note: Note, run: RunId, *, reason: str, not_before: datetime) -> None:
    """Have a run that has begun wait in the queue until ``not_before``, and begin once more."""
    note.connection.execute(
        update(tables.run)
        .where(_run.id == run, _run.state == RunState.RUNNING.value)
        .values(
            state=RunState.QUEUED.value,
            reason=reason,
            tries=_run.tries + 1,
            not_before=to_microseconds(not_before),
        )
    )


def say_why_it_waits(note: Note, run: RunId, reason: str) -> bool:
    """Say what a queued run waits for; False where that was said before, or it waits no more."""
    said = note.connection.execute(
        update(tables.run)
        .where(_run.id == run, _run.state == RunState.QUEUED.value, _run.reason.is_distinct_from(reason))
        .values(reason=reason)
        .returning(_run.id)
    )
    return said.first() is not None


def finish(
    note: Note,
    run: RunId,
    state: RunState,
    now: datetime,
    *,
    code: str | None = None,
    reason: str | None = None,
) -> bool:
    """Give the run its final state; False where it had one already."""
    done = note.connection.execute(
        update(tables.run)
        .where(_run.id == run, _is_open)
        .values(state=state.value, finished_at=to_microseconds(now), code=code, reason=reason)
        .returning(_run.id)
    )
    return done.first() is not None


def cancel_sends(change: Change, feed: FeedId, destination: str) -> None:
    """Ask for the feed's runs that send to a destination, and have not ended, to be stopped."""
    change.connection.execute(
        update(tables.run)
        .where(
            _run.feed_id == feed,
            _run.kind == RunKind.SEND.value,
            _run.destination == destination,
            _is_open,
        )
        .values(cancel_requested=True)
    )


def request_cancel(note: Note, run: RunId) -> None:
    """Ask for the run to be stopped; the reconciler passes it on."""
    note.connection.execute(update(tables.run).where(_run.id == run).values(cancel_requested=True))


def cancel_held(note: Note, run: RunId, now: datetime) -> bool:
    """Cancel a run that waits for a person; False where it does not wait."""
    done = note.connection.execute(
        update(tables.run)
        .where(_run.id == run, _run.state == RunState.HELD.value)
        .values(state=RunState.CANCELLED.value, finished_at=to_microseconds(now))
        .returning(_run.id)
    )
    return done.first() is not None


def _runs() -> Select[tuple[object, ...]]:
    return (
        select(tables.run, tables.feed.c.name.label("feed"), tables.organization.c.name.label("organization"))
        .join(tables.feed, tables.feed.c.id == _run.feed_id)
        .join(tables.organization, tables.organization.c.id == tables.feed.c.organization_id)
    )


def _read(row: Row[tuple[object, ...]]) -> Run:
    return Run(
        id=RunId(row.id),
        kind=RunKind(row.kind),
        feed=FeedPath(row.organization, row.feed),
        requester=row.requester,
        state=RunState(row.state),
        targets=tuple(parse_target(raw) for raw in json.loads(row.targets)),
        created_at=from_microseconds(row.created_at),
        started_at=None if row.started_at is None else from_microseconds(row.started_at),
        finished_at=None if row.finished_at is None else from_microseconds(row.finished_at),
        reason=row.reason,
        code=row.code,
        retry_of=None if row.retry_of is None else RunId(row.retry_of),
        cancel_requested=row.cancel_requested,
        destination=row.destination,
    )
