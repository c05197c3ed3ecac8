"""The README's tour and the first guide, typed as a reader types them, against PyPI itself.

Changed are only the port, which may be taken here, what stands for a run's name, and
the package: a small one, since ``make quickstart`` brings azure-cli.
"""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders.clients import clean_environment, client
from tests.builders.pythons import make_environment, need_python
from tests.documents import ROOT, console_lines

LIMIT_SECONDS = 300


class Reader:
    """Types what a document says, in a home and a folder of its own; a server is started beside."""

    def __init__(self, home: Path, wheel: Path) -> None:
        self.folder = home / "project"
        (self.folder / "dist").mkdir(parents=True)
        (self.folder / "dist" / wheel.name).write_bytes(wheel.read_bytes())
        self.environment = clean_environment(home, own_configuration=True)
        self.environment["FEEDGATE_DATA"] = str(home / "data")
        for name in ("SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY"):  # how this machine reaches PyPI
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.python = make_environment(need_python("3.11"), home / "environment")
        self.servers: list[subprocess.Popen[str]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])

    def type_in(self, line: str) -> None:
        words = shlex.split(line.replace("8080", self.port).replace("azure-cli", "requests"), comments=True)
        if words[0] == "make":
            return
        if words[:2] == ["feedgate", "serve"]:
            self._serve(words[2:])
            return
        said = self._run(self._found(words))
        token = re.search(r"\bfgt_[A-Za-z0-9_-]+", said)
        if token is not None:
            self.environment |= {"TWINE_USERNAME": "feedgate", "TWINE_PASSWORD": token[0]}

    def _found(self, words: list[str]) -> list[str]:
        """Return the words with the program's place, a pattern's files and a run's name filled in."""
        name, *rest = words
        programs = {
            "feedgate": [str(Path(sys.executable).with_name("feedgate"))],
            "pip": [str(client("pip", need_python("3.11"))), "--python", str(self.python)],
            "twine": [str(client("twine"))],
        }
        files = [str(path) for path in (self.folder / "dist").iterdir()]
        filled = [part for word in rest for part in (files if word == "dist/*" else [word])]
        return [*programs[name], *(self._newest_run() if word == "RUN" else word for word in filled)]

    def _newest_run(self) -> str:
        listed = self._run(self._found(["feedgate", "run", "list", "-f", "demo/pip-feed", "--json"]))
        return str(json.loads(listed.splitlines()[0])["run"])

    def _run(self, command: list[str]) -> str:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, f"{shlex.join(command)}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def _serve(self, options: list[str]) -> None:
        server = subprocess.Popen(
            [*self._found(["feedgate", "serve"]), *options],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == f"http://127.0.0.1:{self.port}\n"

    def leave(self) -> None:
        for server in self.servers:
            server.terminate()
            server.communicate(timeout=60)


@pytest.fixture
def reader(tmp_path: Path, make_wheel: Callable[..., Path]) -> Iterator[Reader]:
    reader = Reader(tmp_path / "home", make_wheel("acme-core", "1.0"))
    yield reader
    reader.leave()


@pytest.mark.timeout(2 * LIMIT_SECONDS)
@pytest.mark.parametrize("document", ["README.md", "docs/start.md"])
def test_what_a_document_shows_works(reader: Reader, document: str) -> None:
    for line in console_lines(ROOT / document):
        reader.type_in(line)
