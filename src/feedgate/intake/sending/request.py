"""What a feed holds is to be sent to a destination: asked for by a person, apart from any publish."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor, require_administrator
from feedgate.feed.destinations import NoSuchDestination
from feedgate.feed.index import check_serial
from feedgate.intake.asked_destination import AskedDestination
from feedgate.intake.request import OtherRequestUnderKey
from feedgate.model.access import Caller
from feedgate.model.ledger import Serial
from feedgate.model.names import FeedPath
from feedgate.model.run import Run, RunId, RunKind
from feedgate.model.send_request import SendRequest
from feedgate.records import destinations, feeds, runs
from feedgate.records.database import Database, View, head_of
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting


@dataclass(frozen=True, slots=True)
class AskedSend:
    """Where to, and what: the feed as it was at ``serial``, None = as it is when it is asked."""

    destination: AskedDestination
    serial: int | None = None


def post_send(
    records: Database, caller: Caller, path: FeedPath, asked: AskedSend, *, key: str, now: datetime
) -> Run:
    """Write the run's row and return it; the same key of the same actor on the feed returns the first.

    A command's own destination is for administrators. Raises NoSuchDestination, UnknownSerial, what is wrong
    with the destination itself, and what ``require`` raises.
    """
    if asked.destination.name is None:
        require_administrator(caller)
    asked.destination.check()
    with records.read() as view:
        located = require(view, caller, Permission.FEED_SEND, path)
        state = feeds.state(view, located)
        serial, _hash = head_of(view, located.id)
        name = _standing_name(view, located, asked.destination)
    if asked.serial is not None:
        serial = check_serial(records, located, asked.serial)
    request = _request(asked.destination, name, serial)
    posting = Posting(
        id=RunId("run_" + secrets.token_hex(10)),
        kind=RunKind.SEND,
        feed=located.id,
        requester=require_actor(caller),
        idempotency_key=key,
        request=request.to_text(),
        targets=() if state is None else tuple(str(target) for target in state.targets),
        destination=request.in_words,
    )
    with records.note() as note:
        run = runs.find(note, runs.post(note, posting, now))
        if run is None or not _is_same(note, run, request, is_head=asked.serial is None):
            raise OtherRequestUnderKey(key)
    return run


def _standing_name(view: View, located: Located, asked: AskedDestination) -> str | None:
    if asked.name is None:
        return None
    standing = destinations.find(view, located.id, asked.name.lower())
    if standing is None:
        raise NoSuchDestination(located.path, asked.name, destinations.all_of(view, located.id))
    return standing.name


def _request(asked: AskedDestination, name: str | None, serial: Serial) -> SendRequest:
    return SendRequest(
        serial,
        name=name,
        upload_url=asked.upload_url,
        read_url=asked.read_url,
        accept_existing=asked.accept_existing,
        limits=asked.limits,
    )


def _is_same(view: View, run: Run, request: SendRequest, *, is_head: bool) -> bool:
    """Whether the run under the key is what is asked again; without a serial the first call has fixed it."""
    if run.kind is not RunKind.SEND or run.retry_of is not None:
        return False
    first = SendRequest.from_text(runs.request_text(view, run.id))
    return first == (replace(request, serial=first.serial) if is_head else request)
