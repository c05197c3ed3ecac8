"""Requests: posted, listed, followed, cancelled and retried. Posting only writes the run's row."""

import secrets
from dataclasses import replace
from datetime import datetime

from feedgate.access.permissions import Permission
from feedgate.access.require import (
    NoSuchFeed,
    is_administering,
    require,
    require_actor,
    require_administrator,
    role_of,
)
from feedgate.errors import Conflict, Missing
from feedgate.feed.destinations import NoSuchDestination
from feedgate.feed.feeds import prepare_feed
from feedgate.intake.asked import Asked, check, targets_of
from feedgate.intake.asked_destination import AskedDestination
from feedgate.model.access import Caller
from feedgate.model.names import FeedPath
from feedgate.model.run import Run, RunId, RunKind, RunState
from feedgate.model.target import Target
from feedgate.records import destinations, events, feeds, runs
from feedgate.records.database import Database, View
from feedgate.records.events import Told
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting


class NoSuchRun(Missing):
    """There is no such run, or it is of a feed the actor may not know of."""

    code = "no-such-run"

    def __init__(self, run: str) -> None:
        super().__init__(
            f"{run[:60]!r}: no such run, or you have no role on its feed",
            next_step="List the runs you may see with: feedgate run list",
        )


class RunIsOver(Conflict):
    """The run has ended, so it can not be cancelled."""

    code = "run-is-over"

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.id} has ended already: {run.state.value}",
            next_step=f"See it with: feedgate run show {run.id}",
        )


class RunGoesOn(Conflict):
    """The run has not ended, so it can not be retried."""

    code = "run-goes-on"

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.id} is {run.state.value}",
            next_step=f"Follow it with: feedgate run follow {run.id}, or cancel it first.",
        )


class OtherRequestUnderKey(Conflict):
    """An idempotency key that was used for another request."""

    code = "idempotency-key-used"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {key[:60]!r} was used for another request",
            next_step="Use a new key for a new request.",
        )


def post_request(
    records: Database, caller: Caller, path: FeedPath, asked: Asked, *, key: str, now: datetime
) -> Run:
    """Write a run's row and return it; the same key of the same actor on the feed returns the first.

    The targets are fixed here: the request's own, else the feed's. What a standing destination says of
    names is read when the run needs it; to allow the upstream for more of them is an Owner's. A command's
    own destination is for administrators; a plan for one needs no feed, and makes none. Raises what is
    wrong with the request itself (Invalid, naming file and line), NoSuchDestination, and what ``require`` raises.
    """
    is_own = asked.destination is not None and asked.destination.name is None
    if is_own:
        require_administrator(caller)
    if is_own and asked.kind is RunKind.PLAN:
        prepare_feed(records, caller, path, now=now)
    with records.read() as view:
        located = feeds.find(view, path) if is_own and asked.kind is RunKind.PLAN else None
        located = located or require(view, caller, _needed(asked.kind, asked.destination), path)
        feed = feeds.state(view, located)
    if asked.destination is not None and not is_own:
        asked = replace(asked, destination=_of_feed(records, caller, located, asked.destination))
    targets = targets_of(asked) or (() if feed is None else feed.targets)
    check(asked, targets)
    posting = Posting(
        id=RunId("run_" + secrets.token_hex(10)),
        kind=asked.kind,
        feed=located.id,
        requester=require_actor(caller),
        idempotency_key=key,
        request=asked.to_text(),
        targets=_written(targets),
        destination=None if asked.destination is None else asked.destination.in_words,
    )
    return _post(records, posting, now)


def retry_run(records: Database, caller: Caller, run_id: str, *, key: str, now: datetime) -> Run:
    """Post the request of a run that has ended once more, for the same targets."""
    with records.read() as view:
        run = _seen(view, caller, run_id)
        _require_request(view, caller, run)
        feed = runs.feed_of(view, run.id)
        text = runs.request_text(view, run.id)
    if not run.state.is_final:
        raise RunGoesOn(run)
    posting = Posting(
        id=RunId("run_" + secrets.token_hex(10)),
        kind=run.kind,
        feed=feed,
        requester=require_actor(caller),
        idempotency_key=key,
        request=text,
        targets=_written(run.targets),
        retry_of=run.id,
        destination=run.destination,
    )
    return _post(records, posting, now)


