"""The room runs on a VM that has this folder, an older Python, and nothing else of Feedgate."""

import subprocess
import sys
from pathlib import Path

import pytest

import feedgate
from tests.builders.pythons import need_python

SOURCE = Path(feedgate.__file__).parents[1]

MOVE_IN = """
import sys
from pathlib import Path
from feedgate.machine.command import main
from feedgate.machine.surroundings import Surroundings

base = Path(sys.argv[1])
here = Surroundings(base / "root", base / "home", {}, base / "work")
sys.exit(main(sys.argv[2:], here, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr))
"""

BEFORE = {
    "root/etc/pip.conf": "[global]\ntimeout = 3\nextra-index-url =\n    https://index.example/\n",
    "home/.config/uv/uv.toml": 'extra-index-url = [\n  "https://index.example/", # why\n]\nnative-tls = true\n',
    "home/.netrc": "# mine\nmachine a.example login b password c\ndefault login d password e\n",
    "work/pyproject.toml": '[tool.poetry]\nname = """demo"""\nversion = \'1.0\'\n',
}


@pytest.fixture(params=["3.9", "the-tests-own"])
def python(request: pytest.FixtureRequest) -> Path:
    return Path(sys.executable) if request.param == "the-tests-own" else need_python(request.param).path


def run(python: Path, base: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-W", "error", *arguments],
        env={"HOME": str(base), "PYTHONPATH": str(SOURCE), "PYTHONPYCACHEPREFIX": str(base / "cache")},
        cwd=base,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_changes_the_same_lines_whatever_python_runs_it(tmp_path: Path, python: Path) -> None:
    for name, text in BEFORE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    clients = [word for client in ("pip", "uv", "poetry") for word in ("--client", client)]

    first, second = (
        run(
            python,
            tmp_path,
            *(
                "-c",
                MOVE_IN,
                str(tmp_path),
                "connect",
                "https://feeds.example/demo/f",
                "--replace",
                "--no-check",
                *clients,
            ),
            given="fgt_canary\n",
        )
        for _ in range(2)
    )

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert second.stdout.startswith("nothing to change\n")
    assert "canary" not in first.stdout + first.stderr
    url = "https://feeds.example/demo/_packaging/f/pypi/simple/"
    assert {name: (tmp_path / name).read_text() for name in BEFORE} == {
        "root/etc/pip.conf": "[global]\ntimeout = 3\n# extra-index-url =\n#     https://index.example/\n",
        "home/.config/uv/uv.toml": (
            '# extra-index-url = [\n#   "https://index.example/", # why\n# ]\nnative-tls = true\n\n'
            f'[[index]]\nurl = "{url}"\ndefault = true\n'
        ),
        "home/.netrc": (
            "# mine\nmachine a.example login b password c\n"
            "machine feeds.example login feedgate password fgt_canary\ndefault login d password e\n"
        ),
        "work/pyproject.toml": (
            BEFORE["work/pyproject.toml"]
            + f'\n[[tool.poetry.source]]\nname = "feedgate"\nurl = "{url}"\npriority = "primary"\n'
        ),
    }
    assert (tmp_path / "home/.config/pip/pip.conf").read_text() == f"[global]\nindex-url = {url}\n"


def test_it_is_a_command_of_its_own(tmp_path: Path, python: Path) -> None:
    shown = run(python, tmp_path, "-m", "feedgate.machine", "--help")
    refused = run(python, tmp_path, "-m", "feedgate.machine", "connect", "demo/f", given="fgt_canary\n")

    assert (shown.returncode, refused.returncode) == (0, 2), shown.stderr
    assert "use one index and nothing else" in " ".join(shown.stdout.split())
    assert "Next: Write https://HOST/ORGANIZATION/FEED" in refused.stderr
    assert list(tmp_path.glob("[!c]*")) == []


def test_nothing_heavy_is_imported(tmp_path: Path, python: Path) -> None:
    seen = run(python, tmp_path, "-X", "importtime", "-c", "import feedgate.machine.command")

    ours = {line.split("|")[-1].strip() for line in seen.stderr.splitlines() if "feedgate" in line}
    assert seen.returncode == 0, seen.stderr
    assert {name for name in ours if not name.startswith("feedgate.machine")} == {"feedgate"}
    assert "asyncio" not in seen.stderr
    assert "ssl" not in seen.stderr
