"""Tokens: 256 random bits, shown once, stored as sha256, scoped, expiring, revocable at once."""

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedgate.access.actors import administers, ensure_actor, parse_actor
from feedgate.access.require import (
    CredentialsRequired,
    NoSuchFeed,
    is_administering,
    require_actor,
    require_administrator,
    role_of,
)
from feedgate.errors import Forbidden, Missing
from feedgate.model.access import Caller, Scope
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from feedgate.model.times import format_time
from feedgate.records import feeds, tokens
from feedgate.records.database import Database, FeedId, View
from feedgate.records.tokens import TokenRow

PREFIX = "fgt_"
DEFAULT_LIFE = timedelta(days=90)

_SECRET = re.compile(r"fgt_[A-Za-z0-9_-]{43}")


class WiderThanAsking(Forbidden):
    """A token was to be made or revoked that can do more than the one that asks."""

    code = "token-wider-than-asking"

    def __init__(self, what: str, *, asked: str, allowed: str) -> None:
        super().__init__(
            f"a token may not make or revoke a wider one: {what} {asked}, but the asking token has {allowed}",
            next_step="Use a token that reaches as far, or ask for less.",
        )


class EndlessToken(Forbidden):
    """A token without an end was asked for by a token."""

    code = "token-without-end"

    def __init__(self) -> None:
        super().__init__(
            "a token may not make one that never expires",
            next_step="Give it an end, for example --expires 1y, or make it on the server's own machine with --data.",
        )


