"""Queries on tokens: the secret is never here, only its sha256."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, or_, select, update

from feedgate.model.access import Scope
from feedgate.model.names import FeedPath
from feedgate.model.times import from_microseconds, to_microseconds
from feedgate.records import tables
from feedgate.records.database import Change, FeedId, Note, View

_token, _scope_feed = tables.token.c, tables.token_feed.c


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as stored; ``feeds`` None = every feed its actor has a role on.

    ``parent`` is the token that made it, None where the data directory's key did.
    """

    id: str
    actor: str
    scope: Scope
    feeds: frozenset[FeedPath] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    parent: str | None = None


def create(change: Change, row: TokenRow, *, secret_sha256: str, feed_ids: frozenset[FeedId]) -> None:
    """Write a token's row and the feeds it is made for."""
    change.connection.execute(
        insert(tables.token).values(
            id=row.id,
            actor=row.actor,
            secret_sha256=secret_sha256,
            scope=row.scope.value,
            all_feeds=row.feeds is None,
            created_at=to_microseconds(row.created_at),
            expires_at=None if row.expires_at is None else to_microseconds(row.expires_at),
            parent=row.parent,
        )
    )
    if feed_ids:
        change.connection.execute(
            insert(tables.token_feed), [{"token_id": row.id, "feed_id": feed} for feed in sorted(feed_ids)]
        )


def find_by_secret(view: View, secret_sha256: str) -> TokenRow | None:
    """Return the token whose secret has this sha256."""
    row = view.connection.execute(select(tables.token).where(_token.secret_sha256 == secret_sha256)).first()
    return None if row is None else _read(view, row)


def find(view: View, token_id: str) -> TokenRow | None:
    """Return the token with that id."""
    row = view.connection.execute(select(tables.token).where(_token.id == token_id)).first()
    return None if row is None else _read(view, row)


def all_tokens(view: View, *, actor: str | None = None) -> tuple[TokenRow, ...]:
    """Return the tokens, of one actor or of all, oldest first."""
    query = select(tables.token).order_by(_token.created_at, _token.id)
    if actor is not None:
        query = query.where(_token.actor == actor)
    return tuple(_read(view, row) for row in view.connection.execute(query).all())


def taken_descendants(view: View, token_id: str) -> tuple[str, ...]:
    """Return the ids of the tokens that this one made, and those of theirs, that are not revoked; sorted."""
    line = select(_token.id).where(_token.parent == token_id).cte("line", recursive=True)
    line = line.union(select(_token.id).join(line, _token.parent == line.c.id))
    query = select(_token.id).where(_token.id.in_(select(line.c.id)), _token.revoked_at.is_(None))
    return tuple(view.connection.execute(query.order_by(_token.id)).scalars())


def revoke(change: Change, token_ids: Sequence[str], now: datetime) -> None:
    """Say that the tokens are no longer taken."""
    change.connection.execute(
        update(tables.token).where(_token.id.in_(token_ids)).values(revoked_at=to_microseconds(now))
    )


def note_uses(note: Note, last_used: Mapping[str, datetime]) -> None:
    """Write when tokens were last used; an earlier moment never replaces a later one."""
    for token_id, moment in last_used.items():
        at = to_microseconds(moment)
        note.connection.execute(
            update(tables.token)
            .where(_token.id == token_id, or_(_token.last_used_at.is_(None), _token.last_used_at < at))
            .values(last_used_at=at)
        )


def _read(view: View, row: Row[tuple[object, ...]]) -> TokenRow:
    feeds = None if row.all_feeds else _feeds(view, row.id)
    return TokenRow(
        id=row.id,
        actor=row.actor,
        scope=Scope(row.scope),
        feeds=feeds,
        created_at=from_microseconds(row.created_at),
        expires_at=_moment(row.expires_at),
        revoked_at=_moment(row.revoked_at),
        last_used_at=_moment(row.last_used_at),
        parent=row.parent,
    )


def _feeds(view: View, token_id: str) -> frozenset[FeedPath]:
    query = (
        select(tables.organization.c.name.label("organization"), tables.feed.c.name)
        .join(tables.feed, tables.feed.c.organization_id == tables.organization.c.id)
        .join(tables.token_feed, _scope_feed.feed_id == tables.feed.c.id)
        .where(_scope_feed.token_id == token_id)
    )
    return frozenset(FeedPath(row.organization, row.name) for row in view.connection.execute(query))


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_microseconds(microseconds)
