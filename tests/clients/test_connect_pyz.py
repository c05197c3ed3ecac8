"""``feedgate-connect.pyz``: one file, the standard library and Python 3.9 are all that a machine needs."""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedgate.machine.index_address import parse_index_url
from scripts.connect_pyz import ROOT, build_pyz
from tests.builders.clients import clean_environment
from tests.builders.pythons import Interpreter, make_environment, need_python
from tests.builders.wheels import make_wheel
from tests.doubles.azure import AzureArtifacts, azure_in_thread

ClientTool = Callable[..., Path]
TOKEN = "canary-token"
OWN = Interpreter(Path(sys.executable), "")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def pyz(tmp_path: Path) -> Path:
    path = tmp_path / "feedgate-connect.pyz"
    path.write_bytes(build_pyz())
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A machine's files below a folder; its user is the tests' own by number."""
    root = tmp_path / "image"
    (root / "etc").mkdir(parents=True)
    (root / "people" / "deploy").mkdir(parents=True)
    (root / "etc" / "passwd").write_text(f"deploy:x:{os.getuid()}:{os.getgid()}::/people/deploy:/bin/sh\n")
    return root


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords={TOKEN: "reader"})) as served:
        for wheel in (
            make_wheel(tmp_path / "stock", "demo", "1.0", requires=["demo-part>=2"]),
            make_wheel(tmp_path / "stock", "demo-part", "2.1"),
        ):
            served.store(wheel.name, wheel.read_bytes())
        yield served


@pytest.fixture(params=["3.9", "the-tests-own"])
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    return OWN if request.param == "the-tests-own" else need_python(request.param)


def run(
    python: Path, pyz: Path, *words: str | Path, given: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the one file alone: no environment's packages, nothing of ours on the path."""
    return subprocess.run(
        [python, "-I", "-S", "-W", "error", pyz, *words],
        env={**clean_environment(pyz.parent / "home", own_configuration=True), **variables},
        cwd=pyz.parent,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "src" / "feedgate"
    shutil.copytree(ROOT / "src" / "feedgate" / "machine", copy / "machine")
    shutil.copy(ROOT / "src" / "feedgate" / "__init__.py", copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1_700_000_000))
        path.chmod(0o700)

    assert build_pyz(tmp_path / "src") == build_pyz() == build_pyz()


def test_nothing_but_the_room_is_in_it(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()

    room = {path.name for path in (ROOT / "src" / "feedgate" / "machine").glob("*.py")}
    assert set(names) == {
        "__main__.py",
        "feedgate/__init__.py",
        *(f"feedgate/machine/{name}" for name in room),
    }
    assert len(names) == len(set(names))


def test_it_is_a_program(pyz: Path) -> None:
    pyz.chmod(0o755)

    said = subprocess.run(
        [pyz, "--help"], capture_output=True, text=True, check=True, timeout=60, env={"PATH": "/usr/bin:/bin"}
    )

    assert said.stdout.startswith("usage: python3 feedgate-connect.pyz [-h]")


def test_a_machine_is_set_up_and_then_pip_installs(
    interpreter: Interpreter,
    pyz: Path,
    image: Path,
    azure: AzureArtifacts,
    client_tool: ClientTool,
    tmp_path: Path,
) -> None:
    words = ("connect", azure.simple_url, "--system", "--user", "deploy", "--root", image)

    said = run(interpreter.path, pyz, *words, given=f"{TOKEN}\n")

    assert said.returncode == 0, said.stderr
    conf, netrc = image / "etc" / "pip.conf", image / "people" / "deploy" / ".netrc"
    assert conf.read_text() == f"[global]\nindex-url = {azure.simple_url}\n"
    assert netrc.read_text() == f"machine 127.0.0.1 login feedgate password {TOKEN}\n"
    assert (stat.S_IMODE(netrc.stat().st_mode), netrc.stat().st_uid) == (0o600, os.getuid())
    assert TOKEN not in said.stdout + said.stderr
    python = make_environment(interpreter, tmp_path / "environment")
    environment = clean_environment(image / "people" / "deploy", own_configuration=True)
    done = subprocess.run(
        [client_tool("pip", interpreter), "--python", python, "install", "demo"],
        env={**environment, "PIP_CONFIG_FILE": str(conf)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Successfully installed demo-1.0 demo-part-2.1" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_another_entry_for_the_host_stays_until_it_is_to_be_replaced(
    interpreter: Interpreter, pyz: Path, image: Path, azure: AzureArtifacts
) -> None:
    netrc = image / "people" / "deploy" / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password canary-older\n")
    words = (azure.simple_url, "--system", "--user", "deploy", "--root", image)

    refused = run(interpreter.path, pyz, *words, FEEDGATE_READ_TOKEN=TOKEN)
    in_json = run(interpreter.path, pyz, *words, "--json", FEEDGATE_READ_TOKEN=TOKEN)

    assert (refused.returncode, in_json.returncode) == (1, 1)
    assert "pip and uv match an entry by its host alone" in refused.stderr
    assert "--replace" in refused.stderr
    assert json.loads(in_json.stdout)["error"]["code"] == "obstructed"
    assert not (image / "etc" / "pip.conf").exists()

    replaced = run(interpreter.path, pyz, *words, "--replace", FEEDGATE_READ_TOKEN=TOKEN)

    assert replaced.returncode == 0, replaced.stderr
    assert netrc.read_text() == f"machine 127.0.0.1 login somebody password {TOKEN}\n"
    backup = netrc.with_name(".netrc.feedgate-backup")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    for said in (refused, in_json, replaced):
        assert "canary" not in said.stdout + said.stderr


def test_a_token_that_the_index_does_not_take_is_not_written_down(
    interpreter: Interpreter, pyz: Path, image: Path, azure: AzureArtifacts
) -> None:
    words = (azure.simple_url, "--system", "--user", "deploy", "--root", image)

    refused = run(interpreter.path, pyz, *words, given="canary-wrong\n")
    unasked = run(interpreter.path, pyz, *words, "--no-check", given="canary-wrong\n")

    assert (refused.returncode, unasked.returncode) == (1, 0)
    assert "does not take this token (401)" in refused.stderr
    assert "canary" not in refused.stdout + refused.stderr
    assert len(azure.seen) == 1


def test_it_knows_the_same_addresses_as_the_command(interpreter: Interpreter, pyz: Path) -> None:
    for url in ("https://feeds.example/acme/pip-feed", "https://devpi.example/root/dev/+simple/"):
        said = run(interpreter.path, pyz, url, "--dry-run", "--json", "--client", "pip")

        assert json.loads(said.stdout)["index_url"] == parse_index_url(url).simple_url
