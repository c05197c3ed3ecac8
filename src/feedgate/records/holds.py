"""Queries on holds."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from feedgate.model.digest import Digest
from feedgate.model.hold import Hold, HoldState, NewHold
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, View
from feedgate.records.span import close, is_open

_hold = tables.hold.c


def all_of(view: View, feed: FeedId, state: HoldState | None = None) -> tuple[Hold, ...]:
    """Return the feed's holds as they stand, by number; all, or those in one state."""
    query = select(tables.hold).where(_hold.feed_id == feed, is_open(tables.hold)).order_by(_hold.number)
    if state is not None:
        query = query.where(_hold.state == state.value)
    return tuple(_read(row) for row in view.connection.execute(query))


def find(view: View, feed: FeedId, number: int) -> Hold | None:
    """Return one hold as it stands."""
    query = select(tables.hold).where(_hold.feed_id == feed, _hold.number == number, is_open(tables.hold))
    row = view.connection.execute(query).first()
    return None if row is None else _read(row)


def open_all(change: Change, feed: FeedId, new: Sequence[NewHold], run: RunId, requester: str) -> list[int]:
    """Open holds and return their numbers; one that is open already for the same is not opened twice."""
    there = {_key(hold.held): hold.number for hold in all_of(change, feed, HoldState.OPEN)}
    newest = change.connection.execute(
        select(func.max(_hold.number)).where(_hold.feed_id == feed)
    ).scalar_one()
    number = newest or 0
    numbers = []
    for one in new:
        known = there.get(_key(one))
        if known is None:
            number += 1
            known = there[_key(one)] = number
            _insert(change, feed, Hold(number, one, run, requester, change.now))
        numbers.append(known)
    return numbers


def put(change: Change, feed: FeedId, hold: Hold) -> None:
    """Write how a hold stands from now on."""
    close(change, tables.hold, _hold.feed_id == feed, _hold.number == hold.number)
    _insert(change, feed, hold)


def _key(one: NewHold) -> tuple[Digest, str, str, tuple[str, ...]]:
    return one.digest, one.filename, one.rule, one.findings


def _insert(change: Change, feed: FeedId, hold: Hold) -> None:
    held = hold.held
    change.connection.execute(
        insert(tables.hold).values(
            feed_id=feed,
            number=hold.number,
            project=held.project,
            version=held.version,
            filename=held.filename,
            digest=held.digest,
            rule=held.rule,
            findings=json.dumps(held.findings),
            reason=held.reason,
            until=_moment(held.until),
            run=hold.run,
            requester=hold.requester,
            opened_at=to_microseconds(hold.opened_at),
            state=hold.state.value,
            ended_by=hold.ended_by,
            ended_because=hold.ended_because,
            ended_at=_moment(hold.ended_at),
            confirmed_by=hold.confirmed_by,
            valid_from=change.serial,
        )
    )


def _moment(when: datetime | None) -> int | None:
    return None if when is None else to_microseconds(when)


def _read(row: Row[Any]) -> Hold:
    held = NewHold(
        ProjectName(row.project),
        row.version,
        row.filename,
        Digest(row.digest),
        row.rule,
        tuple(json.loads(row.findings)),
        row.reason,
        None if row.until is None else from_microseconds(row.until),
    )
    hold = Hold(row.number, held, RunId(row.run), row.requester, from_microseconds(row.opened_at))
    return replace(
        hold,
        state=HoldState(row.state),
        ended_by=row.ended_by,
        ended_because=row.ended_because,
        ended_at=None if row.ended_at is None else from_microseconds(row.ended_at),
        confirmed_by=row.confirmed_by,
    )
