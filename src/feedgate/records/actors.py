"""Queries on actors and their roles."""

from sqlalchemy import insert, select

from feedgate.model.access import Role
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, View
from feedgate.records.span import close, is_open

_grant = tables.feed_grant.c


def exists(view: View, name: str) -> bool:
    """Whether the actor is known."""
    query = select(tables.actor.c.name).where(tables.actor.c.name == name)
    return view.connection.execute(query).first() is not None


def is_administrator(view: View, name: str) -> bool:
    """Whether the actor administers the installation."""
    query = select(tables.actor.c.is_administrator).where(tables.actor.c.name == name)
    return bool(view.connection.execute(query).scalar_one_or_none())


def create(change: Change, name: str, *, is_administrator: bool = False) -> None:
    """Write the actor's row."""
    change.connection.execute(insert(tables.actor).values(name=name, is_administrator=is_administrator))


def role(view: View, feed: FeedId, actor: str) -> Role | None:
    """Return the actor's role on the feed, now."""
    query = select(_grant.role).where(
        _grant.feed_id == feed, _grant.actor == actor, is_open(tables.feed_grant)
    )
    raw = view.connection.execute(query).scalar_one_or_none()
    return None if raw is None else Role(raw)


def roles(view: View, feed: FeedId) -> dict[str, Role]:
    """Return the roles on the feed by actor, now."""
    query = (
        select(_grant.actor, _grant.role)
        .where(_grant.feed_id == feed, is_open(tables.feed_grant))
        .order_by(_grant.actor)
    )
    return {row.actor: Role(row.role) for row in view.connection.execute(query)}


def grant(change: Change, feed: FeedId, actor: str, role: Role) -> None:
    """Close the actor's role on the feed and open this one."""
    close(change, tables.feed_grant, _grant.feed_id == feed, _grant.actor == actor)
    change.connection.execute(
        insert(tables.feed_grant).values(feed_id=feed, actor=actor, role=role.value, valid_from=change.serial)
    )


def remove_grant(change: Change, feed: FeedId, actor: str) -> bool:
    """Close the actor's role on the feed; False where there was none."""
    return close(change, tables.feed_grant, _grant.feed_id == feed, _grant.actor == actor)
