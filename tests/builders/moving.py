"""Indexes to move in: hundreds of generated files, a dozen of them broken, each in a way of its own."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.builders.clients import clean_environment, installed
from tests.builders.wheels import BrokenWheel, make_wheel
from tests.builders.working_server import wait_until
from tests.doubles.azure_contents import release_of

BROKEN: Final[dict[BrokenWheel, str]] = {
    "absolute-member": "outside its folder",
    "bomb": "times its own size",
    "climbing-member": "outside its folder",
    "cut-off": "can not be read as a zip file",
    "duplicate-member": "is there twice",
    "encrypted-member": "encrypted",
    "metadata-not-utf8": "is not UTF-8",
    "no-metadata": "it has no METADATA",
    "not-a-zip": "does not begin as a zip file does",
    "other-name": "METADATA names another-name",
    "other-version": "METADATA has version 99.9",
    "unknown-metadata-version": "Metadata-Version '9.0'",
}
"""What can be wrong with a file, and what its reason says of it."""

_LOCK = Path(__file__).parents[2] / "tests" / "clients" / "locks" / "devpi.txt"
_IMPORT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stock:
    """Files of an index; ``bad`` are words of the reason by the names of those that are refused."""

    files: tuple[Path, ...]
    bad: dict[str, str]

    @property
    def digests(self) -> dict[str, str]:
        """All files with their sha256."""
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in self.files}

    @property
    def good(self) -> dict[str, str]:
        return {name: digest for name, digest in self.digests.items() if name not in self.bad}

    @property
    def projects(self) -> set[str]:
        return {release_of(file.name)[0] for file in self.files}


def make_stock(folder: Path, *, count: int, word: str, versions: int) -> Stock:
    """Write ``count`` wheels into ``folder``, of which those in BROKEN come from among all; names begin with ``word``."""
    kinds = list(BROKEN)
    every = count // len(kinds)
    files, bad = [], {}
    for number in range(count):
        broken = kinds[number // every] if number % every == 0 and number // every < len(kinds) else None
        name, version = f"{word}-{number // versions:03}", f"1.{number % versions}"
        file = make_wheel(folder, name, version, broken=broken)
        files.append(file)
        if broken is not None:
            bad[file.name] = BROKEN[broken]
    return Stock(tuple(files), bad)


def fill_devpi(folder: Path, files: Iterable[Path], *, user: str, index: str) -> None:
    """Make the state of ``foreign_feeds.devpi(folder)`` with these files in it; a tenth of the time of uploads."""
    dump = folder / "dump"
    projects: dict[str, dict[str, Any]] = {}
    listed = []
    for file in files:
        project, version = release_of(file.name)
        path = f"{user}/{index}/{project}/{version}/{file.name}"
        (dump / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, dump / path)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        projects.setdefault(project, {})[version] = {"name": project, "version": version}
        facts = {"hash_spec": f"sha256={sha256}", "hashes": {"sha256": sha256}}
        facts |= {"project": project, "version": version, "last_modified": "Mon, 02 Mar 2026 09:00:00 GMT"}
        listed.append(
            {
                "type": "releasefile",
                "projectname": project,
                "version": version,
                "relpath": path,
                "entrymapping": facts,
                "log": [],
            }
        )
    stage = {"type": "stage", "bases": [], "volatile": False, "acl_upload": [user]}
    document = {
        "dumpversion": "2",
        "users": {"root": {"username": "root"}, user: {"username": user}},
        "indexes": {f"{user}/{index}": {"indexconfig": stage, "projects": projects, "files": listed}},
    }
    (dump / "dataindex.json").write_text(json.dumps(document))
    subprocess.run(
        [
            installed(_LOCK, "devpi-server").with_name("devpi-import"),
            "--no-root-pypi",
            "--serverdir",
            folder / "server",
            dump,
        ],
        cwd=folder,
        env=clean_environment(folder / "home") | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        timeout=_IMPORT_SECONDS,
        check=True,
    )


def wait_for_files(records_file: Path, least: int) -> None:
    """Wait until imports have gone through so many files, by the records themselves."""

    def has_come_so_far() -> bool:
        with closing(sqlite3.connect(records_file, timeout=30)) as records:
            count: int = records.execute("SELECT count(*) FROM moved_file").fetchone()[0]
            return count >= least

    wait_until(has_come_so_far)


def peak_memory_bytes(pid: int) -> int:
    """Return the most memory that a living process has held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    message = f"process {pid} is gone"
    raise LookupError(message)
