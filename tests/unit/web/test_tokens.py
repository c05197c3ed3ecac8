"""Tokens over the API: shown once, never wider than the one that asks."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from feedgate.model.access import Role, Scope
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from tests.builders.installation import FEED, NOON, Installation

TOKENS = "/api/v1/tokens"


async def test_a_token_is_shown_once_and_opens_what_it_is_for(installation: Installation) -> None:
    async with installation.local() as client:
        made = (await client.post(TOKENS, json={"actor": "ada", "feeds": ["acme/pip-feed"]})).json()
        listed = (await client.get(TOKENS)).text

    assert made["token"].startswith("fgt_")
    assert made["token"] not in listed
    assert json.loads(listed)["id"] == made["id"]
    assert (made["scope"], made["feeds"]) == ("read", ["acme/pip-feed"])
    async with installation.client(Secret(made["token"])) as ada:
        assert (await ada.get(TOKENS)).status_code == 200


@pytest.mark.parametrize(
    ("body", "life"),
    [
        ({}, timedelta(days=90)),
        ({"expires_in_seconds": 60}, timedelta(seconds=60)),
        ({"expires_in_seconds": None}, None),
    ],
)
async def test_a_tokens_life_is_as_asked_else_90_days(
    installation: Installation, body: dict[str, Any], life: timedelta | None
) -> None:
    async with installation.local() as client:
        made = (await client.post(TOKENS, json={"actor": "ada", **body})).json()

    expires_at = made["expires_at"]
    assert (None if expires_at is None else datetime.fromisoformat(expires_at)) == (life and NOON + life)


async def test_left_out_the_life_ends_no_later_than_the_asking_tokens(installation: Installation) -> None:
    async with installation.client(installation.token("ada", life=timedelta(days=7))) as ada:
        made = (await ada.post(TOKENS, json={})).json()
        longer = await ada.post(TOKENS, json={"expires_in_seconds": 8 * 86400})
        endless = await ada.post(TOKENS, json={"expires_in_seconds": None})

    assert datetime.fromisoformat(made["expires_at"]) == NOON + timedelta(days=7)
    assert {longer.status_code, endless.status_code} == {403}
    assert longer.json()["error"]["code"] == "token-wider-than-asking"


@pytest.mark.parametrize("seconds", [0, -1, 10 * 366 * 86400 + 1, 1.5, "60", True])
async def test_a_life_that_is_none_is_refused(installation: Installation, seconds: object) -> None:
    async with installation.local() as client:
        answer = await client.post(TOKENS, json={"expires_in_seconds": seconds})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-body")


async def test_a_token_makes_none_of_a_wider_scope_or_for_more_feeds(installation: Installation) -> None:
    other = installation.make_feed(FeedPath("acme", "other"))
    installation.token("ada", Role.OWNER, feed=other)
    narrow = installation.token("ada", Role.OWNER, scope=Scope.WRITE, only=(FEED,))
    async with installation.client(narrow) as ada:
        wider = await ada.post(TOKENS, json={"scope": "manage"})
        further = await ada.post(TOKENS, json={"feeds": ["acme/other"]})
        same = await ada.post(TOKENS, json={"scope": "write"})

    assert wider.status_code == 403
    assert further.status_code == 404
    assert same.json()["feeds"] == ["acme/pip-feed"]


async def test_only_an_administrator_makes_tokens_for_others(installation: Installation) -> None:
    async with installation.client(installation.token("ada", Role.OWNER)) as ada:
        answer = await ada.post(TOKENS, json={"actor": "bob"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not-administrator")


async def test_anothers_token_is_neither_listed_nor_revoked(installation: Installation) -> None:
    installation.token("bob")
    async with installation.local() as local, installation.client(installation.token("ada")) as ada:
        tokens = [json.loads(line) for line in (await local.get(TOKENS)).text.splitlines()]
        (bobs,) = [token["id"] for token in tokens if token["actor"] == "bob"]

        answer = await ada.delete(f"{TOKENS}/{bobs}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no-such-token")
        assert [json.loads(line)["actor"] for line in (await ada.get(TOKENS)).text.splitlines()] == ["ada"]


async def test_a_token_says_where_its_actor_has_no_role_yet(installation: Installation) -> None:
    there = {"feeds": [str(FEED)]}
    async with installation.local() as client:
        before = (await client.post(TOKENS, json={"actor": "ci", **there})).json()
        anywhere = (await client.post(TOKENS, json={"actor": "ci"})).json()
        await client.put(f"/api/v1/feeds/{FEED}/grants/ci", json={"role": "reader"})
        after = (await client.post(TOKENS, json={"actor": "ci", **there})).json()
        own = (await client.post(TOKENS, json=there)).json()

    assert (before["opens_nothing"], before["without_role"]) == (True, [str(FEED)])
    assert (anywhere["opens_nothing"], anywhere["without_role"]) == (True, [])
    for token in (after, own):
        assert (token["opens_nothing"], token["without_role"]) == (False, [])


async def test_revoking_again_changes_nothing(installation: Installation) -> None:
    installation.token("ada")
    async with installation.local() as client:
        token = (await client.get(TOKENS)).json()["id"]
        for _ in range(2):
            assert (await client.delete(f"{TOKENS}/{token}")).status_code == 200

    assert installation.acts(None).count("token-revoked") == 1


async def test_a_token_sent_where_it_does_not_belong_is_not_shown_again(installation: Installation) -> None:
    secret = installation.token("ada", Role.OWNER).reveal()
    async with installation.local() as client:
        answers = [
            await client.get(f"/api/v1/feeds/acme/{secret}"),
            await client.get(f"/{secret}/_packaging/{secret}/pypi/simple/"),
            await client.get(f"/acme/_packaging/pip-feed@{secret}/pypi/simple/"),
            await client.get("/api/v1/ledger", params={"after": secret}),
            await client.delete(f"{TOKENS}/{secret}"),
            await client.post(TOKENS, json={"actor": secret + " ", "scope": secret}),
            await client.post("/api/v1/feeds/acme/pip-feed/runs", json={"requirements": [secret + "=="]}),
        ]

    assert all(answer.is_client_error for answer in answers)
    assert all(secret not in answer.text + str(answer.headers) for answer in answers)
