"""Write a lock file (PEP 751) for one target: every file of a closure, with its address and digest.

Installers fetch from the addresses alone and ask no index, so what was
proved is what they install.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from feedgate.formats.build_log import escape_commands
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName
from feedgate.model.times import format_time

CREATED_BY = "feedgate"


@dataclass(frozen=True, slots=True)
class LockedWheel:
    """One wheel of a lock: ``url`` is absolute, ``marker`` None where it is always installed."""

    project: ProjectName
    version: str
    filename: str
    url: str
    digest: Digest
    size_bytes: int | None = None
    uploaded_at: datetime | None = None
    marker: str | None = None


def write_lock(wheels: Iterable[LockedWheel], *, requires_python: str, environment: str) -> str:
    """Return the lock's text, by project; ``environment`` is the marker of the machines that it is for."""
    heading = (
        'lock-version = "1.0"\n'
        f"environments = [{_quoted(environment)}]\n"
        f"requires-python = {_quoted(requires_python)}\n"
        f"created-by = {_quoted(CREATED_BY)}\n"
    )
    packages = ["".join(_package(wheel)) for wheel in sorted(wheels, key=lambda wheel: wheel.project)]
    return heading + ("".join(packages) or "packages = []\n")


def _package(wheel: LockedWheel) -> Iterator[str]:
    yield f"\n[[packages]]\nname = {_quoted(wheel.project)}\nversion = {_quoted(wheel.version)}\n"
    if wheel.marker is not None:
        yield f"marker = {_quoted(wheel.marker)}\n"
    yield f"\n[[packages.wheels]]\nname = {_quoted(wheel.filename)}\n"
    if wheel.uploaded_at is not None:
        yield f"upload-time = {format_time(wheel.uploaded_at)}\n"
    yield f"url = {_quoted(wheel.url)}\n"
    if wheel.size_bytes is not None:
        yield f"size = {wheel.size_bytes}\n"
    yield f"\n[packages.wheels.hashes]\nsha256 = {_quoted(wheel.digest)}\n"


def _quoted(text: str) -> str:
    """Return a basic string of TOML: JSON's, with the one more character that TOML wants escaped."""
    return escape_commands(json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f"))
