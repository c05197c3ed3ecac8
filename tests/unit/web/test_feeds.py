"""Feeds and their targets over the API."""

import json
from typing import Any

import pytest

from feedgate.api.bodies import FeedBody
from feedgate.intake.host import host_target
from feedgate.model.access import Role
from feedgate.model.names import FeedPath
from tests.builders.installation import FEED, TARGET, Installation

ONE = "/api/v1/feeds/acme/pip-feed"


async def test_a_feed_is_shown_with_the_addresses_it_answers_at(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.get("/api/v1/feeds/ACME/Pip-Feed")

    body = FeedBody.model_validate_json(answer.text)
    assert answer.status_code == 200
    assert (body.feed, body.role, body.serial) == ("acme/pip-feed", Role.OWNER, 1)
    assert body.targets == [str(TARGET)]
    assert body.simple_path == "/acme/_packaging/pip-feed/pypi/simple/"
    assert body.upload_path == "/acme/_packaging/pip-feed/pypi/upload"
    assert body.grants == {}


async def test_answers_are_kept_by_no_cache(installation: Installation) -> None:
    async with installation.local() as client:
        assert (await client.get(ONE)).headers["Cache-Control"] == "no-store"


async def test_a_feed_without_targets_is_for_this_machine(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.post("/api/v1/feeds", json={"organization": "demo", "feed": "one"})

    assert answer.status_code == 201
    assert answer.json()["targets"] == [str(host_target())]


async def test_a_target_named_twice_is_one(installation: Installation) -> None:
    async with installation.local() as client:
        targets = ["host", str(host_target()), "host"]
        made = await client.post("/api/v1/feeds", json={"organization": "o", "feed": "f", "targets": targets})

    assert made.json()["targets"] == [str(host_target())]


async def test_a_feed_is_made_once_in_whatever_case(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.post("/api/v1/feeds", json={"organization": "Acme", "feed": "PIP-feed"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "feed-exists")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"organization": "a/b", "feed": "c"}, "invalid-feed-name"),
        ({"organization": "a", "feed": "c@Local"}, "invalid-feed-name"),
        ({"organization": "Api", "feed": "v1"}, "invalid-feed-name"),
        ({"organization": "a", "feed": ""}, "invalid-feed-name"),
        ({"organization": "a", "feed": "b", "policy": "opne"}, "unknown-policy"),
        ({"organization": "a", "feed": "b", "targets": ["3.11"]}, "invalid-target"),
        ({"organization": "a", "feed": "b", "uploads": "both"}, "invalid-body"),
        ({"organization": "a"}, "invalid-body"),
    ],
)
async def test_a_feed_that_can_not_be_is_refused(
    installation: Installation, body: dict[str, Any], code: str
) -> None:
    async with installation.local() as client:
        answer = await client.post("/api/v1/feeds", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_the_list_has_what_the_caller_may_know_of(installation: Installation) -> None:
    installation.make_feed(FeedPath("acme", "hidden"))
    installation.make_feed(FeedPath("acme", "open"), is_public=True)
    async with installation.client(installation.token("ada", Role.READER)) as ada:
        lines = (await ada.get("/api/v1/feeds")).text.splitlines()

    assert [json.loads(line)["feed"] for line in lines] == ["acme/open", "acme/pip-feed"]
    assert {json.loads(line)["grants"] for line in lines} == {None}


async def test_settings_that_are_left_out_stay(installation: Installation) -> None:
    async with installation.local() as client:
        await client.patch(ONE, json={"uploads": "look-up"})
        answer = await client.patch(ONE, json={"public": True})

    assert (answer.json()["uploads"], answer.json()["public"]) == ("look-up", True)


async def test_the_same_setting_again_is_no_entry(installation: Installation) -> None:
    async with installation.local() as client:
        await client.patch(ONE, json={"public": False})

    assert installation.acts(FEED) == ["feed-created"]


async def test_targets_come_and_go_and_one_stays(installation: Installation) -> None:
    async with installation.local() as client:
        added = await client.post(f"{ONE}/targets", json={"target": "host"})
        assert added.json()["targets"] == [str(TARGET), str(host_target())]

        removed = await client.delete(f"{ONE}/targets/host")
        assert removed.json()["targets"] == [str(TARGET)]

        last = await client.delete(f"{ONE}/targets/{TARGET}")
        assert (last.status_code, last.json()["error"]["code"]) == (409, "last-target")


async def test_a_public_feed_is_shown_to_nobody_in_particular(installation: Installation) -> None:
    installation.make_feed(FeedPath("acme", "open"), is_public=True)
    async with installation.client() as client:
        answer = await client.get("/api/v1/feeds/acme/open")

    assert (answer.status_code, answer.json()["role"]) == (200, "reader")
