"""pip, uv, Poetry and PDM install from a feed: what it has, as it has it, and nothing else."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from feedgate.api.bodies import FeedChange
from feedgate.model.access import Role, Scope
from feedgate.model.names import ProjectName, parse_feed_path
from tests.builders.command_line import Server
from tests.builders.pythons import Interpreter, make_environment
from tests.builders.wheels import make_wheel
from tests.doubles.upstream import Upstream

ClientTool = Callable[..., Path]
OWN = Interpreter(Path(sys.executable), "")
INSTALLERS = ("pip", "uv", "poetry", "pdm")

pytestmark = pytest.mark.timeout(300)


class Installer:
    """One of the four tools; installs into an empty environment and says what is there then."""

    def __init__(self, tool: str, executable: Path, environment: dict[str, str], folder: Path) -> None:
        self.tool = tool
        self.environment = environment
        self._executable = executable
        self._folder = folder
        self._project = folder / "project"
        self.python = make_environment(OWN, self._project / ".venv")

    def __call__(self, url: str, requirement: str, *words: str) -> "subprocess.CompletedProcess[str]":
        if self.tool in {"poetry", "pdm"}:
            self._write_project(url, requirement)
        done: subprocess.CompletedProcess[str] | None = None
        for call in self._calls(url, requirement):
            done = subprocess.run(
                [self._executable, *call, *words],
                env=self.environment,
                cwd=self._project,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if done.returncode != 0:
                break
        assert done is not None
        return done

    def _calls(self, url: str, requirement: str) -> list[list[str]]:
        if self.tool == "pip":
            where = ["--index-url", url, "--retries", "0", "--no-cache-dir"]
            return [["--python", str(self.python), "install", *where, requirement]]
        if self.tool == "uv":
            where = ["--default-index", url, "--no-cache"]
            return [["pip", "install", "--python", str(self.python), *where, requirement]]
        if self.tool == "poetry":
            return [["lock", "--no-interaction", "--no-cache"], ["install", "--no-interaction", "--no-cache"]]
        return [["install", "--no-self", "--no-isolation"]]

    def _write_project(self, url: str, requirement: str) -> None:
        project = (
            '[project]\nname = "work"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
            f"dependencies = [{json.dumps(requirement)}]\n"
        )
        if self.tool == "poetry":
            project += (
                f'[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "feed"\nurl = "{url}"\n'
            )
        else:
            project += f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\nverify_ssl = true\n'
        (self._project / "pyproject.toml").write_text(project)

    def installed(self) -> dict[str, str]:
        """Return the versions by name, as the environment's own metadata say them."""
        program = (
            "import importlib.metadata as m, json; "
            "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
        )
        said = subprocess.run(
            [self.python, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=60
        )
        found: dict[str, str] = json.loads(said.stdout)
        return found


def _installer(tool: str, client_tool: ClientTool, environment: dict[str, str], folder: Path) -> Installer:
    more = {
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "POETRY_KEYRING_ENABLED": "false",
        "PDM_IGNORE_STORED_INDEX": "1",
        "PDM_CACHE_DIR": str(folder / "pdm-cache"),
    }
    return Installer(tool, client_tool(tool), environment | more, folder)


@pytest.fixture(params=INSTALLERS)
def install(
    request: pytest.FixtureRequest, client_tool: ClientTool, environment: dict[str, str], tmp_path: Path
) -> Installer:
    return _installer(request.param, client_tool, environment, tmp_path)


@pytest.fixture
def pip(client_tool: ClientTool, environment: dict[str, str], tmp_path: Path) -> Installer:
    return _installer("pip", client_tool, environment, tmp_path)


@pytest.fixture
def uv(client_tool: ClientTool, environment: dict[str, str], tmp_path: Path) -> Installer:
    return _installer("uv", client_tool, environment, tmp_path)


@pytest.fixture
def stocked(server: Server, feed: str, tmp_path: Path) -> str:
    """A feed with demo 1.0 and 2.0, which need demo-part."""
    wheels = tmp_path / "stock"
    for version in ("1.0", "2.0"):
        server.upload_files(feed, make_wheel(wheels, "demo", version, requires=["Demo.Part[fast]>=1"]))
    server.upload_files(
        feed,
        make_wheel(wheels, "demo-part", "1.5", extras={"fast": ["demo-fast"]}),
        make_wheel(wheels, "demo-fast", "0.1"),
        make_wheel(wheels, "demo", "3.0rc1"),
        make_wheel(wheels, "demo", "4.0", requires_python=">=3.99"),
    )
    return feed


@pytest.fixture
def url(server: Server, stocked: str) -> str:
    """The feed's simple index, with a read token in it."""
    token = server.token("vm", Role.READER, stocked, Scope.READ)
    return server.with_token(server.simple(stocked), token)


def shown(done: "subprocess.CompletedProcess[str]") -> str:
    return done.stdout + done.stderr


def test_a_package_comes_with_what_it_needs(install: Installer, url: str) -> None:
    done = install(url, "demo")

    assert done.returncode == 0, shown(done)
    assert install.installed() == {"demo": "2.0", "demo-part": "1.5", "demo-fast": "0.1"}


def test_a_yanked_release_is_passed_over_and_still_there_for_who_pinned_it(
    server: Server, stocked: str, url: str, pip: Installer
) -> None:
    server.api.yank(parse_feed_path(stocked), ProjectName("demo"), "2.0", reason="eats data")

    assert pip(url, "demo", "--no-deps").returncode == 0
    assert pip.installed() == {"demo": "1.0"}
    pinned = pip(url, "demo==2.0", "--no-deps")

    assert pinned.returncode == 0, shown(pinned)
    assert pip.installed() == {"demo": "2.0"}
    assert "eats data" in shown(pinned)

    server.api.unyank(parse_feed_path(stocked), ProjectName("demo"), "2.0")
    assert "eats data" not in shown(pip(url, "demo==2.0", "--no-deps", "--force-reinstall"))


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_the_feed_at_a_serial_is_as_it_was_then(
    server: Server,
    stocked: str,
    client_tool: ClientTool,
    environment: dict[str, str],
    tmp_path: Path,
    tool: str,
) -> None:
    then = server.api.show_feed(parse_feed_path(stocked)).body.serial
    server.upload_files(stocked, make_wheel(tmp_path / "stock", "demo", "9.0"))
    server.api.yank(parse_feed_path(stocked), ProjectName("demo"), "2.0", reason="later")
    token = server.token("vm", Role.READER, stocked, Scope.READ)
    install = _installer(tool, client_tool, environment, tmp_path)

    past = install(server.with_token(server.simple(stocked, f"@serial:{then}"), token), "demo")

    assert past.returncode == 0, shown(past)
    assert install.installed()["demo"] == "2.0"
    assert "yanked" not in shown(past)


def test_pip_asks_for_files_of_a_serial_at_that_serial(server: Server, stocked: str, pip: Installer) -> None:
    token = server.token("vm", Role.READER, stocked, Scope.READ)
    address = server.with_token(server.simple(stocked, "@serial:4"), token)

    done = pip(address, "demo==1.0", "--no-deps", "-v")

    assert done.returncode == 0, shown(done)
    assert "/pypi/download/demo/1.0/demo-1.0-py3-none-any.whl" in shown(done)
    assert "%40serial" in shown(done) or "@serial%3A4" in shown(done)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_cooldown_of_the_client_sees_when_each_file_came(
    server: Server,
    url: str,
    client_tool: ClientTool,
    environment: dict[str, str],
    tmp_path: Path,
    tool: str,
) -> None:
    install = _installer(tool, client_tool, environment, tmp_path)
    option = "--uploaded-prior-to" if tool == "pip" else "--exclude-newer"

    too_early = install(url, "demo", option, "2020-01-01T00:00:00Z")
    assert too_early.returncode != 0
    assert install.installed() == {}

    done = install(url, "demo", option, "2199-01-01T00:00:00Z")
    assert done.returncode == 0, shown(done)
    assert install.installed()["demo"] == "2.0"


def test_a_stated_hash_is_held_against_the_bytes(
    server: Server, stocked: str, url: str, pip: Installer, tmp_path: Path
) -> None:
    right = hashlib.sha256((tmp_path / "stock" / "demo_fast-0.1-py3-none-any.whl").read_bytes()).hexdigest()
    for digest, status in (("0" * 64, 1), (right, 0)):
        requirements = tmp_path / "requirements.txt"
        requirements.write_text(f"demo-fast==0.1 --hash=sha256:{digest}\n")
        done = pip(url, f"-r{requirements}")
        assert done.returncode == status, shown(done)


def test_organization_feed_and_project_are_found_in_any_spelling(
    server: Server, stocked: str, pip: Installer
) -> None:
    token = server.token("vm", Role.READER, stocked, Scope.READ)
    address = server.with_token(server.simple(stocked.swapcase()), token)

    done = pip(address, "DEMO_Fast")

    assert done.returncode == 0, shown(done)
    assert pip.installed() == {"demo-fast": "0.1"}


def test_without_a_token_nothing_comes_until_the_feed_is_public(
    server: Server, stocked: str, pip: Installer
) -> None:
    address = server.simple(stocked)

    assert pip(address, "demo-fast").returncode != 0
    assert pip.installed() == {}

    server.api.set_feed(parse_feed_path(stocked), FeedChange(public=True))
    done = pip(address, "demo-fast")
    assert done.returncode == 0, shown(done)


def test_what_the_feed_has_not_is_a_miss_and_not_looked_for_elsewhere(
    upstream: Upstream, url: str, install: Installer
) -> None:
    asked_before = len(upstream.log)

    done = install(url, "not-in-the-feed")

    assert done.returncode != 0
    assert "not-in-the-feed" in shown(done)
    assert install.installed() == {}
    assert len(upstream.log) == asked_before
