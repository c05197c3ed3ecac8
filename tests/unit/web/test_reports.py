"""A run's report over the API: for who may read the feed's history, and nobody else."""

from datetime import UTC, datetime

import httpx

from feedgate.api.report_bodies import RunReportBody
from feedgate.intake.kept import Publication, Resolved, keep_publication, keep_resolved
from feedgate.model.access import Role, Scope
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName
from feedgate.model.resolution import Pin
from feedgate.model.run import RunId, RunState
from feedgate.records import runs
from tests.builders.installation import TARGET, Installation

UPLOADED_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
FILE = Distribution(
    "demo-1.0-py3-none-any.whl",
    Digest("ab" * 32),
    1000,
    uploaded_at=UPLOADED_AT,
    source="https://upstream.example/demo.whl",
)


async def post(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/v1/feeds/acme/pip-feed/runs", json={"requirements": ["demo"]})
    return str(answer.json()["run"])


async def test_a_report_says_what_is_installed_where(installation: Installation) -> None:
    async with installation.local() as client:
        run = RunId(await post(client))
        pin = Pin(ProjectName("demo"), "1.0", FILE)
        resolved = Resolved((pin,), ("3.11.0", "3.11.99"), (), (), (), (), ())
        keep_resolved(installation.records, run, str(TARGET), resolved)
        with installation.records.note() as note:
            keep_publication(note, run, Publication(2, (FILE.filename,), ()))
            runs.finish(note, run, RunState.PUBLISHED, installation.clock())
        answer = await client.get(f"/api/v1/runs/{run}/report")

    body = RunReportBody.model_validate_json(answer.text)
    assert (answer.status_code, body.run, body.installable) == (200, run, True)
    [target] = body.targets
    assert (target.target, target.file_form) == (str(TARGET), "cp311-x86_64-manylinux_2_28")
    [file] = target.files
    assert (file.project, file.version, file.filename) == ("demo", "1.0", FILE.filename)
    assert (file.sha256, file.size_bytes, file.uploaded_at) == (FILE.digest, 1000, UPLOADED_AT)
    assert file.path == "/acme/_packaging/pip-feed/pypi/download/demo/1.0/demo-1.0-py3-none-any.whl"
    assert (file.marker, file.address) == (None, None)
    assert "upstream.example" not in answer.text


async def test_a_run_that_has_just_begun_has_an_empty_one(installation: Installation) -> None:
    async with installation.local() as client:
        run = await post(client)
        answer = await client.get(f"/api/v1/runs/{run}/report")

    assert answer.json() == {"run": run, "installable": False, "targets": []}


async def test_a_report_is_as_private_as_its_run(installation: Installation) -> None:
    reader = installation.token("ada", Role.READER, scope=Scope.READ)
    async with (
        installation.local() as local,
        installation.client(reader) as ada,
        installation.client(installation.token("eve")) as eve,
        installation.client() as nobody,
    ):
        run = await post(local)
        statuses = [
            (await client.get(f"/api/v1/runs/{run}/report")).status_code for client in (ada, eve, nobody)
        ]
        unknown = await local.get("/api/v1/runs/run_0/report")

    assert statuses == [200, 404, 401]
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no-such-run")
