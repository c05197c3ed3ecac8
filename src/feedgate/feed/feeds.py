"""Feeds: made by administrators, shown to who may know of them, set up by their Owners."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from feedgate.access.actors import ensure_actor
from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor, require_administrator, role_of
from feedgate.errors import Conflict, Missing
from feedgate.model.access import LOCAL_ADMINISTRATOR, Caller, Role
from feedgate.model.feed import Feed, Uploads
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import FeedPath
from feedgate.model.target import Target
from feedgate.policy.document import read_policy
from feedgate.records import actors, distributions, feeds
from feedgate.records.database import Change, Database, View, head_of
from feedgate.records.feeds import Located


class FeedExists(Conflict):
    """A feed of that path is there already."""

    code = "feed-exists"

    def __init__(self, path: FeedPath) -> None:
        super().__init__(
            f"{path}: a feed of that name exists already",
            next_step=f"See it with: feedgate feed show {path}",
            facts={"feed": str(path)},
        )


class NoSuchTarget(Missing):
    """The feed has no such target to be removed."""

    code = "no-such-target"

    def __init__(self, path: FeedPath, target: Target) -> None:
        super().__init__(
            f"{target}: {path} has no such target",
            next_step=f"See its targets with: feedgate feed show {path}",
        )


class LastTarget(Conflict):
    """A feed keeps at least one target: without one nothing could be proved."""

    code = "last-target"

    def __init__(self, path: FeedPath, target: Target) -> None:
        super().__init__(
            f"{target} is the last target of {path}",
            next_step=f"Add another one first: feedgate feed target add {path} TARGET",
        )


@dataclass(frozen=True, slots=True)
class FeedSummary:
    """A feed as one caller sees it: state, the caller's role, the head, and how much it holds."""

    feed: Feed
    role: Role
    serial: Serial
    projects: int
    distributions: int
    size_bytes: int
    grants: Mapping[str, Role] | None = None
    """Who has which role; None for callers that are no Owner."""


def create_feed(  # noqa: PLR0913  # what a feed is
    records: Database,
    caller: Caller,
    path: FeedPath,
    *,
    targets: tuple[Target, ...],
    policy: str,
    is_public: bool,
    uploads: Uploads,
    now: datetime,
) -> FeedSummary:
    """Make a feed, and its organization on first use; the caller becomes its Owner.

    Raises FeedExists, UnknownPolicy, InvalidPolicy, and what ``require_administrator`` raises.
    """
    by = require_administrator(caller)
    read_policy(policy)
    _ensure_organization(records, path.organization, by=by, now=now)
    if by != LOCAL_ADMINISTRATOR:
        ensure_actor(records, by, by=by, now=now)
    with records.note() as note:
        feed_id = feeds.prepare(note, path)
        located = Located(feed_id, feeds.path_of(note, feed_id))
    with records.change(feed_id, Act.FEED_CREATED, by, now) as change:
        if feeds.state(change, located) is not None:
            raise FeedExists(located.path)
        feeds.open_state(change, feed_id, is_public=is_public, policy=policy, uploads=uploads)
        for target in targets:
            feeds.add_target(change, feed_id, target)
        if by != LOCAL_ADMINISTRATOR:
            actors.grant(change, feed_id, by, Role.OWNER)
        change.record(
            {
                "feed": str(located.path),
                "targets": [str(target) for target in targets],
                "policy": policy,
                "public": is_public,
                "uploads": uploads.value,
                "owner": by,
            }
        )
    return show_feed(records, caller, path)


def prepare_feed(records: Database, caller: Caller, path: FeedPath, *, now: datetime) -> None:
    """Give the path a place that runs can be noted under, without making the feed; an administrator's act."""
    by = require_administrator(caller)
    _ensure_organization(records, path.organization, by=by, now=now)
    with records.note() as note:
        feeds.prepare(note, path)


def list_feeds(records: Database, caller: Caller) -> tuple[FeedSummary, ...]:
    """Return the feeds that the caller may know of, by path."""
    with records.read() as view:
        summaries = (_summary(view, caller, located) for located in feeds.all_feeds(view))
        return tuple(summary for summary in summaries if summary is not None)


def show_feed(records: Database, caller: Caller, path: FeedPath) -> FeedSummary:
    """Return one feed as the caller sees it; raises what ``require`` raises."""
    with records.read() as view:
        located = require(view, caller, Permission.FEED_READ, path)
        summary = _summary(view, caller, located)
        if summary is None:
            raise RuntimeError(f"{path}: readable and without a summary")
        if summary.role is Role.OWNER:
            return replace(summary, grants=actors.roles(view, located.id))
        return summary


def set_feed(  # each setting may be left as it is
    records: Database,
    caller: Caller,
    path: FeedPath,
    *,
    is_public: bool | None = None,
    policy: str | None = None,
    uploads: Uploads | None = None,
    now: datetime,
) -> FeedSummary:
    """Change a feed's settings; None leaves one as it is, the same again is no entry."""
    if policy is not None:
        read_policy(policy)
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.FEED_CHANGED, require_actor(caller), now) as change:
        before = _state(change, located)
        after = replace(
            before,
            is_public=before.is_public if is_public is None else is_public,
            policy=before.policy if policy is None else policy,
            uploads=before.uploads if uploads is None else uploads,
        )
        if after != before:
            feeds.open_state(
                change, located.id, is_public=after.is_public, policy=after.policy, uploads=after.uploads
            )
            change.record({"public": after.is_public, "policy": after.policy, "uploads": after.uploads.value})
    return show_feed(records, caller, path)


def add_target(
    records: Database, caller: Caller, path: FeedPath, target: Target, *, now: datetime
) -> FeedSummary:
    """Add a target to the feed; one it has already is no entry."""
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.TARGET_ADDED, require_actor(caller), now) as change:
        if target not in _state(change, located).targets:
            feeds.add_target(change, located.id, target)
            change.record({"target": str(target)})
    return show_feed(records, caller, path)


def remove_target(
    records: Database, caller: Caller, path: FeedPath, target: Target, *, now: datetime
) -> FeedSummary:
    """Remove a target from the feed; what was published for it stays. Raises NoSuchTarget, LastTarget."""
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.TARGET_REMOVED, require_actor(caller), now) as change:
        targets = _state(change, located).targets
        if target not in targets:
            raise NoSuchTarget(located.path, target)
        if targets == (target,):
            raise LastTarget(located.path, target)
        feeds.remove_target(change, located.id, target)
        change.record({"target": str(target)})
    return show_feed(records, caller, path)


def _ensure_organization(records: Database, name: str, *, by: str, now: datetime) -> None:
    with records.change(None, Act.ORGANIZATION_CREATED, by, now) as change:
        if feeds.organization_name(change, name) is None:
            feeds.create_organization(change, name)
            change.record({"organization": name})


def _summary(view: View, caller: Caller, located: Located) -> FeedSummary | None:
    feed = feeds.state(view, located)
    if feed is None:
        return None
    role = role_of(view, caller, located, is_public=feed.is_public)
    if role is None:
        return None
    serial, _hash = head_of(view, located.id)
    projects, files, size_bytes = distributions.totals(view, located.id, serial)
    return FeedSummary(feed, role, serial, projects, files, size_bytes)


def _state(change: Change, located: Located) -> Feed:
    feed = feeds.state(change, located)
    if feed is None:
        raise RuntimeError(f"{located.path}: found and without a state")
    return feed
