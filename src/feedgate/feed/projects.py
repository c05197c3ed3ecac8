"""A person's word on a name: whether the upstream is asked for it."""

from dataclasses import replace
from datetime import datetime

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.model.access import Caller
from feedgate.model.feed import FeedProject, Origin, UpstreamRule
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath, ProjectName
from feedgate.records import projects
from feedgate.records.database import Database


def set_project(  # who, where, which, what, when
    records: Database,
    caller: Caller,
    path: FeedPath,
    name: ProjectName,
    *,
    upstream: UpstreamRule | None,
    now: datetime,
) -> FeedProject:
    """Set whether the upstream may be asked for ``name``; None goes back to what its origin says.

    A name that the feed does not have yet can be set too: so it is decided
    before anything of that name comes. Setting a name takes an Owner.
    """
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.PROJECT_CHANGED, require_actor(caller), now) as change:
        before = projects.find(change, located.id, name)
        after = replace(before or FeedProject(name, Origin.IMPORTED), upstream=upstream)
        if after != before:
            projects.put(change, located.id, after)
            change.record({"project": name, "upstream": None if upstream is None else upstream.value})
    return after
