"""Other people's feeds, real ones on loopback: pypiserver and devpi, and the stand-in for Azure as a process.

Each is a context in a folder that may be used again: what was uploaded is still there. None of them
asks another index, and each ends by itself after a quarter of an hour if nobody ends it.
"""

import base64
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pypi_simple import IndexPage, ProjectPage

from tests.builders.clients import clean_environment, installed
from tests.builders.forms import CONTENT_TYPE, form_of
from tests.doubles.azure_contents import Contents, release_of
from tests.doubles.azure_log import Seen, read_log

USER = "uploader"
PASSWORD = "made up for a test"

_ROOT = Path(__file__).parents[2]
_LOCKS = _ROOT / "tests" / "clients" / "locks"
_LIFE_SECONDS = 900
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ForeignFeed:
    """Where a feed takes uploads and answers pages (``simple_url`` ends with a slash), and whom it lets upload."""

    upload_url: str
    simple_url: str
    user: str
    password: str
    pid: int

    def projects(self) -> list[str]:
        """Return the projects that its list of projects names."""
        return sorted(IndexPage.from_html(self._get(self.simple_url).content).projects)

    def files(self) -> dict[str, str]:
        """Return all files with the sha256 that their page states."""
        return {name: sha256 for project in self.projects() for name, sha256 in self.page(project).items()}

    def page(self, project: str) -> dict[str, str]:
        """Return a project's files with their sha256, none where the feed does not know it."""
        return {name: digest for name, (_, digest) in self._links(project).items()}

    def read(self, filename: str) -> bytes:
        """Return a file's bytes as the feed serves them."""
        url, _ = self._links(release_of(filename)[0])[filename]
        return self._get(url).content

    def store(self, *files: Path) -> None:
        """Upload ``files``, as if a colleague had done it."""
        for file in files:
            self.send(file).raise_for_status()

    def send(self, file: Path) -> httpx.Response:
        """Upload a file in the legacy form, and return what the feed says."""
        project, version = release_of(file.name)
        kind = {"filetype": "bdist_wheel" if file.suffix == ".whl" else "sdist", "pyversion": "py3"}
        fields = {"name": project, "version": version, "metadata_version": "2.1", **kind}
        return httpx.post(
            self.upload_url,
            content=form_of(file, fields),
            headers={"Content-Type": CONTENT_TYPE},
            auth=(self.user, self.password),
            timeout=_PATIENCE_SECONDS,
        )

    def _links(self, project: str) -> dict[str, tuple[str, str]]:
        answer = self._get(f"{self.simple_url}{project}/", may_lack=True)
        if answer.status_code == 404:
            return {}
        page = ProjectPage.from_html(project, answer.content, str(answer.url))
        return {link.filename: (link.url, link.digests.get("sha256", "")) for link in page.packages}

    def _get(self, url: str, *, may_lack: bool = False) -> httpx.Response:
        answer = httpx.get(
            url,
            auth=(self.user, self.password),
            headers={"Accept": "text/html"},
            follow_redirects=True,
            timeout=_PATIENCE_SECONDS,
        )
        if not (may_lack and answer.status_code == 404):
            answer.raise_for_status()
        return answer


@contextmanager
def pypiserver(
    folder: Path, *, user: str = USER, password: str = PASSWORD, reads_need_password: bool = False
) -> Iterator[ForeignFeed]:
    """Serve ``folder/packages``, which may hold files already; the same file again is a 409."""
    packages, passwords = folder / "packages", folder / "passwords"
    packages.mkdir(parents=True, exist_ok=True)
    digest = base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()
    passwords.write_text(f"{user}:{{SHA}}{digest}\n")
    server, port = installed(_LOCKS / "pypiserver.txt", "pypi-server"), _free_port()
    asked_for = "update,download,list" if reads_need_password else "update"
    words = ["run", "--interface", "127.0.0.1", "--port", str(port), "--disable-fallback"]
    words += ["--authenticate", asked_for, "--passwords", str(passwords), str(packages)]
    origin = f"http://127.0.0.1:{port}"
    with _running(folder, [str(server), *words], f"{origin}/simple/") as pid:
        yield ForeignFeed(f"{origin}/", f"{origin}/simple/", user, password, pid)


