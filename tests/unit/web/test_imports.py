"""Imports over the API: asked for once, told in sums, and read file by file."""

import json
from typing import Any

import httpx

from feedgate.api.import_bodies import ImportedFileBody
from feedgate.api.run_bodies import RunBody
from feedgate.intake.moving_in.move_in import STEP
from feedgate.model.access import Role
from feedgate.model.digest import Digest
from feedgate.model.feed import Origin
from feedgate.model.moving_in import FileEnd, MovedFile, MovedProject
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import moving_in, outcomes, runs
from tests.builders.installation import Installation

IMPORTS = "/api/v1/feeds/acme/pip-feed/imports"
SOURCE = "https://index.example/simple/"


async def post(client: httpx.AsyncClient, key: str = "k", **body: Any) -> httpx.Response:
    asked = {"source": SOURCE, **body}
    return await client.post(IMPORTS, json=asked, headers={"Idempotency-Key": key})


def keep(installation: Installation, run: str, *projects: MovedProject) -> None:
    with installation.records.note() as note:
        outcomes.put(note, RunId(run), STEP, {"notes": ["what the source could not tell"]})
        for project in projects:
            moving_in.put(note, RunId(run), project)


def moved(name: str, *ends: FileEnd) -> MovedProject:
    files = tuple(
        MovedFile(f"{name}-{number}.tar.gz", end, Digest("a" * 64), 5, Origin.INTERNAL, f"because {number}")
        for number, end in enumerate(ends)
    )
    return MovedProject(ProjectName(name), is_internal=True, is_mixed=name == "mixed", files=files)


async def test_an_import_is_accepted_and_wakes_the_worker(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await post(client)

    body = RunBody.model_validate_json(answer.text)
    assert answer.status_code == 202
    assert (body.kind, body.state, body.targets) == (RunKind.IMPORT, RunState.QUEUED, [])
    assert body.imported is not None
    assert (body.imported.source, body.imported.dry_run, body.imported.files) == (SOURCE, False, 0)
    assert installation.woken == ["worker"]


async def test_the_same_while_it_goes_on_is_the_same_run_and_another_one_is_not(
    installation: Installation,
) -> None:
    async with installation.local() as client:
        first = (await post(client, "1")).json()["run"]
        again = (await post(client, "2")).json()["run"]
        other = (await post(client, "3", internal=["acme-*"])).json()["run"]
        with installation.records.note() as note:
            runs.finish(note, RunId(first), RunState.PUBLISHED, installation.clock())
        later = (await post(client, "4")).json()["run"]
        reused = await post(client, "4", dry_run=True)

    assert first == again
    assert len({first, other, later}) == 3
    assert (reused.status_code, reused.json()["error"]["code"]) == (409, "idempotency-key-used")


async def test_what_it_came_to_is_summed_up_in_the_body(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        keep(
            installation,
            run,
            moved("mixed", FileEnd.TAKEN, FileEnd.TAKEN, FileEnd.REFUSED),
            moved("other", FileEnd.PRESENT, FileEnd.HELD, FileEnd.CONFLICT, FileEnd.UNREADABLE),
            MovedProject(ProjectName("unread"), reason="no page"),
        )
        body = RunBody.model_validate_json((await client.get(f"/api/v1/runs/{run}")).text)

    assert body.imported is not None
    assert body.imported.model_dump() == {
        "source": SOURCE,
        "dry_run": False,
        "projects": 3,
        "unread": 1,
        "internal": 2,
        "mixed": 1,
        "files": 7,
        "new": 0,
        "taken": 2,
        "present": 1,
        "held": 1,
        "refused": 1,
        "conflicts": 1,
        "unreadable": 1,
        "size_bytes": 10,
    }
    assert (body.published, body.already_present, body.held, body.refused) == (2, 1, 1, 1)
    assert body.notes == ["what the source could not tell"]
    assert body.files == []


async def test_files_come_as_lines_in_the_order_of_their_projects(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        keep(
            installation,
            run,
            *(moved(f"name-{number:03}", FileEnd.TAKEN) for number in range(120)),
            MovedProject(ProjectName("gone"), reason="no page"),
        )
        answer = await client.get(f"/api/v1/runs/{run}/files")

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    found = [ImportedFileBody.model_validate_json(line) for line in answer.text.splitlines()]
    assert [body.project for body in found] == ["gone", *(f"name-{number:03}" for number in range(120))]
    assert (found[0].filename, found[0].state, found[0].reason) == (None, FileEnd.UNREADABLE, "no page")
    assert json.loads(answer.text.splitlines()[1]) == {
        "project": "name-000",
        "filename": "name-000-0.tar.gz",
        "state": "taken",
        "sha256": "a" * 64,
        "size_bytes": 5,
        "origin": "internal",
        "internal": True,
        "mixed": False,
        "reason": "because 0",
    }


async def test_a_run_of_another_kind_has_no_such_files(installation: Installation) -> None:
    async with installation.local() as client:
        run = await client.post(
            "/api/v1/feeds/acme/pip-feed/runs", json={"requirements": ["demo"]}, headers={}
        )
        answer = await client.get(f"/api/v1/runs/{run.json()['run']}/files")

    assert (answer.status_code, answer.text) == (200, "")
    assert run.json()["imported"] is None


async def test_whoever_may_not_import_may_not_retry_an_import(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
    with installation.records.note() as note:
        runs.finish(note, RunId(run), RunState.FAILED, installation.clock())
    async with installation.client(installation.token("ada", Role.CONTRIBUTOR)) as client:
        refused = await client.post(f"/api/v1/runs/{run}/retry")
    async with installation.client(installation.token("bea", Role.OWNER)) as client:
        again = await client.post(f"/api/v1/runs/{run}/retry")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "role-too-small")
    assert (again.status_code, again.json()["kind"]) == (202, "import")


async def test_a_request_can_not_be_an_import(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.post(
            "/api/v1/feeds/acme/pip-feed/runs", json={"kind": "import", "requirements": ["demo"]}
        )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-body")
