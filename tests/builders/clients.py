"""The real clients, each in an environment of its own made from a lock of its own.

They come from PyPI once and stay under ``.tiers/``, until a lock changes.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

from uv import find_uv_bin

from tests.builders.pythons import Interpreter
from tests.left_out import leave_out

Tool = Literal["pip", "uv", "twine", "poetry", "pdm"]

_ROOT = Path(__file__).parents[2]
_LOCKS = _ROOT / "tests" / "clients" / "locks"
_KEPT = _ROOT / ".tiers" / "clients"


def client(tool: Tool, interpreter: Interpreter | None = None) -> Path:
    """Return the executable of ``tool``, running on ``interpreter`` (default: the tests' own).

    Leaves the test out if the tool is not here yet and PyPI does not answer.
    """
    return installed(_LOCKS / f"{tool}.txt", tool, interpreter)


def installed(lock: Path, executable: str, interpreter: Interpreter | None = None) -> Path:
    """Return ``executable`` from the environment that ``lock`` describes, made if it is not there."""
    python = Path(sys.executable) if interpreter is None else interpreter.path
    key = hashlib.sha256(lock.read_bytes() + str(python.resolve()).encode()).hexdigest()[:12]
    home = _KEPT / f"{lock.stem}-{key}"
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / f"{home.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two test runs at once make it once
        if not (home / "complete").exists():
            _make(home, python, lock)
    return home / "bin" / executable


def clean_environment(home: Path, *, own_configuration: bool = False) -> dict[str, str]:
    """Return what a client may know of this machine: next to nothing.

    ``home`` is made if it is not there. Nothing of the developer's comes along: no ``PIP_*``,
    no ``UV_*``, no proxy, no keyring. With ``own_configuration`` the client
    reads its configuration below ``home``, else none at all.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_DIRS": str(home / "no-such-folder"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PDM_CHECK_UPDATE": "0",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if not own_configuration:
        environment |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "NETRC": os.devnull}
    return environment


def _make(home: Path, python: Path, lock: Path) -> None:
    uv = find_uv_bin()
    try:
        _run(uv, "venv", "--clear", "--python", str(python), str(home))
        _run(uv, "pip", "sync", "--require-hashes", "--python", str(home / "bin" / "python"), str(lock))
    except subprocess.CalledProcessError as error:
        leave_out(
            f"the client of {lock.name}: {error.stderr.decode(errors='replace').strip()[-300:]}",
            brings="PyPI within reach of uv, once",
        )
    (home / "complete").touch()


def _run(uv: str, *arguments: str) -> None:
    subprocess.run(
        [uv, "--quiet", "--no-progress", "--system-certs", *arguments],
        cwd=_ROOT,
        capture_output=True,
        check=True,
    )
