"""Names and releases over the API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders.installation import FEED, Installation

PROJECTS = "/api/v1/feeds/acme/pip-feed/projects"
RUNS = "/api/v1/feeds/acme/pip-feed/runs"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
PAGE = "/acme/_packaging/pip-feed/pypi/simple/demo/"


async def test_a_name_is_decided_before_anything_of_it_comes(installation: Installation) -> None:
    async with installation.local() as client:
        denied = await client.patch(f"{PROJECTS}/Acme_Core", json={"upstream": "deny"})
        back = await client.patch(f"{PROJECTS}/acme-core", json={"upstream": None})

    assert denied.json() == {
        "project": "acme-core",
        "origin": "imported",
        "upstream": "deny",
        "internal": True,
    }
    assert (back.json()["upstream"], back.json()["internal"]) == (None, False)


@pytest.mark.parametrize("body", [{}, {"upstream": "maybe"}, {"upstream": "deny", "origin": "internal"}])
async def test_a_change_says_what_and_nothing_else(installation: Installation, body: dict[str, Any]) -> None:
    async with installation.local() as client:
        answer = await client.patch(f"{PROJECTS}/demo", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-body")


async def test_a_yank_shows_on_the_page_and_is_taken_back(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        yanked = await client.put(f"{PROJECTS}/Demo/1.0.0/yank", json={"reason": "broken"})
        during = (await client.get(PAGE, headers=JSON)).json()["files"][0]["yanked"]
        unyanked = await client.delete(f"{PROJECTS}/demo/1.0/yank")
        after = (await client.get(PAGE, headers=JSON)).json()["files"][0].get("yanked", False)

    assert (yanked.json()["reason"], yanked.json()["changed"], during) == ("broken", 1, "broken")
    assert (unyanked.json()["reason"], after) == (None, False)
    assert installation.acts(FEED)[-2:] == ["yanked", "unyanked"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("demo/2.0", 404, "no-such-release"),
        ("nothing/1.0", 404, "no-such-release"),
        ("demo/one", 400, "invalid-version"),
        ("demo/" + "1" * 5000, 400, "invalid-version"),
        ("-demo/1.0", 400, "invalid-name"),
    ],
)
async def test_what_is_no_release_is_not_yanked(
    installation: Installation, make_wheel: Callable[..., Path], path: str, status: int, code: str
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        answers = [
            await client.put(f"{PROJECTS}/{path}/yank", json={}),
            await client.delete(f"{PROJECTS}/{path}/yank"),
        ]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (status, code)
    ] * 2


@pytest.mark.parametrize(
    "reason", ["a\x1b[2Jb", "a\nb", "a\0", "a\x9b", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "a" * 1001]
)
async def test_a_reason_is_one_line_of_plain_text(
    installation: Installation, make_wheel: Callable[..., Path], reason: str
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        yanked = await client.put(f"{PROJECTS}/demo/1.0/yank", json={"reason": reason})
        posted = await client.post(RUNS, json={"requirements": ["demo"], "reason": reason})
        longest = await client.put(f"{PROJECTS}/demo/1.0/yank", json={"reason": "\N{BUG}" * 1000})

    for answer in (yanked, posted):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-body")
        assert answer.json()["error"]["message"].isprintable()
    assert longest.status_code == 200


async def test_local_versions_and_epochs_stand_in_a_path(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1!2.0+local.1"))
    async with installation.local() as client:
        answer = await client.put(f"{PROJECTS}/demo/1!2.0+local.1/yank", json={})

    assert answer.json()["version"] == "1!2.0+local.1"


async def test_what_a_feed_has_is_listed_by_name_with_the_newest_version_first(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    for version in ("1.9", "1.10", "1.10rc1"):
        await installation.publish(make_wheel("demo", version))
    await installation.publish(make_wheel("acme-core", "2.0"))
    async with installation.local() as client:
        await client.patch(f"{PROJECTS}/not-here-yet", json={"upstream": "deny"})
        await client.patch(f"{PROJECTS}/demo", json={"upstream": "allow"})
        await client.put(f"{PROJECTS}/demo/1.9/yank", json={})
        answer = await client.get(PROJECTS)

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    acme_core, demo = map(json.loads, answer.text.splitlines())
    assert acme_core == {
        "project": "acme-core",
        "origin": "internal",
        "internal": True,
        "mixed": False,
        "versions": [{"version": "2.0", "files": 1, "yanked": False}],
    }
    assert (demo["project"], demo["internal"]) == ("demo", False)
    assert [(one["version"], one["yanked"]) for one in demo["versions"]] == [
        ("1.10", False),
        ("1.10rc1", False),
        ("1.9", True),
    ]


async def test_a_release_spelled_two_ways_is_one_and_yanked_once_all_its_files_are(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        await client.put(f"{PROJECTS}/demo/1.0/yank", json={})
        await installation.publish(make_wheel("demo", "1.0.0", tag="py2-none-any"))
        partly = (await client.get(PROJECTS)).json()["versions"]
        await client.put(f"{PROJECTS}/demo/1.0/yank", json={})
        wholly = (await client.get(PROJECTS)).json()["versions"]

    assert [(one["files"], one["yanked"]) for one in partly] == [(2, False)]
    assert [(one["files"], one["yanked"]) for one in wholly] == [(2, True)]


async def test_one_project_is_listed_by_any_spelling_of_its_name(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    await installation.publish(make_wheel("acme-core", "2.0"))
    async with installation.local() as client:
        answer = await client.get(PROJECTS, params={"name": "Acme_Core"})

    assert [json.loads(line)["project"] for line in answer.text.splitlines()] == ["acme-core"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("nothing", 404, "no-such-project"),
        ("demo-", 400, "invalid-name"),
        ("", 400, "invalid-parameter"),
        ("-demo", 400, "invalid-parameter"),
        ("a" * 201, 400, "invalid-parameter"),
    ],
)
async def test_a_name_that_the_feed_does_not_have_is_no_empty_list(
    installation: Installation, name: str, status: int, code: str
) -> None:
    async with installation.local() as client:
        everything = await client.get(PROJECTS)
        answer = await client.get(PROJECTS, params={"name": name})

    assert (everything.status_code, everything.text) == (200, "")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