def show_run(records: Database, caller: Caller, run_id: str) -> Run:
    """Return a run of a feed on which the caller has a role; raises NoSuchRun."""
    with records.read() as view:
        return _seen(view, caller, run_id)


def list_runs(records: Database, caller: Caller, path: FeedPath | None, *, limit: int) -> tuple[Run, ...]:
    """Return the newest runs first: of one feed, or of all on which the caller has a role."""
    with records.read() as view:
        if path is not None:
            located = require(view, caller, Permission.HISTORY_READ, path)
            return runs.newest(view, feeds=[located.id], limit=limit)
        require_actor(caller)
        readable = [
            located.id
            for located in feeds.all_feeds(view)
            if feeds.state(view, located) is not None
            and role_of(view, caller, located, is_public=False) is not None
        ]
        return runs.newest(view, feeds=readable, limit=limit)


def run_events(records: Database, caller: Caller, run_id: str, *, after: int) -> tuple[Run, tuple[Told, ...]]:
    """Return the run and its events behind the number ``after``, both of one moment."""
    with records.read() as view:
        run = _seen(view, caller, run_id)
        return run, events.after(view, run.id, after)


def cancel_run(records: Database, caller: Caller, run_id: str, *, now: datetime) -> Run:
    """Ask for a run to be stopped; one that is held is cancelled at once. Raises RunIsOver."""
    with records.read() as view:
        run = _seen(view, caller, run_id)
        _require_request(view, caller, run)
    if run.state is RunState.CANCELLED:
        return run
    if run.state.is_final and run.state is not RunState.HELD:
        raise RunIsOver(run)
    with records.note() as note:
        if run.state is RunState.HELD:
            runs.cancel_held(note, run.id, now)
        else:
            runs.request_cancel(note, run.id)
    return show_run(records, caller, run_id)


def _post(records: Database, posting: Posting, now: datetime) -> Run:
    with records.note() as note:
        run_id = runs.post(note, posting, now)
        run = runs.find(note, run_id)
        if run is None or not _is_same(posting, run, runs.request_text(note, run_id)):
            raise OtherRequestUnderKey(posting.idempotency_key)
    return run


def _is_same(posting: Posting, run: Run, request: str) -> bool:
    """Whether the run under the key is what is asked again.

    The request's text holds its kind and the targets it names. Where it names none, the
    first call has fixed the feed's: a call that is repeated later means those.
    """
    return (request, run.kind, run.retry_of) == (posting.request, posting.kind, posting.retry_of)


def _seen(view: View, caller: Caller, run_id: str) -> Run:
    run = runs.find(view, RunId(run_id))
    if run is None:
        require_actor(caller)
        raise NoSuchRun(run_id)
    if run.destination is not None and is_administering(caller):
        return run  # a plan's feed need not be made
    try:
        require(view, caller, Permission.HISTORY_READ, run.feed)
    except NoSuchFeed as error:
        raise NoSuchRun(run_id) from error
    return run


def _require_request(view: View, caller: Caller, run: Run) -> None:
    """Raise unless the caller may act on the run; a plan for a command's own destination has no feed to ask."""
    if run.destination is None or not is_administering(caller):
        require(view, caller, _needed(run.kind, run.destination), run.feed)


def _needed(kind: RunKind, destination: object) -> Permission:
    """Return what who asks for a run must be permitted: more, where something goes out of the house or an index comes in."""
    if kind in {RunKind.IMPORT, RunKind.IMPORT_PLAN}:
        return Permission.FEED_IMPORT
    sends = kind is RunKind.SEND or (kind is RunKind.ADD and destination is not None)
    return Permission.FEED_SEND if sends else Permission.FEED_REQUEST


def _of_feed(
    records: Database, caller: Caller, located: Located, asked: AskedDestination
) -> AskedDestination:
    """Return what is asked, with the standing destination's name as the feed has it."""
    name = asked.name or ""
    with records.read() as view:
        if asked.upstream_allow:
            require(view, caller, Permission.FEED_MANAGE, located.path)
        standing = destinations.find(view, located.id, name.lower())
        if standing is None:
            raise NoSuchDestination(located.path, name, destinations.all_of(view, located.id))
    return replace(asked, name=standing.name)


def _written(targets: tuple[Target, ...]) -> tuple[str, ...]:
    return tuple(str(target) for target in targets)
