"""Holds as people answer them: released, refused, and confirmed by a second person.

A release lets exactly the findings pass that were held; runs that waited for nothing else go on.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.errors import Conflict, Missing
from feedgate.feed.verdicts import WAITS
from feedgate.model.access import Caller
from feedgate.model.digest import Digest
from feedgate.model.hold import Hold, HoldState
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.run import Run, RunId, RunKind
from feedgate.records import holds, outcomes, runs
from feedgate.records.database import Database, Note, View
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting


class NoSuchHold(Missing):
    """The feed has no hold of that number."""

    code = "no-such-hold"

    def __init__(self, path: FeedPath, number: int) -> None:
        super().__init__(
            f"hold {number}: {path} has none of that number",
            next_step=f"See those that wait with: feedgate hold list -f {path}",
        )


class HoldAnswered(Conflict):
    """A hold that somebody answered otherwise."""

    code = "hold-answered"

    def __init__(self, path: FeedPath, hold: Hold) -> None:
        super().__init__(
            f"hold {hold.number} of {path} was {hold.state.value} by {hold.ended_by}: {hold.ended_because}",
            next_step=f"See it with: feedgate hold list -f {path} --all",
        )


class NeedsSecondPerson(Conflict):
    """A confirmation by who needs it."""

    code = "needs-second-person"

    def __init__(self, path: FeedPath, hold: Hold, actor: str) -> None:
        super().__init__(
            f"hold {hold.number} of {path}: {actor} released it already, and another Owner is to confirm it",
            next_step="Ask another Owner. Where there is none, an administrator may switch off holds.second_person.",
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """A hold after the answer, and the runs that go on because of it."""

    hold: Hold
    continued: tuple[RunId, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What answering a hold takes; ``second_person`` = who asks for a file needs another one's word."""

    records: Database
    clock: Callable[[], datetime]
    second_person: bool = True


def list_holds(
    records: Database, caller: Caller, path: FeedPath, state: HoldState | None = HoldState.OPEN
) -> tuple[Hold, ...]:
    """Return the feed's holds, by number; raises what ``require`` raises."""
    with records.read() as view:
        located = require(view, caller, Permission.HISTORY_READ, path)
        return holds.all_of(view, located.id, state)


def release_hold(parts: Holding, caller: Caller, path: FeedPath, number: int, *, reason: str) -> Answered:
    """Let the held file pass, for exactly what held it; what waited for nothing else goes on.

    Raises NoSuchHold, HoldAnswered, and what ``require`` raises. The same again is no entry.
    """
    return _answer(parts, caller, path, number, HoldState.RELEASED, reason)


def refuse_hold(parts: Holding, caller: Caller, path: FeedPath, number: int, *, reason: str) -> Answered:
    """Say no to what waits for it: that does not go on. Asked for again it is held anew. Raises as ``release_hold``."""
    return _answer(parts, caller, path, number, HoldState.REFUSED, reason)


def confirm_hold(parts: Holding, caller: Caller, path: FeedPath, number: int) -> Answered:
    """Be the second person for a release; raises NeedsSecondPerson where it is the first one."""
    records, now, actor = parts.records, parts.clock(), require_actor(caller)
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.HOLD_CONFIRMED, actor, now) as change:
        hold = _found(change, located, number)
        if hold.state is not HoldState.RELEASED:
            raise HoldAnswered(located.path, hold)
        if hold.ended_by == actor:
            raise NeedsSecondPerson(located.path, hold, actor)
        if hold.confirmed_by is None:
            hold = replace(hold, confirmed_by=actor)
            holds.put(change, located.id, hold)
            change.record({"hold": number, "filename": hold.held.filename, "sha256": hold.held.digest})
    return Answered(hold, continue_held(parts, located))


def continue_held(
    parts: Holding, located: Located, databases: Mapping[str, Digest] | None = None
) -> tuple[RunId, ...]:
    """Post a run in place of each held one that nothing keeps any more; the same one is posted once.

    ``databases`` are the advisory databases of now: a run that waited for a newer one goes on with another.
    """
    with parts.records.note() as note:
        waiting = [
            run for run in runs.held(note, located.id) if _goes_on(note, parts, located, run, databases)
        ]
        return tuple(runs.post(note, _continuation(note, located, run), parts.clock()) for run in waiting)


def _answer(
    parts: Holding, caller: Caller, path: FeedPath, number: int, state: HoldState, reason: str
) -> Answered:
    records, now, actor = parts.records, parts.clock(), require_actor(caller)
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    act = Act.HOLD_RELEASED if state is HoldState.RELEASED else Act.HOLD_REFUSED
    with records.change(located.id, act, actor, now) as change:
        hold = _found(change, located, number)
        if hold.state not in {HoldState.OPEN, state}:
            raise HoldAnswered(located.path, hold)
        if hold.state is HoldState.OPEN:
            hold = replace(hold, state=state, ended_by=actor, ended_because=reason, ended_at=now)
            holds.put(change, located.id, hold)
            change.record(
                {
                    "hold": number,
                    "filename": hold.held.filename,
                    "sha256": hold.held.digest,
                    "rule": hold.held.rule,
                    "findings": list(hold.held.findings),
                    "reason": reason,
                }
            )
    return Answered(hold, continue_held(parts, located))


def _found(view: View, located: Located, number: int) -> Hold:
    hold = holds.find(view, located.id, number)
    if hold is None:
        raise NoSuchHold(located.path, number)
    return hold


def _goes_on(
    view: View, parts: Holding, located: Located, run: Run, databases: Mapping[str, Digest] | None
) -> bool:
    waits: Any = outcomes.find(view, run.id, WAITS)
    if waits is None:
        return _has_other_database(view, run, databases)
    found = [holds.find(view, located.id, number) for number in waits["numbers"]]
    return all(hold is not None and _is_over(hold, parts, run) for hold in found)


def _is_over(hold: Hold, parts: Holding, run: Run) -> bool:
    if hold.state is HoldState.OPEN:
        return hold.held.until is not None and hold.held.until <= parts.clock()
    return hold.lets_pass(run.requester, second_person=parts.second_person)


def _has_other_database(view: View, run: Run, databases: Mapping[str, Digest] | None) -> bool:
    moment: Any = outcomes.find(view, run.id, "moment")
    return bool(databases) and moment is not None and moment["databases"] != dict(databases or {})


def _continuation(note: Note, located: Located, run: Run) -> Posting:
    """Return the same request once more, of the same requester, under a key that no second one has."""
    return Posting(
        id=RunId("run_" + secrets.token_hex(10)),
        kind=RunKind.ADD,
        feed=located.id,
        requester=run.requester,
        idempotency_key=runs.continuation_key(run.id),
        request=runs.request_text(note, run.id),
        targets=tuple(str(target) for target in run.targets),
        retry_of=run.id,
        destination=run.destination,
    )
