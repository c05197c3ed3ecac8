"""Each publish is followed by a send: posted in its own transaction, so that neither is there without the other."""

import secrets
from collections.abc import Sequence

from feedgate.model.run import RunId, RunKind
from feedgate.model.send_request import SendRequest
from feedgate.records import destinations, feeds, runs
from feedgate.records.database import Change
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting


def post_sends(
    change: Change, located: Located, filenames: Sequence[str], *, but: str | None = None
) -> tuple[RunId, ...]:
    """Post a run for each standing destination of the feed, to send these files as the change leaves them there.

    It acts for whoever makes the change. ``but`` is one that they are sent to in another way.
    """
    state = feeds.state(change, located)
    targets = () if state is None else tuple(str(target) for target in state.targets)
    posted = []
    for destination in destinations.all_of(change, located.id):
        if destination.name == but:
            continue
        request = SendRequest(change.serial, tuple(sorted(filenames)), name=destination.name)
        posting = Posting(
            id=RunId("run_" + secrets.token_hex(10)),
            kind=RunKind.SEND,
            feed=located.id,
            requester=change.actor,
            idempotency_key=runs.send_key(change.serial, destination.name),
            request=request.to_text(),
            targets=targets,
            destination=destination.name,
        )
        posted.append(runs.post(change, posting, change.now))
    return tuple(posted)
