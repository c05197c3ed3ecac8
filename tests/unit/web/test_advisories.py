"""Advisory databases over the API: loaded by administrators, asked by anybody with a token."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from feedgate.model.access import Role, Scope
from feedgate.web.application import make_operations
from feedgate.web.openapi import make_document
from tests.builders.advisories import MODIFIED, make_database, make_record
from tests.builders.installation import Installation

ADVISORIES = "/api/v1/advisories"
OSV = f"{ADVISORIES}/sources/osv"


async def put(
    client: httpx.AsyncClient, *records: dict[str, Any], force: str | None = None
) -> httpx.Response:
    params = {} if force is None else {"force": force}
    return await client.put(OSV, content=make_database(*records), params=params)


async def ask(client: httpx.AsyncClient, *releases: tuple[str, str]) -> httpx.Response:
    asked = [{"name": name, "version": version} for name, version in releases]
    return await client.post(f"{ADVISORIES}/match", json={"releases": asked})


def lines(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [httpx.Response(200, text=line).json() for line in answer.text.splitlines()]


async def test_what_is_loaded_is_told(installation: Installation) -> None:
    async with installation.local() as client:
        [before] = lines(await client.get(ADVISORIES))
        loaded = await put(client, make_record(), make_record("MAL-1", events=None))
        again = await put(client, make_record(), make_record("MAL-1", events=None))
        [after] = lines(await client.get(ADVISORIES))

    assert (before["source"], before["too_old"], before["sha256"], before["age_days"]) == (
        "osv",
        True,
        None,
        None,
    )
    assert (loaded.status_code, loaded.json()["state"]) == (200, "loaded")
    assert (again.status_code, again.json()["state"]) == (200, "already-loaded")
    assert (after["records"], after["malware"], after["finding_count"]) == (2, 1, 1)
    assert (after["age_days"], after["too_old"], after["max_age_days"]) == (0.25, False, 7.0)
    assert after["dated_at"] == "2026-03-08T06:00:00Z"
    assert after["findings"] == [
        "MAL-1: demo: neither versions nor a range of them are named, so none is affected"
    ]


async def test_a_database_grows_old(installation: Installation) -> None:
    async with installation.local() as client:
        await put(client, make_record())
        installation.clock.move(MODIFIED + timedelta(days=7) - installation.clock())
        [on_time] = lines(await client.get(ADVISORIES))
        installation.clock.move(timedelta(seconds=1))
        [late] = lines(await client.get(ADVISORIES))

    assert (on_time["too_old"], late["too_old"]) == (False, True)


async def test_releases_are_answered_in_their_order(installation: Installation) -> None:
    reader = installation.token("ada", scope=Scope.READ)
    async with installation.local() as client:
        await put(client, make_record(aliases=["CVE-1"], database_specific={"severity": "LOW"}))
    async with installation.client(reader) as client:
        found = lines(
            await ask(client, ("Demo", "1.0"), ("other", "1.0"), ("demo", "2.0"), ("demo", "0.2-n5"))
        )

    assert found == [
        {
            "name": "demo",
            "version": "1.0",
            "advisories": [
                {
                    "id": "PYSEC-2026-1",
                    "aliases": ["CVE-1"],
                    "severity": "low",
                    "fixed": "2.0",
                    "malware": False,
                }
            ],
        },
        {"name": "other", "version": "1.0", "advisories": []},
        {"name": "demo", "version": "2.0", "advisories": []},
        {"name": "demo", "version": "0.2-n5", "advisories": []},
    ]


async def test_without_a_database_nobody_says_that_there_are_no_advisories(
    installation: Installation,
) -> None:
    async with installation.local() as client:
        answer = await ask(client, ("demo", "1.0"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no-advisories")


@pytest.mark.parametrize(
    "version", ["", "1.0 ; python_version < '3'", "1.0 --hash=sha256:00", "=1.0", "1.*", "1\n0"]
)
async def test_what_follows_a_version_is_not_taken_for_one(installation: Installation, version: str) -> None:
    async with installation.local() as client:
        answer = await ask(client, ("demo", version))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-body")


async def test_more_releases_than_a_call_takes_are_refused(installation: Installation) -> None:
    async with installation.local() as client:
        await put(client, make_record())
        most = await ask(client, *[("demo", "1.0")] * 10_000)
        more = await ask(client, *[("demo", "1.0")] * 10_001)

    assert len(lines(most)) == 10_000
    assert more.status_code == 400


async def test_a_refusal_names_both_figures_and_force_overrides_it(installation: Installation) -> None:
    many = [make_record(f"PYSEC-{number}") for number in range(30)]
    async with installation.local() as client:
        await put(client, *many)
        refused = await put(client, *many[:20])
        forced = await put(client, *many[:20], force="true")
        odd = await put(client, *many[:10], force="yes")

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "advisories-fewer")
    assert "has 20 records, loaded are 30" in refused.json()["error"]["message"]
    assert (forced.status_code, forced.json()["records"]) == (200, 20)
    assert (odd.status_code, odd.json()["error"]["code"]) == (400, "invalid-parameter")


async def test_a_source_is_fetched_when_that_is_asked(installation: Installation) -> None:
    async with installation.local() as client:
        fetched = await client.post(f"{OSV}/update", json={})
        elsewhere = await client.post(f"{OSV}/update", json={"url": "https://a.example/x.zip", "force": True})
        installation.published.content = None
        away = await client.post(f"{OSV}/update", json={})
        unknown = await client.post(f"{ADVISORIES}/sources/none/update", json={})

    assert (fetched.json()["state"], elsewhere.json()["state"]) == ("loaded", "already-loaded")
    assert installation.published.asked == [
        ("osv", "https://advisories.example/PyPI/all.zip"),
        ("osv", "https://a.example/x.zip"),
        ("osv", "https://advisories.example/PyPI/all.zip"),
    ]
    assert (away.status_code, away.json()["error"]["code"]) == (503, "upstream-unavailable")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no-such-advisory-source")


async def test_what_is_no_database_is_refused(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.put(OSV, content=b"no zip")
        [state] = lines(await client.get(ADVISORIES))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "hostile-advisory-zip")
    assert state["sha256"] is None


async def test_an_owner_is_no_administrator(installation: Installation) -> None:
    owner = installation.token("ada", Role.OWNER)
    async with installation.client(owner) as client:
        answers = [await put(client, make_record()), await client.post(f"{OSV}/update", json={})]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert installation.published.asked == []


def test_the_document_says_that_bytes_are_taken(installation: Installation) -> None:
    document = make_document(make_operations(installation.parts), version="1")

    load = document["paths"][f"{ADVISORIES}/sources/{{source}}"]["put"]
    assert load["requestBody"]["content"] == {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
    }
    update = document["paths"][f"{ADVISORIES}/sources/{{source}}/update"]["post"]
    assert {"409", "413", "502", "507"} <= update["responses"].keys()
    assert "502" not in load["responses"]
