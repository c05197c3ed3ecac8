"""Bills of materials over the API: of a feed at any serial, and of a run with what needs what."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from feedgate.gate.load_advisories import update_advisories
from feedgate.intake.asked import Asked
from feedgate.intake.kept import Fetched, Resolved, keep_fetched, keep_resolved
from feedgate.intake.request import post_request
from feedgate.model.access import Role
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, parse_filename
from feedgate.model.resolution import Pin
from feedgate.model.run import RunId, RunKind
from tests.builders.advisories import make_database, make_record
from tests.builders.cyclonedx_schema import faults
from tests.builders.installation import FEED, LOCAL, LOCAL_KEY, TARGET, Installation

FEED_SBOM = "/api/v1/feeds/acme/pip-feed/sbom"
MIT = [("License-Expression", "MIT")]


def document(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.cyclonedx+json; version=1.6"
    assert faults(answer.text) == []
    return json.loads(answer.text)


def properties(found: Any) -> list[tuple[str, str]]:
    return [(one["name"].removeprefix("feedgate:"), one["value"]) for one in found["metadata"]["properties"]]


async def test_a_feed_is_listed_as_it_is_and_as_it_was(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.upload(make_wheel("demo", "1.0", metadata_version="2.4", headers=MIT))
    await installation.upload(make_wheel("demo", "2.0"))
    async with installation.local() as client:
        now = document(await client.get(FEED_SBOM))
        then = document(await client.get(FEED_SBOM, params={"serial": 2}))
        before = document(await client.get(FEED_SBOM, params={"serial": 1}))
        beyond = await client.get(FEED_SBOM, params={"serial": 4})

    assert [one["purl"] for one in now["components"]] == ["pkg:pypi/demo@1.0", "pkg:pypi/demo@2.0"]
    assert [one["purl"] for one in then["components"]] == ["pkg:pypi/demo@1.0"]
    assert before["components"] == []
    assert (now["metadata"]["component"]["version"], then["metadata"]["component"]["version"]) == (
        "serial 3",
        "serial 2",
    )
    assert now["components"][0]["licenses"] == [{"expression": "MIT"}]
    assert "licenses" not in now["components"][1]
    assert now["compositions"][0]["aggregate"] == "unknown"
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (404, "unknown-serial")


async def test_without_a_database_it_says_that_nobody_asked(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        blind = document(await client.get(FEED_SBOM))
        installation.published.content = make_database(make_record("PYSEC-2026-1", "demo"))
        loading = installation.parts.advisory_loading
        loaded = await update_advisories(loading, LOCAL, "osv", force=True, clock=installation.clock)
        seeing = document(await client.get(FEED_SBOM))

    assert ("advisories", "none loaded") in properties(blind)
    assert "vulnerabilities" not in blind
    assert ("advisories:osv", loaded.loaded.compiled) in properties(seeing)
    [found] = seeing["vulnerabilities"]
    assert (found["id"], found["affects"][0]["ref"]) == ("PYSEC-2026-1", "pkg:pypi/demo@1.0")


async def test_two_of_the_same_differ_in_number_and_time_alone(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        first, second = [(await client.get(FEED_SBOM)).text for _ in range(2)]

    number = json.loads(first)["serialNumber"]
    assert number != json.loads(second)["serialNumber"]
    assert first == second.replace(json.loads(second)["serialNumber"], number)


async def test_a_run_lists_what_needs_what_on_its_targets(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    needs = ["part", 'extra-only ; extra == "more"', 'other ; sys_platform == "win32"']
    files = [make_wheel("demo", "1.0", requires=needs), make_wheel("part", "2.0"), make_wheel("other", "3.0")]
    for file in files:
        assert (await installation.upload(file)).status_code == 200
    digests = await digests_of(installation, files)
    run = post(installation, "demo", "other")
    resolve(installation, run, [pin(file, digests[file.name]) for file in files])
    keep_fetched(installation.records, run, Fetched(digests, len(files)))
    async with installation.local() as client:
        found = document(await client.get(f"/api/v1/runs/{run}/sbom"))

    assert {edge["ref"]: edge["dependsOn"] for edge in found["dependencies"]} == {
        "subject": ["pkg:pypi/demo@1.0", "pkg:pypi/other@3.0"],
        "pkg:pypi/demo@1.0": ["pkg:pypi/part@2.0"],
        "pkg:pypi/other@3.0": [],
        "pkg:pypi/part@2.0": [],
    }
    assert [one["aggregate"] for one in found["compositions"]] == ["complete"]
    assert {one["hashes"][0]["content"] for one in found["components"]} == set(digests.values())
    assert {("run", str(run)), ("state", "queued"), ("target", str(TARGET))} <= set(properties(found))


async def test_of_what_was_not_fetched_yet_nobody_knows_what_it_needs(installation: Installation) -> None:
    run = post(installation, "demo")
    address = "https://user:secret@files.example/demo.whl"
    unread = Distribution("demo-1.0-py3-none-any.whl", None, source=address)
    resolve(installation, run, [Pin(parse_filename(unread.filename).project, "1.0", unread)])
    async with installation.local() as client:
        answer = await client.get(f"/api/v1/runs/{run}/sbom")
        found = document(answer)

    [component] = found["components"]
    assert "hashes" not in component
    assert component["externalReferences"][0]["url"] == "https://files.example/demo.whl"
    assert "secret" not in answer.text
    assert found["dependencies"] == [{"ref": "subject", "dependsOn": ["pkg:pypi/demo@1.0"]}]
    assert found["compositions"][1] == {"aggregate": "unknown", "dependencies": ["pkg:pypi/demo@1.0"]}


async def test_a_run_that_has_resolved_nothing_lists_nothing(installation: Installation) -> None:
    run = post(installation, "demo")
    async with installation.local() as client:
        found = document(await client.get(f"/api/v1/runs/{run}/sbom"))
        unknown = await client.get("/api/v1/runs/run_0/sbom")

    assert found["components"] == []
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no-such-run")


async def test_a_bill_is_as_private_as_what_it_lists(installation: Installation) -> None:
    run = post(installation, "demo")
    async with (
        installation.client(installation.token("ada", Role.READER)) as ada,
        installation.client(installation.token("eve")) as eve,
        installation.client() as nobody,
    ):
        statuses = [
            [(await client.get(path)).status_code for client in (ada, eve, nobody)]
            for path in (FEED_SBOM, f"/api/v1/runs/{run}/sbom")
        ]

    assert statuses == [[200, 404, 401], [200, 404, 401]]


def post(installation: Installation, *requirements: str) -> RunId:
    asked = Asked(RunKind.ADD, requirements=requirements)
    return post_request(installation.records, LOCAL, FEED, asked, key="key", now=installation.clock()).id


def resolve(installation: Installation, run: RunId, pins: list[Pin]) -> None:
    resolved = Resolved(tuple(pins), (TARGET.python,), (), (), (), (), ())
    keep_resolved(installation.records, run, str(TARGET), resolved)


def pin(file: Path, digest: Digest) -> Pin:
    stem = parse_filename(file.name)
    return Pin(stem.project, str(stem.version), Distribution(file.name, digest))


async def digests_of(installation: Installation, files: list[Path]) -> dict[str, Digest]:
    async with installation.client(LOCAL_KEY) as client:
        answers = [await client.get(f"/api/v1/feeds/acme/pip-feed/passport/{file.name}") for file in files]
    return {file.name: Digest(answer.json()["sha256"]) for file, answer in zip(files, answers, strict=True)}
