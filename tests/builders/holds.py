"""Holds as a held run leaves them."""

import hashlib
from datetime import datetime

from feedgate.feed.verdicts import note_verdict
from feedgate.model.decision import Verdict
from feedgate.model.digest import Digest
from feedgate.model.hold import NewHold
from feedgate.model.names import FeedPath, parse_project_name
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import holds, runs
from feedgate.records.feeds import Located, find
from feedgate.records.runs import Posting
from tests.builders.installation import FEED, TARGET, Installation

REQUEST = '{"requirements": ["demo"]}'


def new_hold(name: str, *findings: str, rule: str = "advisories", until: datetime | None = None) -> NewHold:
    filename = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    digest = Digest(hashlib.sha256(name.encode()).hexdigest())
    return NewHold(
        parse_project_name(name), "1.0", filename, digest, rule, findings, f"{filename}: held", until
    )


def located(installation: Installation, path: FeedPath = FEED) -> Located:
    with installation.records.read() as view:
        found = find(view, path)
    assert found is not None
    return found


def post_held_run(installation: Installation, run: str, requester: str, *new: NewHold) -> list[int]:
    """Have a run of ``requester`` end held by ``new``; return the holds' numbers."""
    feed = located(installation)
    posting = Posting(RunId(run), RunKind.ADD, feed.id, requester, f"key of {run}", REQUEST, (str(TARGET),))
    with installation.records.note() as note:
        runs.post(note, posting, installation.clock())
        runs.start(note, RunId(run), installation.clock())
    kept_out = [(hold.filename, hold.digest, hold.reason) for hold in new]
    note_verdict(
        installation.records,
        feed,
        RunId(run),
        requester,
        Verdict.HOLD,
        kept_out,
        new,
        now=installation.clock(),
    )
    with installation.records.note() as note:
        runs.finish(note, RunId(run), RunState.HELD, installation.clock())
    with installation.records.read() as view:
        waiting = {hold.held: hold.number for hold in holds.all_of(view, feed.id)}
    return [waiting[hold] for hold in new]


def open_hold(installation: Installation, name: str) -> int:
    """Return the number of a hold on a file of that name, for which a run of somebody's waits."""
    return post_held_run(installation, f"run_{name}", "requester", new_hold(name, "PYSEC-1"))[0]
