"""What may stand in no tracked file: a registry's host, a machine's path, a secret, a promise to do it later."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Put together here, so that this file passes its own test.
FORBIDDEN = {
    "a package registry's host": re.compile(
        "|".join(
            re.escape(host)
            for host in (
                "pypi" + ".org",
                "files.python" + "hosted.org",
                "registry" + ".npm" + "js.org",
                "deb" + ".debian" + ".org",
                "proxy.golang" + ".org",
            )
        )
    ),
    "a path of one machine": re.compile(r"(?<![\w.-])/(wo" + r"rk|ro" + r"ot|fa" + r"rm|ho" + r"me/\w+)/"),
    "work left for later": re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
    "a paper that is not here": re.compile(r"\b(design (sec" + r"tion|id" + r"ea) \d|parts [A-J]" + r"\d)"),
    "a private key": re.compile("BEGIN [A-Z ]*PRIVATE" + " KEY"),
}
VERBATIM = {"LICENSE"}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and name not in VERBATIM]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        if path.is_file()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]

    assert not found


def test_a_lock_states_a_hash_for_every_release() -> None:
    folders = ("requirements", "tests/clients/locks", "benchmarks/locks")
    for lock in [lock for folder in folders for lock in (ROOT / folder).glob("*.txt")]:
        entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", lock.read_text()))
        assert entries
        for entry in filter(None, entries):
            assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+( ; [^\\]+)? \\\n", entry), (
                f"{lock.name}: {entry[:60]}"
            )
            assert "--hash=sha256:" in entry, f"{lock.name}: {entry[:60]}"
