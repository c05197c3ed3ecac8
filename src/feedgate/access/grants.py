"""Roles on a feed: given, changed and taken by its Owners."""

from collections.abc import Mapping
from datetime import datetime

from feedgate.access.actors import ensure_actor, parse_actor
from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.errors import Missing
from feedgate.model.access import Caller, Role
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.records import actors
from feedgate.records.database import Database


class NoSuchGrant(Missing):
    """The actor has no role on the feed that could be taken."""

    code = "no-such-grant"

    def __init__(self, path: FeedPath, actor: str) -> None:
        super().__init__(
            f"{actor} has no role on {path}",
            next_step=f"See who has one with: feedgate feed show {path}",
        )


def grant(
    records: Database, caller: Caller, path: FeedPath, actor: str, role: Role, *, now: datetime
) -> None:
    """Give ``actor`` the role on the feed, in place of the one it had; the same role again does nothing."""
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    by = require_actor(caller)
    ensure_actor(records, parse_actor(actor), by=by, now=now)
    with records.change(located.id, Act.GRANTED, by, now) as change:
        if actors.role(change, located.id, actor) is not role:
            actors.grant(change, located.id, actor, role)
            change.record({"actor": actor, "role": role.value})


def remove_grant(records: Database, caller: Caller, path: FeedPath, actor: str, *, now: datetime) -> None:
    """Take the actor's role on the feed; raises NoSuchGrant."""
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
    with records.change(located.id, Act.GRANT_REMOVED, require_actor(caller), now) as change:
        if not actors.remove_grant(change, located.id, actor):
            raise NoSuchGrant(located.path, actor)
        change.record({"actor": actor})


def list_grants(records: Database, caller: Caller, path: FeedPath) -> Mapping[str, Role]:
    """Return the roles on the feed by actor; for its Owners."""
    with records.read() as view:
        located = require(view, caller, Permission.FEED_MANAGE, path)
        return actors.roles(view, located.id)
