"""The CPython interpreters of this machine, and empty environments of them."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.left_out import leave_out

MINORS = ("3.9", "3.10", "3.11", "3.12", "3.13")

_ASK = (
    "import json, platform, sys; print(json.dumps([platform.python_implementation(), *sys.version_info[:3]]))"
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One CPython: where it is and exactly which, for example ``3.11.7``."""

    path: Path
    version: str

    @property
    def minor(self) -> str:
        return self.version.rpartition(".")[0]


@cache
def pythons() -> dict[str, Interpreter]:
    """Return the CPythons found on PATH and under pyenv, by minor (``3.9``)."""
    found: dict[str, Interpreter] = {}
    for minor in MINORS:
        for candidate in _candidates(minor):
            version = _version(candidate)
            if version is not None and version.rpartition(".")[0] == minor:
                found[minor] = Interpreter(candidate, version)
                break
    return found


def need_python(minor: str) -> Interpreter:
    """Return the interpreter of ``minor``, or leave the test out."""
    try:
        return pythons()[minor]
    except KeyError:
        leave_out(f"CPython {minor}", brings=f"pyenv install {minor}, or put python{minor} on the PATH")


def make_environment(interpreter: Interpreter, directory: Path) -> Path:
    """Make an environment without pip in ``directory`` and return its Python."""
    subprocess.run([interpreter.path, "-m", "venv", "--without-pip", directory], check=True)
    return directory / "bin" / "python"


def _candidates(minor: str) -> Iterator[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{minor}.*/bin/python{minor}"))
    on_path = shutil.which(f"python{minor}")
    if on_path is not None:
        yield Path(on_path)


def _version(candidate: Path) -> str | None:
    try:
        said = subprocess.run([candidate, "-c", _ASK], capture_output=True, text=True, check=True, timeout=20)
        implementation, *version = json.loads(said.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # a shim of pyenv without a version behind it
    return ".".join(map(str, version)) if implementation == "CPython" else None
