"""Roles over the API."""

import json

import pytest

from feedgate.model.access import Role
from tests.builders.installation import FEED, Installation

GRANTS = "/api/v1/feeds/acme/pip-feed/grants"


async def test_a_role_is_given_changed_and_taken(installation: Installation) -> None:
    async with installation.local() as client:
        given = await client.put(f"{GRANTS}/ada@example.com", json={"role": "reader"})
        changed = await client.put(f"{GRANTS}/ada@example.com", json={"role": "owner"})
        listed = await client.get(GRANTS)
        taken = await client.delete(f"{GRANTS}/ada@example.com")

    assert given.json() == {"feed": "acme/pip-feed", "actor": "ada@example.com", "role": "reader"}
    assert changed.json()["role"] == "owner"
    assert [json.loads(line)["role"] for line in listed.text.splitlines()] == ["owner"]
    assert taken.json()["role"] is None
    assert installation.acts(FEED) == ["feed-created", "granted", "granted", "grant-removed"]


async def test_a_role_that_is_not_there_can_not_be_taken(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.delete(f"{GRANTS}/ada")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no-such-grant")


@pytest.mark.parametrize("actor", ["two%20words", "a:b", "%0d%0a", "x" * 201])
async def test_what_can_name_no_actor_gets_no_role(installation: Installation, actor: str) -> None:
    async with installation.local() as client:
        answer = await client.put(f"{GRANTS}/{actor}", json={"role": "reader"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-actor")


async def test_a_role_taken_is_gone_at_once(installation: Installation) -> None:
    secret = installation.token("ada", Role.READER)
    async with installation.client(secret) as ada, installation.local() as local:
        assert (await ada.get("/api/v1/feeds/acme/pip-feed")).status_code == 200
        await local.delete(f"{GRANTS}/ada")

        assert (await ada.get("/api/v1/feeds/acme/pip-feed")).status_code == 404