class NoSuchToken(Missing):
    """There is no such token, or it is not the caller's."""

    code = "no-such-token"

    def __init__(self, token_id: str) -> None:
        super().__init__(
            f"{token_id[:40]!r}: no such token of yours",
            next_step="List yours with: feedgate token list",
        )


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the row, and the secret that is shown this once."""

    row: TokenRow
    secret: Secret


def create_token(  # what a token is
    records: Database,
    caller: Caller,
    *,
    actor: str | None,
    feed_paths: tuple[FeedPath, ...],
    scope: Scope,
    life: timedelta | None,
    now: datetime,
) -> NewToken:
    """Make a token of ``actor`` (default: the caller's own) for the feeds named.

    No feeds = every feed its actor has a role on. ``life`` None = it does not
    expire, which is for the data directory's key alone (EndlessToken). It ends
    with the token that asks, at the latest. Raises WiderThanAsking where it would reach further than the
    asking token; for somebody else, what ``require_administrator`` raises.
    """
    by = require_actor(caller)
    owner = by if actor is None else parse_actor(actor)
    if owner != by:
        require_administrator(caller)
    expires_at = None if life is None else now + life
    with records.read() as view:
        located = _located(view, caller, feed_paths)
    paths = frozenset(feed.path for feed in located) or caller.feeds
    _check_width(caller, scope, paths)
    _check_life(caller, expires_at)
    ensure_actor(records, owner, by=by, now=now)
    secret = Secret(PREFIX + secrets.token_urlsafe(32))
    row = TokenRow(
        id="tok_" + secrets.token_hex(8),
        actor=owner,
        scope=scope,
        feeds=paths,
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
        parent=caller.token_id,
    )
    with records.change(None, Act.TOKEN_CREATED, by, now) as change:
        _check_taken(change, caller)
        tokens.create(change, row, secret_sha256=_fingerprint(secret), feed_ids=_ids(change, paths))
        change.record(
            {
                "token": row.id,
                "actor": owner,
                "scope": scope.value,
                "feeds": None if paths is None else sorted(str(path) for path in paths),
                "expires_at": None if expires_at is None else format_time(expires_at),
                "parent": caller.token_id,
            }
        )
    return NewToken(row, secret)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a token opens now: grants come and go apart from it.

    ``without_role`` are the feeds named in it on which its actor has no role.
    """

    opens_nothing: bool
    without_role: tuple[FeedPath, ...]


def reach_of(records: Database, row: TokenRow) -> Reach:
    """Return what the token opens now; what is public needs none."""
    with records.read() as view:
        bearer = Caller(row.actor, row.scope, row.feeds, is_administrator=administers(view, row.actor))
        named = None if row.feeds is None else {path.key for path in row.feeds}
        closed, is_open = [], bearer.is_administrator
        for located in feeds.all_feeds(view):
            if named is not None and located.path.key not in named:
                continue
            if role_of(view, bearer, located, is_public=False) is None:
                closed.append(located.path)
            else:
                is_open = True
                if named is None:
                    break
    return Reach(not is_open, tuple(closed) if named is not None else ())


def list_tokens(records: Database, caller: Caller) -> tuple[TokenRow, ...]:
    """Return the caller's own tokens; an administrator whose token administers sees all."""
    actor = require_actor(caller)
    with records.read() as view:
        return tokens.all_tokens(view, actor=None if is_administering(caller) else actor)


def revoke_token(records: Database, caller: Caller, token_id: str, *, now: datetime) -> TokenRow:
    """Revoke a token and all that it made at once; one that is revoked already stays so.

    A token may always revoke itself, and of its actor's others those that reach no
    further than it does. Raises NoSuchToken, WiderThanAsking.
    """
    by = require_actor(caller)
    with records.change(None, Act.TOKEN_REVOKED, by, now) as change:
        row = tokens.find(change, token_id)
        if row is None or (row.actor != by and not is_administering(caller)):
            raise NoSuchToken(token_id)
        if row.id != caller.token_id:
            _check_width(caller, row.scope, row.feeds)
        if row.revoked_at is None:
            made = tokens.taken_descendants(change, token_id)
            tokens.revoke(change, (token_id, *made), now)
            change.record({"token": token_id, "actor": row.actor, "made": made})
            row = replace(row, revoked_at=now)
    return row


def recognize(records: Database, secret: Secret, *, now: datetime) -> Caller | None:
    """Return the caller behind a token's secret, None where it is not taken (any more)."""
    if not _SECRET.fullmatch(secret.reveal()):
        return None
    with records.read() as view:
        row = tokens.find_by_secret(view, _fingerprint(secret))
        if (
            row is None
            or row.revoked_at is not None
            or (row.expires_at is not None and row.expires_at <= now)
        ):
            return None
        return Caller(
            actor=row.actor,
            scope=row.scope,
            feeds=row.feeds,
            is_administrator=administers(view, row.actor),
            token_id=row.id,
            expires_at=row.expires_at,
        )


def _located(view: View, caller: Caller, paths: tuple[FeedPath, ...]) -> tuple[feeds.Located, ...]:
    found = []
    for path in paths:
        located = feeds.find(view, path)
        feed = None if located is None else feeds.state(view, located)
        if (
            located is None
            or feed is None
            or role_of(view, caller, located, is_public=feed.is_public) is None
        ):
            raise NoSuchFeed(path)
        found.append(located)
    return tuple(found)


def _check_width(caller: Caller, scope: Scope, paths: frozenset[FeedPath] | None) -> None:
    if not caller.scope.includes(scope):
        raise WiderThanAsking("scope", asked=scope.value, allowed=caller.scope.value)
    if caller.feeds is None:
        return
    allowed = {path.key for path in caller.feeds}
    outside = ["all"] if paths is None else sorted(str(path) for path in paths if path.key not in allowed)
    if outside:
        raise WiderThanAsking("feed", asked=outside[0], allowed=", ".join(sorted(map(str, caller.feeds))))


def _check_life(caller: Caller, expires_at: datetime | None) -> None:
    if expires_at is None and caller.token_id is not None and caller.expires_at is None:
        raise EndlessToken
    if caller.expires_at is not None and (expires_at is None or expires_at > caller.expires_at):
        raise WiderThanAsking(
            "life to",
            asked="no end" if expires_at is None else format_time(expires_at),
            allowed=format_time(caller.expires_at),
        )


def _check_taken(view: View, caller: Caller) -> None:
    """Raise where the asking token was revoked since the call came in: what it makes now would outlive it."""
    asking = None if caller.token_id is None else tokens.find(view, caller.token_id)
    if asking is not None and asking.revoked_at is not None:
        raise CredentialsRequired


def _ids(view: View, paths: frozenset[FeedPath] | None) -> frozenset[FeedId]:
    located = (feeds.find(view, path) for path in paths or ())
    return frozenset(feed.id for feed in located if feed is not None)


def _fingerprint(secret: Secret) -> str:
    return hashlib.sha256(secret.reveal().encode()).hexdigest()
