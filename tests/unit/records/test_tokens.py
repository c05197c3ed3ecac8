"""Tokens as rows: the sha256 of a secret, never the secret."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from feedgate.model.access import Scope
from feedgate.model.ledger import Act
from feedgate.records import actors, tokens
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from feedgate.records.tokens import TokenRow
from tests.builders.databases import NOON

SECRET, OTHER = "5" * 64, "6" * 64


def row(name: str = "tok_1", actor: str = "ada") -> TokenRow:
    return TokenRow(name, actor, Scope.WRITE, None, NOON, NOON + timedelta(days=90), None, None)


def store(records: Database, token: TokenRow, secret: str, *feeds: Located) -> TokenRow:
    with records.change(None, Act.TOKEN_CREATED, "local", NOON) as change:
        if not actors.exists(change, token.actor):
            actors.create(change, token.actor)
        tokens.create(change, token, secret_sha256=secret, feed_ids=frozenset(feed.id for feed in feeds))
        change.record({"token": token.id})
    return token


def test_a_token_is_found_by_its_secrets_sha256_and_by_its_id(records: Database) -> None:
    token = store(records, row(), SECRET)

    with records.read() as view:
        assert tokens.find_by_secret(view, SECRET) == tokens.find(view, "tok_1") == token
        assert tokens.find_by_secret(view, OTHER) is None
        assert tokens.find(view, "tok_2") is None


def test_a_token_for_some_feeds_names_them(records: Database, feed: Located) -> None:
    token = store(records, replace(row(), feeds=frozenset([feed.path]), expires_at=None), SECRET, feed)

    with records.read() as view:
        assert tokens.find(view, "tok_1") == token


def test_tokens_are_listed_oldest_first_of_one_actor_or_of_all(records: Database) -> None:
    later = replace(row("tok_0", "bob"), created_at=NOON + timedelta(seconds=1))
    store(records, later, OTHER)
    store(records, row(), SECRET)

    with records.read() as view:
        assert [token.id for token in tokens.all_tokens(view)] == ["tok_1", "tok_0"]
        assert [token.id for token in tokens.all_tokens(view, actor="bob")] == ["tok_0"]


def test_one_secret_is_one_token(records: Database) -> None:
    store(records, row(), SECRET)

    with pytest.raises(IntegrityError):
        store(records, row("tok_2"), SECRET)


def test_an_earlier_use_never_replaces_a_later_one(records: Database) -> None:
    store(records, row(), SECRET)
    for seconds in (10, 5, 20):
        with records.note() as note:
            tokens.note_uses(note, {"tok_1": NOON + timedelta(seconds=seconds)})
        with records.note() as note:
            tokens.note_uses(note, {"tok_1": NOON, "tok_unknown": NOON})

    with records.read() as view:
        found = tokens.find(view, "tok_1")
    assert found is not None
    assert found.last_used_at == NOON + timedelta(seconds=20)


def test_a_revoked_token_says_since_when(records: Database) -> None:
    store(records, row(), SECRET)
    with records.change(None, Act.TOKEN_REVOKED, "local", NOON) as change:
        tokens.revoke(change, ["tok_1"], NOON)
        change.record({"token": "tok_1"})

    with records.read() as view:
        found = tokens.find_by_secret(view, SECRET)
    assert found is not None
    assert found.revoked_at == NOON


def test_a_token_is_followed_to_all_that_it_made(records: Database) -> None:
    for number, parent in ((1, None), (2, "tok_1"), (3, "tok_2"), (4, "tok_2"), (5, None), (6, "tok_5")):
        store(records, replace(row(f"tok_{number}"), parent=parent), str(number) * 64)
    with records.change(None, Act.TOKEN_REVOKED, "local", NOON) as change:
        tokens.revoke(change, ["tok_3"], NOON)
        change.record({"token": "tok_3"})

    with records.read() as view:
        assert tokens.taken_descendants(view, "tok_1") == ("tok_2", "tok_4")
        assert tokens.taken_descendants(view, "tok_4") == ()
        found = tokens.find(view, "tok_2")
    assert found is not None
    assert found.parent == "tok_1"
