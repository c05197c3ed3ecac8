"""``machines/``: what cloud-init, Ansible and a shell do with ``feedgate-connect.pyz``, and what they never say."""

import base64
import fcntl
import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types, and what is read is looked at

from scripts.connect_pyz import PYZ, ROOT, build, fill_cloud_init
from tests.builders.clients import clean_environment, installed
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.left_out import leave_out

TOKEN = "canary-token"
LOCKS = ROOT / "tests" / "clients" / "locks"
KEPT = ROOT / ".tiers" / "debian"
SCHEMA = Path("usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json")
LARGEST_USER_DATA_BYTES = 65535  # Azure's limit; Google's is higher
THE_ADDRESS = "https://pkgs.dev.azure.com/ORGANIZATION/_packaging/FEED/pypi/simple/"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make connect-pyz`` makes."""
    folder = tmp_path_factory.mktemp("machines")
    build(folder)
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    root = tmp_path / "image"
    (root / "etc").mkdir(parents=True)
    lines = []
    for name in ("azureuser", "deploy"):
        (root / "people" / name).mkdir(parents=True)
        lines.append(f"{name}:x:{os.getuid()}:{os.getgid()}::/people/{name}:/bin/sh\n")
    (root / "etc" / "passwd").write_text("".join(lines))
    return root


@pytest.fixture
def azure() -> Iterator[AzureArtifacts]:
    passwords = {TOKEN: "reader", "canary-newer": "reader"}
    with azure_in_thread(AzureArtifacts(passwords=passwords)) as served:  # type: ignore[arg-type]  # roles are literals
        yield served


def entries(image: Path, name: str) -> str:
    netrc = image / "people" / name / ".netrc"
    assert stat.S_IMODE(netrc.stat().st_mode) == 0o600
    return netrc.read_text()


def run(
    folder: Path, *words: str | Path, given: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env={**clean_environment(folder / "home"), **variables},
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


# ---------------------------------------------------------------------------------- what they say


@pytest.mark.parametrize("name", ["cloud-init.yaml", "playbook.yml", "set-up.sh", "README.md"])
def test_each_says_how_long_the_token_lives_and_how_to_change_it(name: str) -> None:
    text = " ".join((ROOT / "machines" / name).read_text().replace("#", " ").split())

    assert "90 days" in text
    assert "at most a year" in text
    assert "replace" in text.partition("To change it")[2]


def test_everything_is_made_twice_alike(made: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again")

    assert [path.name for path in again] == sorted(path.name for path in made.iterdir())
    assert all((made / path.name).read_bytes() == path.read_bytes() for path in again)
    assert {"cloud-init.yaml", "playbook.yml", "set-up.sh", "README.md", PYZ} <= {path.name for path in again}


# ---------------------------------------------------------------------------------- cloud-init


def schema_of_cloud_init() -> Path:
    """Return the schema in Debian's package, which is unpacked and never installed."""
    KEPT.mkdir(parents=True, exist_ok=True)
    schema = KEPT / "cloud-init" / SCHEMA
    with (KEPT / "cloud-init.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not schema.exists():
            _unpack("cloud-init")
    return schema


def _unpack(package: str) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            leave_out(f"Debian's package {package}", brings="a Debian with apt-get and dpkg-deb")
    folder = KEPT / "downloads"
    lists = KEPT / "apt"
    (lists / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    # Lists of our own: those of the machine may be old, or taken away as in many images.
    own = [
        "-o",
        f"Dir::State::Lists={lists / 'lists'}",
        "-o",
        f"Dir::Cache={lists}",
        "-o",
        "APT::Sandbox::User=",
    ]
    for words in (["update", "--quiet"], ["download", "--quiet", package]):
        done = subprocess.run(
            ["apt-get", *own, *words], cwd=folder, capture_output=True, text=True, timeout=200, check=False
        )
        if done.returncode != 0:
            leave_out(
                f"Debian's package {package}: {done.stderr[-200:]}", brings="apt-get that reaches Debian"
            )
    (archive,) = sorted(folder.glob(f"{package}_*.deb"))[-1:]
    unfinished = KEPT / f"{package}.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", archive, unfinished], check=True, timeout=60)
    unfinished.replace(KEPT / package)


@pytest.mark.parametrize("is_filled", [False, True], ids=["as-it-stands", "filled"])
def test_cloud_init_takes_the_file(made: Path, tmp_path: Path, is_filled: bool) -> None:
    check = installed(LOCKS / "check-jsonschema.txt", "check-jsonschema")
    file = (made if is_filled else ROOT / "machines") / "cloud-init.yaml"
    schema = schema_of_cloud_init()
    broken = tmp_path / "broken.yaml"
    broken.write_text(file.read_text().replace("permissions:", "permisions:"))

    taken, refused = (run(tmp_path, check, "--schemafile", schema, each) for each in (file, broken))

    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert "permisions" in refused.stdout
    assert file.read_text().startswith("#cloud-config\n")


