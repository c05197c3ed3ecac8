"""``pipelines/``: whole runs, each step run as its file calls it, with the variables that the service sets and no others."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from feedgate.model.access import Role, Scope
from tests.builders.closures import Closure
from tests.builders.command_line import Said, Server
from tests.builders.destinations import There, azure_there
from tests.builders.pipeline_files import AZURE, GITHUB, GITLAB, Job
from tests.builders.pipeline_machine import build_wheel, install, job_of, minimal_path
from tests.builders.wheels import make_wheel
from tests.doubles.upstream import Upstream

BY_SERVER = "azure-pipelines-server.yml"
REFRESH = "azure-pipelines-refresh.yml"
RELEASES = {"app": ["lib-a>=1", "lib-b"], "lib-a": ["base"], "lib-b": ["base"], "base": []}
LOCKS = {f"{kind}cp311-x86_64-manylinux_2_28" for kind in ("pylock.", "requirements-")}
DAY_SECONDS = 24 * 3600

BringIn = Callable[..., tuple[Job, Said]]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH without pip."""
    return minimal_path(tmp_path_factory.mktemp("machine") / "python", "uv")


@pytest.fixture(scope="module")
def installed(wheel: Path, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the first file's step makes."""
    job = job_of(AZURE[0], tmp_path_factory.mktemp("install"), tools, wheel)
    install(job)
    return job.home


@pytest.fixture(scope="module")
def closure(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Closure:
    """Four projects; and another one, which inspection refuses."""
    folder = tmp_path_factory.mktemp("wheels")
    made = Closure(upstream, partial(make_wheel, folder))
    made.offer_all(RELEASES)
    suspect = make_wheel(folder, "suspect", "1.0", broken="climbing-member")
    upstream.add(suspect.name, suspect.read_bytes())
    return made


@pytest.fixture
def there() -> Iterator[There]:
    """The stand-in for Azure Artifacts, empty."""
    with azure_there() as (found, _):
        yield found


@pytest.fixture
def bring_in(
    tmp_path: Path, tools: Path, wheel: Path, installed: Path, closure: Closure, there: There
) -> BringIn:
    """Run a file's step that brings in, in a new job; ``earlier`` is the job whose cache it finds."""
    numbers = iter(range(100))

    def run(file: str, earlier: Job | None = None, **typed: str) -> tuple[Job, Said]:
        secrets = {} if file in AZURE else {"FEEDGATE_DESTINATION_PASSWORD": there.password}
        job = job_of(file, tmp_path / f"job-{next(numbers)}", tools, wheel, secrets=secrets)
        if file in AZURE:
            job.authenticate(there.access)
        use(installed, job)
        (job.sources / "requirements.txt").write_text("app\n")
        for mine, theirs in zip(job.cached, earlier.cached, strict=True) if earlier else ():
            shutil.copytree(theirs, mine, symlinks=True)
        more = {
            "FEEDGATE_UPSTREAM__URL": closure.upstream.url,
            "FEEDGATE_FETCH__ATTEMPTS": "1",
            "FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": there.storage_origin,
        }
        feed = {"feed": there.access.name if file in AZURE else there.upload_url}
        return job, job.run("bring-in.sh", feed | typed, more)

    return run


def use(installed: Path, job: Job) -> None:
    """Have the environment where the job's own step would have made it."""
    job.home.parent.mkdir(parents=True, exist_ok=True)
    job.home.symlink_to(installed)


def commands(said: Said) -> list[str]:
    """Return the lines in which Azure or GitHub finds a command."""
    lines = (said.out + "\n" + said.err).replace("\r", "\n").split("\n")
    return [line for line in lines if "##vso[" in line or "##[" in line or line.lstrip().startswith("::")]


def assert_cache_is_clean(job: Job, secret: str) -> None:
    """Fail if what is cached is more than files by their digest and what the resolver keeps."""
    blobs, resolver = job.cached
    assert (blobs, resolver) == (job.data / "blobs" / "sha256", job.data / "cache" / "uv")
    files = [path for path in blobs.rglob("*") if path.is_file()]
    assert len(files) >= len(RELEASES)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in files)
    kept = [path for place in job.cached for path in place.rglob("*") if path.is_file()]
    assert not [path for path in kept if path.suffix in {".sqlite", ".log"} or path.name == "server.json"]
    assert not [path for path in kept if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize("file", [AZURE[0], GITHUB, GITLAB])
def test_a_closure_arrives_is_reported_and_leaves_a_clean_cache(
    file: str, bring_in: BringIn, there: There, closure: Closure
) -> None:
    job, said = bring_in(file, packages="app", reason="asked for by the team")

    assert said.status == 0, said
    assert there.files() == closure.digests
    assert json.loads((job.report / "report.json").read_text())["targets"][0]["proved"] is True
    summary = (job.report / "summary.md").read_text()
    assert summary.startswith("# Feedgate: sent and proved, 4 new files\n")
    assert {path.stem for path in job.report.iterdir()} == {"report", "summary", "sbom.cdx", *LOCKS}
    shown = [f"##vso[task.uploadsummary]{job.report / 'summary.md'}"] if file in AZURE else []
    assert commands(said) == shown
    assert not job.step_summary.exists() or job.step_summary.read_text() == summary
    assert job.step_summary.exists() == (file == GITHUB)
    assert there.password not in said.out + said.err
    assert_cache_is_clean(job, there.password)


def test_a_cache_saves_fetching_and_only_what_its_names_say_is_used(
    bring_in: BringIn, there: There, closure: Closure
) -> None:
    first, _ = bring_in(AZURE[0], packages="app")
    poisoned, old, linked, _whole = (blob_of(first, closure, name) for name in RELEASES)
    poisoned.write_bytes(b"other bytes")
    os.utime(old, times=(time.time() - 40 * DAY_SECONDS,) * 2)
    linked.unlink()
    linked.symlink_to("/dev/null")
    closure.upstream.log.clear()

    second, said = bring_in(REFRESH, first)  # its requirements file names app

    assert said.status == 0, said
    assert there.files() == closure.digests
    assert_cache_is_clean(second, there.password)
    fetched = {seen.what for seen in closure.upstream.log if seen.what.endswith(".whl")}
    assert fetched == {f"{name}-1.0-py3-none-any.whl" for name in ("app", "lib_a", "lib_b")}


def blob_of(job: Job, closure: Closure, project: str) -> Path:
    digest = closure.digests[f"{project.replace('-', '_')}-1.0-py3-none-any.whl"]
    return job.cached[0] / digest[:2] / digest


def test_a_refused_run_ends_the_step_as_such_sends_nothing_and_is_reported(
    bring_in: BringIn, there: There
) -> None:
    job, said = bring_in(AZURE[0], packages="app | suspect")

    assert said.status == 4, said
    assert there.files() == {}
    assert {path.name for path in job.report.iterdir()} == {"report.json", "summary.md"}
    summary, error = commands(said)
    assert summary == f"##vso[task.uploadsummary]{job.report / 'summary.md'}"
    assert error.startswith("##vso[task.logissue type=error]Feedgate, local/")
    assert "suspect" in error


def test_a_run_that_fails_ends_the_step_so_and_is_reported(bring_in: BringIn, there: There) -> None:
    job, said = bring_in(GITHUB, packages="app\nno-such-project")

    assert said.status == 1, said
    assert there.files() == {}
    assert "no-such-project" in job.step_summary.read_text()
    [error] = commands(said)
    assert error.startswith("::error::Feedgate, local/")


@pytest.mark.parametrize("typed", ["$(touch canary); touch canary", "##vso[task.setvariable variable=x]y"])
def test_what_is_no_package_is_wrong_usage_and_commands_nothing(bring_in: BringIn, typed: str) -> None:
    job, said = bring_in(AZURE[0], packages=typed)

    assert said.status == 2, said
    [error] = commands(said)
    assert error.startswith("##vso[task.logissue type=error]Feedgate: ")
    assert error.count("##") == 1
    assert not [*job.folder.rglob("canary")]


def test_a_server_is_asked_by_its_own_token(
    tmp_path: Path, tools: Path, wheel: Path, installed: Path, closure: Closure, server: Server, feed: str
) -> None:
    token = server.token("pipeline", Role.COLLABORATOR, feed, Scope.WRITE)
    job = job_of(
        BY_SERVER,
        tmp_path,
        tools,
        wheel,
        filled={"FEEDGATE_URL": server.origin},
        secrets={"FEEDGATE_TOKEN": token},
    )
    use(installed, job)

    said = job.run(
        "bring-in.sh", {"packages": "app", "feed": feed, "reason": f"for $(FEEDGATE_TOKEN), {feed}"}
    )

    assert said.status == 0, said
    body = json.loads((job.report / "report.json").read_text())
    assert (body["feed"], body["state"], body["published"]) == (feed, "published", len(closure.digests))
    assert commands(said) == [f"##vso[task.uploadsummary]{job.report / 'summary.md'}"]
    everything = said.out + said.err + "".join(path.read_text() for path in job.report.iterdir())
    assert token not in everything
    assert not [*job.temporary.rglob("*.sqlite")]
