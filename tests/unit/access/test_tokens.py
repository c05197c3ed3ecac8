"""Tokens: a narrow one does nothing to a wider one, and others' are an administrator's alone."""

import json
from datetime import timedelta

import pytest

from feedgate.access.actors import ensure_actor
from feedgate.access.require import CredentialsRequired, NotAdministrator, ScopeTooSmall
from feedgate.access.tokens import (
    EndlessToken,
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
from feedgate.records.entries import entries
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


def facts(installation: Installation) -> list[dict[str, object]]:
    """Return what the entries of the installation's ledger say of tokens."""
    with installation.records.read() as view:
        return [json.loads(entry.facts) for entry in entries(view, None) if entry.act.startswith("token-")]


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


async def test_revoking_a_token_ends_what_it_made_and_what_that_made(installation: Installation) -> None:
    ensure_actor(installation.records, "root", by="local", now=installation.clock(), is_administrator=True)
    leaked, apart = asking(installation, "root"), asking(installation, "root")
    child = make(installation, leaked)
    grandchild = make(installation, caller(installation, child.secret))
    bobs = make(installation, leaked, actor="bob")

    revoke(installation, LOCAL, leaked.token_id)

    for ended in (child, grandchild, bobs):
        assert recognize(installation.records, ended.secret, now=installation.clock()) is None
    taken = {row.id for row in list_tokens(installation.records, LOCAL) if row.revoked_at is None}
    assert taken == {apart.token_id}
    assert facts(installation)[-1] == {
        "token": leaked.token_id,
        "actor": "root",
        "made": sorted(made.row.id for made in (child, grandchild, bobs)),
    }


async def test_the_ledger_says_which_token_made_one(installation: Installation) -> None:
    parent = asking(installation, "ada")
    made = make(installation, parent)

    assert facts(installation)[-2]["parent"] is None
    assert (facts(installation)[-1]["token"], facts(installation)[-1]["parent"]) == (
        made.row.id,
        parent.token_id,
    )


async def test_a_token_revoked_while_its_call_is_answered_makes_none(installation: Installation) -> None:
    leaked = asking(installation, "ada")
    revoke(installation, LOCAL, leaked.token_id)

    with pytest.raises(CredentialsRequired):
        make(installation, leaked)


async def test_only_the_data_directorys_key_makes_a_token_without_end(installation: Installation) -> None:
    endless = make(installation, LOCAL, actor="ada", life=None)

    with pytest.raises(EndlessToken):
        make(installation, caller(installation, endless.secret), life=None)
    assert make(installation, caller(installation, endless.secret)).row.expires_at is not None


async def test_a_tokens_own_ends_when_it_does(installation: Installation) -> None:
    short = asking(installation, "ada", life=HOUR)

    assert make(installation, short, life=HOUR).row.expires_at == short.expires_at
    for life in (HOUR + timedelta(microseconds=1), None):
        with pytest.raises(WiderThanAsking):
            make(installation, short, life=life)
