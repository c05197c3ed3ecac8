"""Tokens: a narrow one does nothing to a wider one, and others' are an administrator's alone."""

from datetime import timedelta

import pytest

from feedgate.access.actors import ensure_actor
from feedgate.access.require import NotAdministrator, ScopeTooSmall
from feedgate.access.tokens import (
    NewToken,
    NoSuchToken,
    WiderThanAsking,
    create_token,
    list_tokens,
    recognize,
    revoke_token,
)
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from tests.builders.installation import FEED, LOCAL, Installation

HOUR = timedelta(hours=1)


def caller(installation: Installation, secret: Secret) -> Caller:
    found = recognize(installation.records, secret, now=installation.clock())
    assert found is not None
    return found


def asking(
    installation: Installation,
    actor: str,
    scope: Scope = Scope.MANAGE,
    *only: FeedPath,
    life: timedelta = HOUR,
) -> Caller:
    """Return a caller with a token of its own."""
    return caller(installation, installation.token(actor, Role.OWNER, scope=scope, only=only, life=life))


def make(
    installation: Installation, by: Caller, *, actor: str | None = None, life: timedelta | None = HOUR
) -> NewToken:
    return create_token(
        installation.records,
        by,
        actor=actor,
        feed_paths=(),
        scope=Scope.READ,
        life=life,
        now=installation.clock(),
    )


def revoke(installation: Installation, by: Caller, token_id: str | None) -> None:
    assert token_id is not None
    revoke_token(installation.records, by, token_id, now=installation.clock())


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
async def test_a_token_revokes_none_of_a_wider_scope(installation: Installation, scope: Scope) -> None:
    wide, narrow = asking(installation, "ada"), asking(installation, "ada", scope)

    with pytest.raises(WiderThanAsking):
        revoke(installation, narrow, wide.token_id)


async def test_a_token_for_one_feed_revokes_none_for_all_or_for_another(installation: Installation) -> None:
    other = installation.make_feed(FeedPath("acme", "other"))
    installation.token("ada", Role.OWNER, feed=other)
    narrow = asking(installation, "ada", Scope.MANAGE, FEED)

    for only in ((), (other,), (FEED, other)):
        wide = asking(installation, "ada", Scope.READ, *only)
        with pytest.raises(WiderThanAsking):
            revoke(installation, narrow, wide.token_id)


async def test_a_token_revokes_itself_and_one_as_wide_whatever_its_life(installation: Installation) -> None:
    reading = asking(installation, "ada", Scope.READ, FEED)
    longer = asking(installation, "ada", Scope.READ, FEED, life=24 * HOUR)

    revoke(installation, reading, longer.token_id)
    revoke(installation, reading, reading.token_id)

    assert installation.acts(None).count("token-revoked") == 2


@pytest.mark.parametrize(
    ("scope", "only", "refusal"),
    [
        (Scope.READ, (), ScopeTooSmall),
        (Scope.WRITE, (), ScopeTooSmall),
        (Scope.MANAGE, (FEED,), NotAdministrator),
    ],
)
async def test_an_administrators_narrow_token_is_for_its_own_tokens_alone(
    installation: Installation, scope: Scope, only: tuple[FeedPath, ...], refusal: type[Exception]
) -> None:
    ensure_actor(installation.records, "root", by="local", now=installation.clock(), is_administrator=True)
    narrow, bobs = asking(installation, "root", scope, *only), asking(installation, "bob", Scope.READ, FEED)

    assert {row.actor for row in list_tokens(installation.records, narrow)} == {"root"}
    with pytest.raises(NoSuchToken):
        revoke(installation, narrow, bobs.token_id)
    with pytest.raises(refusal):
        make(installation, narrow, actor="bob")


async def test_an_administrators_whole_token_reaches_all(installation: Installation) -> None:
    ensure_actor(installation.records, "root", by="local", now=installation.clock(), is_administrator=True)
    whole, bobs = asking(installation, "root"), asking(installation, "bob")

    assert {row.actor for row in list_tokens(installation.records, whole)} == {"root", "bob"}
    revoke(installation, whole, bobs.token_id)
    revoke(installation, LOCAL, whole.token_id)

    assert all(row.revoked_at is not None for row in list_tokens(installation.records, LOCAL))
