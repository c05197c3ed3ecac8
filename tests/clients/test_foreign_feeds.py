"""The feeds that destinations stand for serve real clients: the stand-in for Azure, pypiserver, devpi."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.builders.foreign_feeds import ForeignFeed, devpi, pypiserver
from tests.builders.pipeline_environment import FeedAccess, PipelineJob
from tests.builders.projects import build_project
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_calls import PASSWORDS
from tests.doubles.azure_log import asked, whole_downloads
from tests.doubles.azure_manners import Fails

ClientTool = Callable[..., Path]
MakeWheel = Callable[..., Path]
Done = subprocess.CompletedProcess[str]

pytestmark = pytest.mark.timeout(300)  # the first time each comes from PyPI


@pytest.fixture
def azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords=PASSWORDS, project="Platform")) as served:
        yield served


@pytest.fixture
def job(tmp_path: Path) -> PipelineJob:
    return PipelineJob(tmp_path / "job")


@pytest.fixture
def wheels(make_wheel: MakeWheel) -> tuple[Path, Path]:
    """One that needs the other."""
    return make_wheel("acme-app", "1.0.0", requires=["acme.lib>=1"]), make_wheel("acme.lib", "1.2.0")


@pytest.fixture(params=[pypiserver, devpi], ids=["pypiserver", "devpi"])
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForeignFeed]:
    with request.param(tmp_path / "feed") as served:
        yield served


def run(command: list[str | Path], environment: dict[str, str]) -> Done:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def twine(client_tool: ClientTool, environment: dict[str, str], section: str, *files: Path) -> Done:
    command = ["upload", "--non-interactive", "--disable-progress-bar", "-r", section]
    pypirc = environment["PYPIRC_PATH"]
    return run([client_tool("twine"), *command, "--config-file", pypirc, *files], environment)


def shown(done: Done) -> str:
    """What the user reads, whichever way the tool wrapped its lines."""
    return " ".join((done.stdout + done.stderr).split())


def install(tool: str, client_tool: ClientTool, environment: dict[str, str], folder: Path) -> Done:
    """Install acme-app into ``folder`` from where the environment says."""
    words = ["pip", "install"] if tool == "uv" else ["install"]
    more = {"UV_INDEX_URL": environment["PIP_INDEX_URL"], "UV_CACHE_DIR": str(folder / "cache")}
    command = [client_tool(tool), *words, "--no-cache-dir" if tool == "pip" else "--no-cache"]
    return run([*command, "--target", folder / "installed", "acme-app"], environment | more)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_client_installs_from_guid_links_by_redirect_and_no_token_goes_along(
    azure: AzureArtifacts,
    client_tool: ClientTool,
    environment: dict[str, str],
    job: PipelineJob,
    wheels: tuple[Path, Path],
    tmp_path: Path,
    tool: str,
) -> None:
    for wheel in wheels:
        azure.store(wheel.name, wheel.read_bytes())
    job.pip_authenticate_1(FeedAccess("Platform/pip-feed", azure.simple_url, "may-read"))

    done = install(tool, client_tool, environment | job.variables, tmp_path)

    assert done.returncode == 0, shown(done)
    assert (tmp_path / "installed" / "acme_lib" / "__init__.py").exists()
    assert sorted(set(whole_downloads(azure.seen))) == sorted(wheel.name for wheel in wheels)
    assert not any(one.has_credentials for one in asked(azure.seen, "storage"))


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_client_copes_with_a_feed_that_states_no_digest(
    azure: AzureArtifacts,
    client_tool: ClientTool,
    environment: dict[str, str],
    job: PipelineJob,
    wheels: tuple[Path, Path],
    tmp_path: Path,
    tool: str,
) -> None:
    azure.manners.states_digests = False
    azure.manners.takes_ranges = False
    azure.manners.redirect_status = 302
    for wheel in wheels:
        azure.store(wheel.name, wheel.read_bytes())
    job.pip_authenticate_1(FeedAccess("pip-feed", azure.simple_url, "may-read"))

    done = install(tool, client_tool, environment | job.variables, tmp_path)

    assert done.returncode == 0, shown(done)


def test_twine_uploads_with_what_the_task_wrote_and_shows_the_reason_phrase(
    azure: AzureArtifacts,
    client_tool: ClientTool,
    environment: dict[str, str],
    job: PipelineJob,
    tmp_path: Path,
) -> None:
    files = build_project(tmp_path / "project", "acme-hello", "1.0.0")
    job.twine_authenticate_1(FeedAccess("Platform/pip-feed", azure.upload_url, "may-publish"))
    environment |= job.variables

    first = twine(client_tool, environment, "pip-feed", *files)
    again = twine(client_tool, environment, "pip-feed", *files)

    assert first.returncode == 0, shown(first)
    assert {name: azure.read(name) for name in azure.files()} == {
        file.name: file.read_bytes() for file in files
    }
    assert again.returncode != 0
    assert "409" in shown(again)
    assert "Conflict - The feed 'pip-feed' already contains file 'acme_hello-1.0.0" in shown(again)
    assert "in package 'acme-hello 1.0.0'. (DevOps Activity ID:" in shown(again)


def test_twine_tries_again_after_a_503_and_meets_what_the_503_left(
    azure: AzureArtifacts,
    client_tool: ClientTool,
    environment: dict[str, str],
    job: PipelineJob,
    wheels: tuple[Path, Path],
) -> None:
    azure.fault("upload", Fails(503, stores_first=True), times=1)
    job.twine_authenticate_1(FeedAccess("Platform/pip-feed", azure.upload_url, "may-publish"))

    done = twine(client_tool, environment | job.variables, "pip-feed", wheels[0])

    assert done.returncode != 0
    assert [one.status for one in asked(azure.seen, "upload")] == [503, 409]
    assert "already contains file" in shown(done)
    assert list(azure.files()) == [wheels[0].name]


def test_a_real_feed_takes_an_upload_and_gives_it_to_pip(
    feed: ForeignFeed,
    client_tool: ClientTool,
    environment: dict[str, str],
    job: PipelineJob,
    wheels: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    job.twine_authenticate_1(FeedAccess("theirs", feed.upload_url, feed.password, feed.user))
    job.pip_authenticate_1(FeedAccess("theirs", feed.simple_url, feed.password, feed.user))
    environment |= job.variables

    uploaded = twine(client_tool, environment, "theirs", *wheels)
    installed = install("pip", client_tool, environment, tmp_path)

    assert uploaded.returncode == 0, shown(uploaded)
    assert installed.returncode == 0, shown(installed)
    assert (tmp_path / "installed" / "acme_lib" / "__init__.py").exists()
    assert feed.projects() == ["acme-app", "acme-lib"]
    assert set(feed.files()) == {wheel.name for wheel in wheels}
    assert feed.read(wheels[0].name) == wheels[0].read_bytes()


@pytest.mark.parametrize(("start", "same"), [(pypiserver, 409), (devpi, 200)], ids=["pypiserver", "devpi"])
def test_a_real_feed_keeps_what_it_has_over_a_restart_and_refuses_other_bytes(
    start: Callable[[Path], AbstractContextManager[ForeignFeed]],
    same: int,
    make_wheel: MakeWheel,
    tmp_path: Path,
) -> None:
    kept = make_wheel("acme.lib", "1.2.0").rename(tmp_path / "acme_lib-1.2.0-py3-none-any.whl")
    other = make_wheel("acme.lib", "1.2.0", files={"acme_lib/more.py": ""})

    with start(tmp_path / "feed") as feed:
        feed.store(kept)
    with start(tmp_path / "feed") as feed:
        assert feed.send(kept).status_code == same
        assert feed.send(other).status_code == 409
        assert feed.read(kept.name) == kept.read_bytes()


def test_a_volatile_index_replaces_a_file(make_wheel: MakeWheel, tmp_path: Path) -> None:
    first = make_wheel("acme.lib", "1.2.0").rename(tmp_path / "acme_lib-1.2.0-py3-none-any.whl")
    other = make_wheel("acme.lib", "1.2.0", files={"acme_lib/more.py": ""})

    with devpi(tmp_path / "feed", volatile=True) as feed:
        feed.store(first, other)

        assert feed.read(other.name) == other.read_bytes()


def test_reads_can_want_a_password_too(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    with pypiserver(tmp_path / "feed", reads_need_password=True) as feed:
        feed.store(wheels[1])

        assert feed.files().keys() == {wheels[1].name}
        assert httpx.get(feed.simple_url).status_code == 401


def test_a_real_feed_refuses_a_wrong_password(
    feed: ForeignFeed,
    client_tool: ClientTool,
    environment: dict[str, str],
    job: PipelineJob,
    wheels: tuple[Path, Path],
) -> None:
    job.twine_authenticate_1(FeedAccess("theirs", feed.upload_url, "wrong", feed.user))

    done = twine(client_tool, environment | job.variables, "theirs", wheels[1])

    assert done.returncode != 0
    assert feed.files() == {}
