"""Wheels (PEP 427): their METADATA and their RECORD."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name
from packaging.version import Version

from feedgate.errors import Invalid
from feedgate.formats.archive import MissingMetadata, UnreadableArchive, open_zip, read_zip_member
from feedgate.model.distribution import parse_filename

__all__ = [
    "InvalidRecord",
    "MissingMetadata",
    "RecordRow",
    "UnreadableArchive",
    "dist_info",
    "parse_record",
    "read_metadata",
]

_SUFFIX: Final = ".dist-info"
_RECORD_COLUMNS: Final = 3
_SIZE = re.compile(r"[0-9]{1,18}")


class InvalidRecord(Invalid):
    """A RECORD with a row that is none."""

    code = "invalid-record"

    def __init__(self, *, reason: str) -> None:
        super().__init__(
            f"RECORD can not be read: {reason}",
            next_step="Build the wheel anew with a current build backend.",
        )


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One file of the wheel; the digest is urlsafe base64 without padding, as it stands there."""

    path: str
    algorithm: str | None
    digest: str | None
    size_bytes: int | None


def read_metadata(path: Path) -> bytes:
    """Return the METADATA of the wheel at ``path``, whose name is the wheel's own.

    Raises InvalidFilename, UnreadableArchive (also beyond 32 MiB) or
    MissingMetadata.
    """
    with open_zip(path) as archive:
        directory = dist_info(archive.namelist(), path.name)
        return read_zip_member(archive, f"{directory}/METADATA", filename=path.name)


def dist_info(names: Iterable[str], filename: str) -> str:
    """Return the one ``*.dist-info`` directory among the members' ``names``.

    Its project and version must be those of ``filename``, compared normalized.
    Raises MissingMetadata if there is none, another's, or a second one.
    """
    stem = parse_filename(filename)
    tops = {name.split("/", 1)[0] for name in names}
    found = sorted(top for top in tops if top.lower().endswith(_SUFFIX))
    if not found:
        raise MissingMetadata(filename, reason="it has no .dist-info directory (PEP 427)")
    if len(found) > 1:
        listed = ", ".join(found)[:200]
        raise MissingMetadata(filename, reason=f"it has more than one .dist-info directory: {listed}")
    name, _, version = found[0][: -len(_SUFFIX)].rpartition("-")
    if canonicalize_name(name) != stem.project or not _same_version(version, stem.version):
        raise MissingMetadata(filename, reason=f"its {found[0][:200]} is another release's")
    return found[0]


def parse_record(raw: bytes) -> tuple[RecordRow, ...]:
    """Return the rows of a RECORD; raises InvalidRecord, naming the row."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRecord(reason=f"it is not UTF-8 (byte {error.start})") from error
    try:
        return tuple(_row(columns) for columns in csv.reader(io.StringIO(text, newline="")) if columns)
    except csv.Error as error:
        raise InvalidRecord(reason=str(error)) from error


def _row(columns: list[str]) -> RecordRow:
    if len(columns) != _RECORD_COLUMNS or not columns[0]:
        raise InvalidRecord(reason=f"row {','.join(columns)[:200]!r} does not say path, hash and size")
    path, hashed, size = columns
    algorithm, equals, digest = hashed.partition("=")
    if hashed and not (algorithm and equals and digest):
        raise InvalidRecord(reason=f"the hash of {path[:200]!r} is not ALGORITHM=DIGEST")
    if size and not _SIZE.fullmatch(size):
        raise InvalidRecord(reason=f"the size of {path[:200]!r} is no number")
    return RecordRow(
        path=path,
        algorithm=algorithm.lower() or None,
        digest=digest.rstrip("=") or None,
        size_bytes=int(size) if size else None,
    )


def _same_version(raw: str, version: Version) -> bool:
    try:
        return Version(raw) == version
    except ValueError:  # also for more digits than Python reads
        return False
