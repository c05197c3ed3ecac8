"""Standing destinations over the API, and what a feed holds sent to one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedgate.model.access import Role, Scope
from feedgate.model.run import RunId
from feedgate.model.send_request import SendRequest
from feedgate.records import runs
from tests.builders.installation import DESTINATION_HOST, FEED, Installation

DESTINATIONS = "/api/v1/feeds/acme/pip-feed/destinations"
SENDS = "/api/v1/feeds/acme/pip-feed/sends"
TO = f"https://{DESTINATION_HOST}/acme/_packaging/there/pypi"
CANARY = "c4n4ry-t0k3n"


async def add(installation: Installation, name: str = "azure", **more: object) -> dict[str, Any]:
    async with installation.local() as client:
        answer = await client.put(f"{DESTINATIONS}/{name}", json={"to": f"{TO}/upload", **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def request_of(installation: Installation, run: str) -> SendRequest:
    with installation.records.read() as view:
        return SendRequest.from_text(runs.request_text(view, RunId(run)))


async def test_one_is_added_shown_listed_and_removed(installation: Installation) -> None:
    added = await add(installation, secret="env:AZURE_TOKEN", username="build", internal=["acme-*"])
    async with installation.local() as client:
        shown = await client.get(f"{DESTINATIONS}/azure")
        listed = await client.get(DESTINATIONS)
        removed = await client.delete(f"{DESTINATIONS}/azure")
        gone = await client.get(f"{DESTINATIONS}/azure")

    assert added == {
        "feed": "acme/pip-feed",
        "name": "azure",
        "upload_url": f"{TO}/upload",
        "read_url": f"{TO}/simple/",
        "username": "build",
        "secret": "env:AZURE_TOKEN",
        "internal": ["acme-*"],
        "upstream_allow": [],
        "accept_existing": [],
        "limits": [],
    }
    assert added == shown.json() == removed.json() == json.loads(listed.text)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "no-such-destination")
    assert installation.woken == ["worker"], "there may be runs to stop"


async def test_a_host_that_nobody_allowed_is_named_with_the_setting(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.put(f"{DESTINATIONS}/azure", json={"to": "https://evil.example/upload/simple/"})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (403, "destination-not-allowed")
    assert "evil.example" in error["message"]
    assert "destinations.allowed_hosts" in error["message"]


@pytest.mark.parametrize(
    "setting",
    [
        {"to": f"{TO}/upload", "secret": CANARY},
        {"to": f"https://build:{CANARY}@{DESTINATION_HOST}/"},
        {"to": f"{TO}/upload", "username": f"build:{CANARY}", "secret": "env:A"},
    ],
)
async def test_a_secret_in_the_wrong_place_is_not_said_back(
    installation: Installation, setting: dict[str, str]
) -> None:
    async with installation.local() as client:
        answer = await client.put(f"{DESTINATIONS}/azure", json=setting)

    assert answer.status_code == 400
    assert CANARY not in answer.text


async def test_a_secret_that_is_not_said_again_stays(installation: Installation) -> None:
    first = await add(installation, secret="env:AZURE_TOKEN", username="me", internal=["acme-*"])
    again = await add(installation, internal=["own-*"])
    other_user = await add(installation, username="you")
    taken = await add(installation, secret=None)

    assert (first["username"], first["secret"]) == ("me", "env:AZURE_TOKEN")
    assert (again["username"], again["secret"], again["internal"]) == ("me", "env:AZURE_TOKEN", ["own-*"])
    assert (other_user["username"], other_user["secret"]) == ("you", "env:AZURE_TOKEN")
    assert (taken["username"], taken["secret"]) == (None, None)


async def test_a_secret_goes_to_no_other_address_unasked(installation: Installation) -> None:
    await add(installation, secret="env:AZURE_TOKEN")
    other = f"{TO}/upload".replace("there", "elsewhere")
    async with installation.local() as client:
        unsaid = await client.put(f"{DESTINATIONS}/azure", json={"to": other})
        shown = (await client.get(f"{DESTINATIONS}/azure")).json()
        said = await client.put(f"{DESTINATIONS}/azure", json={"to": other, "secret": "env:OTHER"})

    error = unsaid.json()["error"]
    assert (unsaid.status_code, error["code"]) == (409, "destination-secret-unsaid")
    assert "--secret none" in error["next"]
    assert (shown["upload_url"], shown["secret"]) == (f"{TO}/upload", "env:AZURE_TOKEN")
    assert (said.json()["upload_url"], said.json()["secret"]) == (other, "env:OTHER")


async def test_which_secret_of_the_server_a_destination_gets_is_for_administrators_to_say(
    installation: Installation,
) -> None:
    owner = installation.token("owner", Role.OWNER)
    async with installation.client(owner) as client:
        refused = await client.put(
            f"{DESTINATIONS}/azure", json={"to": f"{TO}/upload", "secret": "env:AZURE_TOKEN"}
        )
        listed = await client.get(DESTINATIONS)
        without = await client.put(f"{DESTINATIONS}/azure", json={"to": f"{TO}/upload"})

    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (403, "secret-needs-administrator")
    assert "feedgate destination add with --secret" in error["next"]
    assert listed.text == ""
    assert (without.status_code, without.json()["secret"]) == (200, None)


async def test_an_owner_keeps_the_secret_that_an_administrator_said_or_takes_it_away(
    installation: Installation,
) -> None:
    await add(installation, secret="env:AZURE_TOKEN", username="build")
    async with installation.client(installation.token("owner", Role.OWNER)) as client:
        kept = await client.put(f"{DESTINATIONS}/azure", json={"to": f"{TO}/upload", "internal": ["own-*"]})
        other = await client.put(f"{DESTINATIONS}/azure", json={"to": f"{TO}/upload", "secret": "env:OTHER"})
        shown = await client.get(f"{DESTINATIONS}/azure")
        taken = await client.put(f"{DESTINATIONS}/azure", json={"to": f"{TO}/upload", "secret": None})

    assert (kept.json()["secret"], kept.json()["internal"]) == ("env:AZURE_TOKEN", ["own-*"])
    assert other.status_code == 403
    assert shown.json()["secret"] == "env:AZURE_TOKEN"
    assert taken.json()["secret"] is None


@pytest.mark.parametrize("role", [Role.READER, Role.COLLABORATOR, Role.CONTRIBUTOR])
async def test_where_the_secret_is_and_as_whom_is_for_owners_to_see(
    installation: Installation, role: Role
) -> None:
    place, user = "file:/run/secrets/the-place", "the-user"
    added = await add(installation, secret=place, username=user)
    async with installation.client(installation.token("somebody", role)) as client:
        shown = await client.get(f"{DESTINATIONS}/azure")
        listed = await client.get(DESTINATIONS)
        ledger = await client.get("/api/v1/feeds/acme/pip-feed/ledger")
    async with installation.client(installation.token("owner", Role.OWNER)) as client:
        by_owner = await client.get(f"{DESTINATIONS}/azure")
        whole = await client.get("/api/v1/feeds/acme/pip-feed/ledger")

    assert shown.json() == json.loads(listed.text) == {**added, "secret": None, "username": None}
    assert "destination-added" in ledger.text
    assert "the-place" not in ledger.text
    assert by_owner.json() == added
    assert "the-place" in whole.text
    assert user not in whole.text


async def test_a_user_name_without_any_secret_is_refused(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.put(f"{DESTINATIONS}/azure", json={"to": f"{TO}/upload", "username": "me"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "destination-username-unusable")


async def test_an_upload_posts_a_send_and_wakes_the_worker(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await add(installation)
    file = make_wheel("demo", "1.0")
    async with installation.local() as client:
        answer = await client.post(
            "/api/v1/feeds/acme/pip-feed/uploads", files={"content": (file.name, file.read_bytes())}
        )
        again = await client.post(
            "/api/v1/feeds/acme/pip-feed/uploads", files={"content": (file.name, file.read_bytes())}
        )

    (run,) = answer.json()["sends"]
    assert request_of(installation, run) == SendRequest(answer.json()["serial"], (file.name,), name="azure")
    assert again.json()["sends"] == []
    assert installation.woken == ["worker"]


async def test_twines_form_wakes_it_too(installation: Installation, make_wheel: Callable[..., Path]) -> None:
    await add(installation)

    answer = await installation.upload(make_wheel("demo", "1.0"))

    assert answer.status_code == 200
    assert installation.woken == ["worker"]


async def test_a_feed_without_destinations_wakes_nobody(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.upload(make_wheel("demo", "1.0"))

    assert installation.woken == []


async def test_what_a_feed_holds_is_sent_as_it_was_or_as_it_is(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    await installation.publish(make_wheel("demo", "2.0"))
    await add(installation)  # the fourth entry
    async with installation.local() as client:
        then = await client.post(SENDS, json={"destination": {"name": "Azure"}, "serial": 2})
        now = await client.post(SENDS, json={"destination": {"name": "azure"}})

    assert (then.status_code, then.json()["kind"], then.json()["state"]) == (202, "send", "queued")
    assert then.json()["destination"] == "azure"
    assert then.json()["targets"] == []
    assert [file["filename"] for file in then.json()["files"]] == ["demo-1.0-py3-none-any.whl"]
    assert (then.json()["serial"], now.json()["serial"]) == (2, 4)
    assert len(now.json()["files"]) == 2
    assert request_of(installation, now.json()["run"]).filenames is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"destination": {"name": "other"}}, 404, "no-such-destination"),
        ({"destination": {"name": "azure"}, "serial": 99}, 404, "unknown-serial"),
        ({"destination": {"name": "azure"}, "serial": 0}, 400, "invalid-body"),
        ({"destination": {}}, 400, "destination-unclear"),
        (
            {"destination": {"name": "azure", "upload_url": "https://a/", "read_url": "https://a/"}},
            400,
            "destination-unclear",
        ),
        ({"destination": {"name": "azure", "limits": ["speed=9"]}}, 400, "invalid-limit"),
    ],
)
async def test_what_can_not_be_sent_is_said(
    installation: Installation, body: dict[str, Any], status: int, code: str
) -> None:
    await add(installation)
    async with installation.local() as client:
        answer = await client.post(SENDS, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_commands_own_destination_is_for_administrators(installation: Installation) -> None:
    own = {"upload_url": f"{TO}/upload", "read_url": f"{TO}/simple/"}
    owner = installation.token("owner", Role.OWNER)
    async with installation.client(owner) as client:
        refused = await client.post(SENDS, json={"destination": own})
    async with installation.local() as client:
        taken = await client.post(SENDS, json={"destination": own})

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not-administrator")
    assert (taken.status_code, taken.json()["destination"]) == (202, f"{TO}/simple/")


async def test_the_same_key_is_the_same_send_though_the_feed_went_on(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await add(installation)
    asked, headers = {"destination": {"name": "azure"}}, {"Idempotency-Key": "once"}
    async with installation.local() as client:
        first = await client.post(SENDS, json=asked, headers=headers)
        await installation.publish(make_wheel("demo", "1.0"))
        again = await client.post(SENDS, json=asked, headers=headers)
        other = await client.post(SENDS, json={**asked, "serial": 3}, headers=headers)
        add_run = await client.post(
            "/api/v1/feeds/acme/pip-feed/runs", json={"requirements": ["demo"]}, headers=headers
        )

    assert first.json()["run"] == again.json()["run"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency-key-used")
    assert add_run.status_code == 409


async def test_a_request_to_a_standing_destination_needs_who_may_send(installation: Installation) -> None:
    await add(installation)
    asked = {"requirements": ["demo"], "destination": {"name": "azure"}}
    collaborator = installation.token("carla", Role.COLLABORATOR, scope=Scope.WRITE)
    contributor = installation.token("conny", Role.CONTRIBUTOR, scope=Scope.WRITE)
    path = "/api/v1/feeds/acme/pip-feed/runs"
    async with installation.client(collaborator) as client:
        refused = await client.post(path, json=asked)
        planned = await client.post(path, json={**asked, "kind": "plan"})
        plain = await client.post(path, json={"requirements": ["demo"]})
    async with installation.client(contributor) as client:
        taken = await client.post(path, json=asked)

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "role-too-small")
    assert [one.status_code for one in (planned, plain, taken)] == [202, 202, 202]
    assert taken.json()["destination"] == "azure"


async def test_a_send_is_cancelled_and_retried_by_who_may_send(installation: Installation) -> None:
    await add(installation)
    async with installation.local() as client:
        run = (await client.post(SENDS, json={"destination": {"name": "azure"}})).json()["run"]
    async with installation.client(installation.token("carla", Role.COLLABORATOR)) as client:
        refused = await client.post(f"/api/v1/runs/{run}/cancel")
        shown = await client.get(f"/api/v1/runs/{run}")
    async with installation.client(installation.token("conny", Role.CONTRIBUTOR)) as client:
        taken = await client.post(f"/api/v1/runs/{run}/cancel")

    assert [one.status_code for one in (refused, shown, taken)] == [403, 200, 200]


async def test_a_removed_destination_has_its_sends_stopped(installation: Installation) -> None:
    await add(installation)
    async with installation.local() as client:
        run = (await client.post(SENDS, json={"destination": {"name": "azure"}})).json()["run"]
        await client.delete(f"{DESTINATIONS}/azure")

    with installation.records.read() as view:
        found = runs.find(view, RunId(run))
    assert found is not None
    assert found.cancel_requested
    assert installation.acts(FEED) == ["feed-created", "destination-added", "destination-removed"]
