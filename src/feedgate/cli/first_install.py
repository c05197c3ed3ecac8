"""Install a package from a feed into an empty environment that sees nothing else, and run it."""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from feedgate.errors import Broken, Unavailable
from feedgate.machine.addresses import FeedUrl
from feedgate.machine.snippets import netrc_line
from feedgate.model.names import ProjectName

_LIMIT_SECONDS: Final = 900
_SHOWN_LINES: Final = 15

_IMPORT_ONE = """
import importlib, importlib.metadata as metadata, sys
files = metadata.files(sys.argv[1]) or []
parts = [file.parts[0] for file in files if file.suffix == ".py"]
names = sorted({part.removesuffix(".py") for part in parts if part.removesuffix(".py").isidentifier()})
module = importlib.import_module(names[0])
print("import", module.__name__, "works:", metadata.version(sys.argv[1]))
"""


class PipMissing(Unavailable):
    """No pip that can install into another environment."""

    code = "pip-missing"

    def __init__(self) -> None:
        super().__init__(
            "no pip 22.3 or newer is on the PATH",
            next_step="Debian: apt-get install python3-pip. Elsewhere: python3 -m ensurepip.",
        )


class InstallFailed(Broken):
    """A command in the empty environment failed."""

    code = "install-failed"

    def __init__(self, command: Sequence[str], output: str) -> None:
        last = "\n".join(output.splitlines()[-_SHOWN_LINES:])
        super().__init__(
            f"{' '.join(command[:3])} … failed:\n{last}",
            next_step="The feed is as it was; run the command by hand to see more.",
        )


def install_and_run(feed: FeedUrl, token: str, package: str, name: ProjectName) -> Iterator[str]:
    """Install ``package`` with pip from the feed alone, run it, and yield what is to be shown.

    azure-cli is run as ``az --version``; of others one module is imported after
    ``pip check``. The environment and its home are removed afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="feedgate-quickstart-") as folder:
        environment = Path(folder) / "environment"
        venv.create(environment, with_pip=False, symlinks=True)
        home = Path(folder) / "home"
        home.mkdir()
        netrc = home / ".netrc"
        netrc.touch(mode=0o600)
        netrc.write_text(netrc_line(feed.host, token))
        variables = _variables(home, environment)
        pip = [*_pip(), "--python", str(environment / "bin" / "python")]
        install = [*pip, "install", "--no-input", "--no-cache-dir", "--index-url", feed.simple_url, package]
        said = _run(install, variables)
        yield next((line for line in said.splitlines()[::-1] if line.startswith("Successfully")), "")[:200]
        if name == "azure-cli":
            az = environment / "bin" / "az"
            yield from [
                line
                for line in _run([str(az), "--version"], variables).splitlines()
                if line and not line.startswith("WARNING")
            ][:3]
            return
        yield _run([*pip, "check"], variables).strip()
        python = str(environment / "bin" / "python")
        yield _run([python, "-c", _IMPORT_ONE, name], variables).strip()


def _pip() -> list[str]:
    """Return a pip that knows ``--python``: the base interpreter's, else one on the PATH."""
    base = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    candidates = [
        [base, "-m", "pip"],
        *([found] for word in ("pip3", "pip") if (found := shutil.which(word))),
    ]
    for candidate in candidates:
        try:
            known = subprocess.run(
                [*candidate, "--python", sys.executable, "--version"], capture_output=True, check=False
            )
        except OSError:
            continue
        if known.returncode == 0:
            return candidate
    raise PipMissing


def _variables(home: Path, environment: Path) -> dict[str, str]:
    """Return an environment in which no setting from outside leads pip anywhere else."""
    kept = {name: value for name, value in os.environ.items() if name in {"LANG", "LC_ALL", "TMPDIR"}}
    path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return kept | {
        "HOME": str(home),
        "PATH": path,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "AZURE_CONFIG_DIR": str(home / ".azure"),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
    }


def _run(command: Sequence[str], variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise InstallFailed(command, done.stdout)
    return done.stdout
