"""pip as the witness: what it installs from a feed alone, into an environment that has nothing."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.builders.clients import clean_environment, client
from tests.builders.pythons import Interpreter, make_environment, need_python


@dataclass(frozen=True, slots=True)
class Testimony:
    """What pip said: whether it installed, and what there is now."""

    is_installed: bool
    versions: dict[str, str]
    words: str


@dataclass(frozen=True, slots=True)
class PipWitness:
    """pip on ``interpreter``; each testimony has an environment of its own below ``folder``."""

    interpreter: Interpreter
    folder: Path

    @classmethod
    def of(cls, minor: str, folder: Path) -> "PipWitness":
        """Return the witness for a minor Python, or leave the test out."""
        return cls(need_python(minor), folder)

    @property
    def python(self) -> str:
        """The exact Python, for example ``3.11.7``."""
        return self.interpreter.version

    @property
    def patch(self) -> int:
        return int(self.python.rpartition(".")[2])

    def chooses(self, index_url: str, *requirements: str) -> dict[str, str]:
        """Return the versions that pip would install into an empty environment; none where it refuses."""
        home = self.folder / "chooses"
        pip = client("pip", self.interpreter)
        done = subprocess.run(
            [
                *(
                    pip,
                    "install",
                    "--dry-run",
                    "--ignore-installed",
                    "--report",
                    "-",
                    "--quiet",
                    "--no-cache-dir",
                ),
                *("--only-binary=:all:", "--index-url", index_url, *requirements),
            ],
            env=clean_environment(home),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        report = json.loads(done.stdout) if done.returncode == 0 else {"install": []}
        stated = [entry["metadata"] for entry in report["install"]]
        return {metadata["name"]: metadata["version"] for metadata in stated}

    def installs(self, index_url: str, *requirements: str) -> Testimony:
        """Install ``requirements`` from ``index_url`` and nowhere else, wheels only."""
        home = self.folder / f"witness-{len(list(self.folder.glob('witness-*')))}"
        environment = clean_environment(home)
        python = make_environment(self.interpreter, home / "environment")
        pip = client("pip", self.interpreter)
        done = subprocess.run(
            [
                *(pip, "--python", python, "install", "--no-cache-dir", "--only-binary=:all:"),
                *("--index-url", index_url, *requirements),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Testimony(done.returncode == 0, _versions(python), done.stdout + done.stderr)


def _versions(python: Path) -> dict[str, str]:
    program = (
        "import importlib.metadata as m, json; "
        "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
    )
    said = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(said.stdout)
    return found
