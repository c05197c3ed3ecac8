"""The machine that a pipeline's job runs on in tests: next to nothing on its PATH, an empty home, Feedgate's wheel."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from tests.builders.command_line import Said
from tests.builders.pipeline_files import ROOT, Job
from tests.builders.pythons import Interpreter, make_environment
from tests.left_out import leave_out

_TOOLS = (
    *("bash", "basename", "chmod", "dirname", "find", "mkdir", "realpath", "rm", "sed", "sha256sum"),
    *("tail", "tr"),
)
"""All that the scripts call, beside an interpreter and an installer."""

_REACHING = (
    "PIP_CERT",
    "PIP_INDEX_URL",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
)
"""How a machine reaches PyPI is the machine's own."""


def build_wheel(folder: Path) -> Path:
    """Build Feedgate's wheel from this checkout, as ``make build`` does, and return it."""
    words = ["--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "build", *words], check=True, capture_output=True, timeout=120)
    [made] = folder.glob("feedgate-*.whl")
    return made


def minimal_path(folder: Path, *more: str) -> Path:
    """Return a folder to be the PATH: Python without pip, what the scripts call, and ``more`` (``uv``)."""
    make_environment(Interpreter(Path(sys.executable), ""), folder)
    tools = folder / "bin"
    for tool in (*_TOOLS, *more):
        found = find_uv_bin() if tool == "uv" else shutil.which(tool, path="/usr/bin:/bin")
        assert found is not None, tool
        (tools / tool).symlink_to(found)
    return tools


def job_of(file: str, folder: Path, path: Path | str, wheel: Path, **given: Any) -> Job:
    """Return a job of ``file`` in which Feedgate's wheel was filled in, on a machine with that PATH."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    filled = {"FEEDGATE_WHEEL": str(wheel), "FEEDGATE_WHEEL_SHA256": digest, **given.pop("filled", {})}
    return Job.of(file, folder, path=str(path), filled=filled, **given)


def install(job: Job, **more: str) -> Said:
    """Run the file's step that installs, with PyPI as this machine reaches it; it must succeed.

    Leaves the test out if PyPI does not answer.
    """
    machine = {name: os.environ[name] for name in _REACHING if name in os.environ}
    said = job.run("install-feedgate.sh", machine={**machine, "UV_SYSTEM_CERTS": "1", **more})
    if said.status and "(address)" in said.err:
        leave_out(f"an install of Feedgate: {said.err[-300:]}", brings="PyPI within reach of uv and pip")
    assert said.status == 0, said
    return said