def test_the_file_is_small_enough_for_user_data(made: Path) -> None:
    assert (made / "cloud-init.yaml").stat().st_size <= LARGEST_USER_DATA_BYTES


def test_a_template_without_the_place_is_not_filled() -> None:
    template = (ROOT / "machines" / "cloud-init.yaml").read_text()

    with pytest.raises(LookupError, match=r"other\.pyz"):
        fill_cloud_init(template, {"other.pyz": b"x"})


@contextmanager
def key_vault() -> Iterator[tuple[str, list[str]]]:
    """Serve a machine's identity and a vault as Azure documents them; yield the origin and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer: dict[str, str] = {}
            if self.path.startswith("/identity?") and self.headers["Metadata"] == "true":
                answer = {"access_token": "canary-identity"}
            elif (
                self.path.startswith("/secret?") and self.headers["Authorization"] == "Bearer canary-identity"
            ):
                answer = {"value": TOKEN}
            body = json.dumps(answer).encode()
            self.send_response(200 if answer else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def write_files(config: dict[str, Any], root: Path, said: dict[str, str]) -> None:
    """Write what cloud-init would, below ``root``; ``said`` is what a person changes in the file."""
    for entry in config["write_files"]:
        path = root / entry["path"].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        content = entry["content"].encode()
        if entry.get("encoding") == "gz+b64":
            content = gzip.decompress(base64.b64decode(content))
        else:
            for before, after in said.items():
                content = content.replace(before.encode(), after.encode())
        path.write_bytes(content)
        path.chmod(int(entry["permissions"], 8))


def test_what_cloud_init_writes_and_runs_connects_the_machine(
    made: Path, image: Path, azure: AzureArtifacts, tmp_path: Path
) -> None:
    config = yaml.safe_load((made / "cloud-init.yaml").read_text())
    with key_vault() as (origin, asked):
        said = {
            THE_ADDRESS: azure.simple_url,
            "https://VAULT.vault.azure.net/secrets/feedgate-read-token": f"{origin}/secret",
            "http://169.254.169.254/metadata/identity/oauth2/token": f"{origin}/identity",
            "/opt/feedgate": f"{image}/opt/feedgate",
        }
        write_files(config, image, said)
        (command,) = config["runcmd"]

        done = run(tmp_path, command[0], image / command[1].lstrip("/"), "--root", image, "--client", "pip")

    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.partition("?")[0] for path in asked] == ["/identity", "/secret"]
    assert (image / "etc" / "pip.conf").read_text() == f"[global]\nindex-url = {azure.simple_url}\n"
    assert TOKEN in entries(image, "azureuser")
    assert "canary" not in done.stdout + done.stderr


def test_where_the_vault_says_no_nothing_is_written(made: Path, image: Path, tmp_path: Path) -> None:
    config = yaml.safe_load((made / "cloud-init.yaml").read_text())
    write_files(config, image, {"/opt/feedgate": f"{image}/opt/feedgate"})
    (image / "opt" / "feedgate" / "read-token").write_text("#!/bin/sh\necho no such secret >&2\nexit 1\n")

    done = run(tmp_path, "sh", image / "opt" / "feedgate" / "connect", "--root", image)

    assert done.returncode == 2
    assert "read-token brought no token" in done.stderr
    assert not (image / "etc" / "pip.conf").exists()


# ---------------------------------------------------------------------------------- Ansible


@pytest.fixture
def playbook(made: Path, image: Path, azure: AzureArtifacts, tmp_path: Path) -> Any:
    """Return a call that runs the playbook on the image."""
    ansible = installed(LOCKS / "ansible-core.txt", "ansible-playbook")
    variables = {
        "ansible_python_interpreter": sys.executable,
        "feedgate_become": False,
        "feedgate_root": str(image),
        "feedgate_index_url": azure.simple_url,
        "feedgate_users": ["deploy", "azureuser"],
        "feedgate_options": ["--client", "pip"],
    }

    def called(*words: str, token: str = TOKEN, **more: object) -> subprocess.CompletedProcess[str]:
        given = json.dumps({**variables, **more})
        fixed = (
            "--inventory",
            "localhost,",
            "--connection",
            "local",
            made / "playbook.yml",
            "--extra-vars",
            given,
        )
        # with TMPDIR and HOME of the test's own, whatever Ansible leaves behind is seen
        return run(tmp_path, ansible, *fixed, *words, FEEDGATE_READ_TOKEN=token, ANSIBLE_NOCOLOR="1")

    return called


def test_ansible_takes_the_playbook(playbook: Any) -> None:
    done = playbook("--syntax-check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr


def test_the_playbook_connects_a_machine_once(
    playbook: Any, image: Path, azure: AzureArtifacts, tmp_path: Path
) -> None:
    first = playbook("-vvvvv")
    second = playbook()

    assert first.returncode == 0, first.stdout + first.stderr
    assert "failed=0" in first.stdout
    assert "changed=3" in first.stdout
    assert "changed=0" in second.stdout
    assert (image / "etc" / "pip.conf").read_text() == f"[global]\nindex-url = {azure.simple_url}\n"
    assert TOKEN in entries(image, "deploy")
    assert entries(image, "deploy") == entries(image, "azureuser")
    assert "every other user needs an entry" in first.stdout
    assert "canary" not in first.stdout + first.stderr + second.stdout + second.stderr
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert [path for path in left if b"canary" in path.read_bytes()] == []


def test_the_playbook_changes_the_token_when_it_is_told_to(playbook: Any, image: Path) -> None:
    playbook()

    refused = playbook(token="canary-newer")
    kept = entries(image, "deploy")
    replaced = playbook(token="canary-newer", feedgate_replace=True)

    assert refused.returncode != 0
    assert "match an entry by its host alone" in refused.stdout
    assert TOKEN in kept
    assert replaced.returncode == 0, replaced.stdout
    assert "changed=1" in replaced.stdout
    assert "canary-newer" in entries(image, "deploy")
    assert "canary" not in refused.stdout + refused.stderr + replaced.stdout + replaced.stderr


def test_the_playbook_says_why_a_machine_was_not_connected(playbook: Any, image: Path) -> None:
    wrong, nobody, without, python = (
        playbook(token="canary-wrong"),
        playbook(feedgate_users=["nobody-of-that-name"]),
        playbook(token=""),
        playbook(feedgate_python="python-of-no-name"),
    )

    assert "does not take this token (401)" in wrong.stdout
    assert "has no user 'nobody-of-that-name'" in nobody.stdout
    assert "feedgate_read_token or FEEDGATE_READ_TOKEN" in without.stdout
    assert "python-of-no-name" in python.stdout
    for done in (wrong, nobody, without, python):
        assert done.returncode != 0
        assert "canary" not in done.stdout + done.stderr
    assert not (image / "etc" / "pip.conf").exists()


def test_the_playbook_in_check_mode_changes_nothing(playbook: Any, image: Path) -> None:
    done = playbook("--check")

    assert done.returncode == 0, done.stdout
    assert sorted(path.name for path in image.rglob("*") if path.is_file()) == ["passwd"]


# ---------------------------------------------------------------------------------- the shell


def test_the_script_connects_a_machine(
    made: Path, image: Path, azure: AzureArtifacts, tmp_path: Path
) -> None:
    words = (
        "sh",
        made / "set-up.sh",
        azure.simple_url,
        "--user",
        "deploy",
        "--root",
        image,
        "--client",
        "pip",
    )

    first = run(tmp_path, *words, given=f"{TOKEN}\n")
    refused = run(tmp_path, *words, FEEDGATE_READ_TOKEN="canary-newer")
    replaced = run(tmp_path, *words, "--replace", FEEDGATE_READ_TOKEN="canary-newer")

    assert (first.returncode, refused.returncode, replaced.returncode) == (0, 1, 0), first.stderr
    assert (image / "etc" / "pip.conf").read_text() == f"[global]\nindex-url = {azure.simple_url}\n"
    assert "canary-newer" in entries(image, "deploy")
    for done in (first, refused, replaced):
        assert "canary" not in done.stdout + done.stderr


def test_the_script_takes_the_token_that_a_program_prints(
    made: Path, image: Path, azure: AzureArtifacts, tmp_path: Path
) -> None:
    program = tmp_path / "a program"
    program.write_text(f"#!/bin/sh\necho {TOKEN}\n")
    program.chmod(0o700)
    words = ("sh", made / "set-up.sh", azure.simple_url, "--user", "deploy", "--root", image)

    done = run(tmp_path, *words, FEEDGATE_TOKEN_COMMAND=str(program))

    assert done.returncode == 0, done.stderr
    assert TOKEN in entries(image, "deploy")
    assert TOKEN not in done.stdout + done.stderr


def test_the_script_says_what_it_lacks(made: Path, tmp_path: Path) -> None:
    alone = shutil.copy(made / "set-up.sh", tmp_path)

    without_pyz = run(tmp_path, "sh", alone, "https://feeds.example/acme/pip-feed")
    without_python = run(
        tmp_path, "sh", made / "set-up.sh", "https://feeds.example/acme/f", PYTHON="no-such-python"
    )

    assert (without_pyz.returncode, without_python.returncode) == (2, 2)
    assert "make connect-pyz" in without_pyz.stderr
    assert "no Python 3.9 or newer" in without_python.stderr


def test_the_scripts_hold_in_every_shell(made: Path, tmp_path: Path) -> None:
    """No shell of this machine finds a fault in how they are written."""
    config = yaml.safe_load((made / "cloud-init.yaml").read_text())
    connect = tmp_path / "connect"
    connect.write_text(config["write_files"][0]["content"])
    for shell in filter(None, map(shutil.which, ("sh", "dash", "bash"))):
        for script in (made / "set-up.sh", connect):
            done = run(tmp_path, shell, "-n", script)

            assert (done.returncode, done.stderr) == (0, "")