@contextmanager
def devpi(
    folder: Path, *, user: str = USER, password: str = PASSWORD, index: str = "feed", volatile: bool = False
) -> Iterator[ForeignFeed]:
    """Serve the index ``user/index``, which has no bases; ``volatile`` = a file may be replaced."""
    state = folder / "server"
    server, port = installed(_LOCKS / "devpi.txt", "devpi-server"), _free_port()
    if not state.exists():
        _initialize(server.with_name("devpi-init"), state, folder)
    words = ["--serverdir", str(state), "--host", "127.0.0.1", "--port", str(port), "--offline-mode"]
    origin = f"http://127.0.0.1:{port}"
    with _running(folder, [str(server), *words], f"{origin}/+api") as pid:
        _make_index(origin, user, password, index, volatile=volatile)
        yield ForeignFeed(
            f"{origin}/{user}/{index}/", f"{origin}/{user}/{index}/+simple/", user, password, pid
        )


@dataclass(frozen=True, slots=True)
class AzureProcess:
    """The stand-in in a process of its own, and what it saw so far."""

    upload_url: str
    simple_url: str
    rest_url: str
    storage_origin: str
    pid: int
    folder: Path

    @property
    def seen(self) -> list[Seen]:
        return read_log(self.folder / "requests.jsonl")

    def files(self) -> dict[str, str]:
        """Return what the feed itself has: file names with their sha256."""
        return {held.filename: held.sha256 for held in Contents(self.folder) if held.is_saved}


@contextmanager
def azure_process(folder: Path, settings: Mapping[str, Any] | None = None) -> Iterator[AzureProcess]:
    """Run the stand-in on ``folder``, which may be used again; ``settings`` as its ``main`` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    port_file, stated = folder / "ports.json", folder / "settings.json"
    port_file.unlink(missing_ok=True)
    stated.write_text(json.dumps(dict(settings or {})))
    words = ["--port-file", str(port_file), "--folder", str(folder), "--settings", str(stated)]
    with _started(folder, [sys.executable, "-P", "-m", "tests.doubles.azure", *words]) as process:
        _wait(process, folder, port_file.exists)
        said = json.loads(port_file.read_text())
        yield AzureProcess(**said, folder=folder)


@contextmanager
def _running(folder: Path, command: list[str], answers_at: str) -> Iterator[int]:
    with _started(folder, command) as process:
        _wait(process, folder, lambda: _answers(answers_at))
        yield process.pid


@contextmanager
def _started(folder: Path, command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Start ``command`` below a time-out, its output in ``server.log``, and end it."""
    bounded = [shutil.which("timeout") or "timeout", "--kill-after=5", str(_LIFE_SECONDS), *command]
    environment = clean_environment(folder / "home") | {"PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "ignore"}
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            bounded, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()  # which `timeout` passes on
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", folder: Path, condition: Any) -> None:
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        log = (folder / "server.log").read_text(errors="replace")[-2000:]
        assert process.poll() is None, f"it ended: {log}"
        assert time.monotonic() < ends_at, f"it did not answer: {log}"
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code < 500
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _initialize(program: Path, state: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [program, "--serverdir", state, "--no-root-pypi"],
        cwd=folder,
        env=clean_environment(folder / "home") | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=True,
    )


def _make_index(origin: str, user: str, password: str, index: str, *, volatile: bool) -> None:
    """Make user and index unless they are there from before."""
    with httpx.Client(base_url=origin, timeout=_PATIENCE_SECONDS) as client:
        if client.get(f"/{user}/{index}", headers={"Accept": "application/json"}).status_code == 200:
            return
        client.put(f"/{user}", json={"password": password}).raise_for_status()
        made = client.post("/+login", json={"user": user, "password": password}).raise_for_status()
        proof = base64.b64encode(f"{user}:{made.json()['result']['password']}".encode()).decode()
        client.put(
            f"/{user}/{index}",
            json={"type": "stage", "bases": [], "volatile": volatile},
            headers={"X-Devpi-Auth": proof},
        ).raise_for_status()
