"""Roles given, changed and taken, each an entry; the same again is none."""

import pytest

from feedgate.access.actors import InvalidActor, ensure_actor, parse_actor
from feedgate.access.grants import NoSuchGrant, grant, list_grants, remove_grant
from feedgate.access.require import RoleTooSmall
from feedgate.model.access import Caller, Role, Scope
from tests.builders.installation import FEED, LOCAL, NOON, Installation


async def test_a_role_is_given_changed_and_taken(installation: Installation) -> None:
    records = installation.records
    grant(records, LOCAL, FEED, "ada", Role.READER, now=NOON)
    grant(records, LOCAL, FEED, "ada", Role.READER, now=NOON)
    grant(records, LOCAL, FEED, "ada", Role.OWNER, now=NOON)
    assert list_grants(records, LOCAL, FEED) == {"ada": Role.OWNER}

    remove_grant(records, LOCAL, FEED, "ada", now=NOON)

    assert list_grants(records, LOCAL, FEED) == {}
    assert installation.acts(FEED) == ["feed-created", "granted", "granted", "grant-removed"]
    with pytest.raises(NoSuchGrant, match="ada has no role on acme/pip-feed"):
        remove_grant(records, LOCAL, FEED, "ada", now=NOON)


async def test_an_owner_gives_roles_and_a_contributor_does_not(installation: Installation) -> None:
    records = installation.records
    grant(records, LOCAL, FEED, "ada", Role.OWNER, now=NOON)
    grant(records, Caller("ada", Scope.MANAGE), FEED, "bob", Role.CONTRIBUTOR, now=NOON)
    bob = Caller("bob", Scope.MANAGE)

    with pytest.raises(RoleTooSmall):
        grant(records, bob, FEED, "bob", Role.OWNER, now=NOON)
    with pytest.raises(RoleTooSmall):
        remove_grant(records, bob, FEED, "ada", now=NOON)
    with pytest.raises(RoleTooSmall):
        list_grants(records, bob, FEED)


async def test_an_actor_comes_into_being_once(installation: Installation) -> None:
    for _ in range(2):
        grant(installation.records, LOCAL, FEED, "ada", Role.READER, now=NOON)
        ensure_actor(installation.records, "ada", by="local", now=NOON)

    assert installation.acts(None).count("actor-created") == 1


@pytest.mark.parametrize("raw", ["ada", "ci-upload", "ada@example.com", "Jürgen", "a" * 200])
def test_what_can_name_an_actor(raw: str) -> None:
    assert parse_actor(raw) == raw


@pytest.mark.parametrize("raw", ["", "a b", "a:b", "a/b", "a\n", "a\x00", "a\u202e", "a" * 201])
async def test_what_can_not(installation: Installation, raw: str) -> None:
    with pytest.raises(InvalidActor):
        grant(installation.records, LOCAL, FEED, raw, Role.READER, now=NOON)
    assert installation.acts(FEED) == ["feed-created"]
