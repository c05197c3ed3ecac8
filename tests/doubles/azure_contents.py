"""What the stand-in's feed holds: files in a folder, and a journal of what became of them."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from packaging.utils import (
    canonicalize_name,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)


@dataclass(frozen=True)
class Held:
    """One file. ``is_saved`` is False for what only an upstream source has; ``size`` is in bytes."""

    project: str
    name: str
    version: str
    filename: str
    sha256: str
    size: int
    requires_python: str | None = None
    is_published: bool = True
    is_saved: bool = True
    stored_at: float = 0.0
    views: tuple[str, ...] = ()

    @property
    def release(self) -> tuple[str, str]:
        return self.project, short(self.version)


class Contents:
    """The files of one feed; a second one on the same folder continues where the first was left."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs"
        self._journal = folder / "journal.jsonl"
        self._held: dict[str, Held] = {}
        self._deleted: dict[str, Held] = {}
        self._blobs.mkdir(parents=True, exist_ok=True)
        if self._journal.exists():
            for line in self._journal.read_text().splitlines():
                self._apply(json.loads(line))

    def __iter__(self) -> Iterator[Held]:
        return iter(tuple(self._held.values()))

    def find(self, filename: str) -> Held | None:
        return self._held.get(filename)

    def of_project(self, project: str) -> list[Held]:
        return [held for held in self if held.project == project]

    def blob(self, sha256: str) -> Path:
        return self._blobs / sha256

    def incoming(self, number: int) -> Path:
        """Where an upload is written until it is whole."""
        return self._blobs / f"incoming-{number}"

    def is_deleted(self, project: str, version: str) -> bool:
        """Whether that version was there once: it is never free again."""
        return any(held.release == (project, short(version)) for held in tuple(self._deleted.values()))

    def put(self, body: bytes, **facts: Any) -> Held:
        """Keep ``body`` and list it; ``facts`` as in Held."""
        sha256 = hashlib.sha256(body).hexdigest()
        if not self.blob(sha256).exists():
            self.blob(sha256).write_bytes(body)
        return self.keep(Held(sha256=sha256, size=len(body), stored_at=time.time(), **facts))

    def keep(self, held: Held) -> Held:
        """List a file whose blob is there."""
        self._note({"act": "held", **asdict(held)})
        return held

    def save(self, held: Held) -> None:
        """Save what an upstream source has; from then on a reader may have it."""
        self.keep(replace(held, is_saved=True))

    def promote(self, project: str, version: str, view: str) -> None:
        for held in self._release(project, version):
            self.keep(replace(held, views=(*held.views, view.casefold())))

    def delete(self, project: str, version: str) -> None:
        """Take a version off the feed; its files can be seen no more, nor published again."""
        for held in self._release(project, version):
            self._note({"act": "deleted", "filename": held.filename})

    def restore(self, project: str, version: str) -> None:
        """Bring a deleted version back, as an Owner does from the recycle bin."""
        release = canonicalize_name(project), short(version)
        for held in [held for held in self._deleted.values() if held.release == release]:
            self._note({"act": "restored", "filename": held.filename})

    def forget(self) -> None:
        """Be as if nothing had ever been here."""
        self._note({"act": "forgotten"})

    def _release(self, project: str, version: str) -> list[Held]:
        release = canonicalize_name(project), short(version)
        found = [held for held in self if held.release == release]
        if not found:
            message = f"{project} {version} is not in the feed"
            raise KeyError(message)
        return found

    def _note(self, act: dict[str, Any]) -> None:
        with self._journal.open("a") as journal:
            journal.write(f"{json.dumps(act)}\n")
        self._apply(act)

    def _apply(self, act: dict[str, Any]) -> None:
        facts = dict(act)
        match facts.pop("act"):
            case "held":
                held = Held(**{**facts, "views": tuple(facts["views"])})
                self._held[held.filename] = held
            case "deleted":
                self._deleted[facts["filename"]] = self._held.pop(facts["filename"])
            case "restored":
                self._held[facts["filename"]] = self._deleted.pop(facts["filename"])
            case "forgotten":
                self._held.clear()
                self._deleted.clear()


def short(version: str) -> str:
    """Return a version as Azure writes it in an address: normalized, without zeros at its end."""
    return canonicalize_version(version, strip_trailing_zero=True)


def release_of(filename: str) -> tuple[str, str]:
    """Return project and version that a file name states; raises ValueError (packaging's own) if none."""
    if filename.endswith(".whl"):
        name, version, _, _ = parse_wheel_filename(filename)
        return name, str(version)
    name, parsed = parse_sdist_filename(filename)
    return name, str(parsed)


def requires_python_of(filename: str, body: bytes) -> str | None:
    """Read Requires-Python out of a wheel, None where there is none to read."""
    if not filename.endswith(".whl") or not zipfile.is_zipfile(io.BytesIO(body)):
        return None
    with zipfile.ZipFile(io.BytesIO(body)) as wheel:
        for member in wheel.namelist():
            if member.endswith(".dist-info/METADATA"):
                stated = BytesParser().parsebytes(wheel.read(member))["Requires-Python"]
                return None if stated is None else str(stated)
    return None
