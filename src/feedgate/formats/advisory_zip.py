"""A zip of OSV records, as databases are handed out: read member by member, within limits.

The zip comes from a stranger: it may be a bomb, its members may go by names that lead elsewhere.
Nothing of it is ever unpacked to disk, and still such a zip is refused whole.
"""

import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from feedgate.errors import Invalid
from feedgate.formats.archive import UnreadableArchive, open_zip
from feedgate.formats.osv import InvalidAdvisory, parse_advisory
from feedgate.model.advisory import Advisory

MOST_INFLATED_BYTES: Final = 512 * 1024 * 1024
LARGEST_RECORD_BYTES: Final = 8 * 1024 * 1024
MOST_MEMBERS: Final = 200_000
MOST_DIRECTORY_BYTES: Final = 64 * 1024 * 1024
"""What the list of members may take: zipfile reads all of it before it can be counted."""

_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_LONGEST_COMMENT_BYTES: Final = 65_535
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_CHUNK_BYTES: Final = 1024 * 1024


class HostileAdvisoryZip(Invalid):
    """An advisory database whose zip is no honest one, or larger than any."""

    code = "hostile-advisory-zip"

    def __init__(self, source: str, *, reason: str) -> None:
        super().__init__(
            f"advisory source {source}: the zip is not taken: {reason}",
            next_step="Nothing was changed. Fetch the database anew, from its own address.",
            facts={"source": source},
        )


@dataclass(frozen=True, slots=True)
class ReadZip:
    """What a zip holds: the advisories on PyPI's projects, and what could not be read, with the member's name."""

    advisories: tuple[Advisory, ...]
    findings: tuple[str, ...]


def read_advisory_zip(path: Path, source: str) -> ReadZip:
    """Read the records of the zip at ``path``, which errors call by ``source``.

    A record that can not be read is a finding; of two with one id the newer counts. Raises HostileAdvisoryZip.
    """
    newest: dict[str, Advisory] = {}
    findings: list[str] = []
    try:
        for name, raw in _members(path, source):
            try:
                advisory = parse_advisory(raw)
            except InvalidAdvisory as error:
                findings.append(f"{_shown(name)}: {error.message}")
                continue
            if advisory is None:
                continue
            known = newest.get(advisory.id)
            if known is not None:
                findings.append(f"{advisory.id}: it is there twice, and the newer record counts")
            if known is None or known.modified <= advisory.modified:
                newest[advisory.id] = advisory
    except UnreadableArchive as error:
        raise HostileAdvisoryZip(source, reason=error.message.partition(": ")[2]) from error
    advisories = tuple(newest[identity] for identity in sorted(newest))
    findings.extend(f"{one.id}: {finding}" for one in advisories for finding in one.findings)
    return ReadZip(advisories, tuple(findings))


def _members(path: Path, source: str) -> Iterator[tuple[str, bytes]]:
    """Yield each record's name and bytes."""
    with path.open("rb") as file:
        _check_directory(file, source)
    left_bytes = MOST_INFLATED_BYTES
    with open_zip(path) as archive:
        entries = archive.infolist()
        _check_entries(entries, source)
        for entry in entries:
            if entry.is_dir() or not entry.filename.endswith(".json"):
                continue
            raw = _inflate(archive, entry, source, min(left_bytes, LARGEST_RECORD_BYTES))
            left_bytes -= len(raw)
            yield entry.filename, raw


def _check_directory(file: BinaryIO, source: str) -> None:
    """Raise HostileAdvisoryZip where the list of members is longer than honest ones are, before anybody reads it."""
    size_bytes = file.seek(0, 2)
    file.seek(max(0, size_bytes - _END.size - _LONGEST_COMMENT_BYTES))
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        raise HostileAdvisoryZip(source, reason="it is no zip file, or is cut off")
    directory_bytes = int(_END.unpack_from(tail, at)[5])
    if directory_bytes == 0xFFFF_FFFF:
        raise HostileAdvisoryZip(source, reason="its list of members is of a form for 4 GiB and more")
    if directory_bytes > MOST_DIRECTORY_BYTES:
        raise _too_large(source, "its list of members has", directory_bytes, MOST_DIRECTORY_BYTES)


def _check_entries(entries: list[zipfile.ZipInfo], source: str) -> None:
    if len(entries) > MOST_MEMBERS:
        raise HostileAdvisoryZip(source, reason=f"it has {len(entries)} members, the limit is {MOST_MEMBERS}")
    inflated_bytes = sum(entry.file_size for entry in entries)
    if inflated_bytes > MOST_INFLATED_BYTES:
        raise _too_large(source, "its members have", inflated_bytes, MOST_INFLATED_BYTES)
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        form = stat.S_IFMT(entry.external_attr >> 16)
        if _leads_elsewhere(name) or not name.isprintable():
            raise HostileAdvisoryZip(source, reason=f"{_shown(name)} is a path that leads elsewhere")
        if form not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise HostileAdvisoryZip(source, reason=f"{_shown(name)} is a link or a device")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise HostileAdvisoryZip(source, reason=f"{_shown(name)} is encrypted or not deflated")
        if name in seen:
            raise HostileAdvisoryZip(source, reason=f"{_shown(name)} is in it twice")
        seen.add(name)


def _leads_elsewhere(name: str) -> bool:
    return not name or name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: str, limit_bytes: int) -> bytes:
    raw = bytearray()
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            raw += chunk
            if len(raw) > limit_bytes:
                raise _too_large(source, f"{_shown(entry.filename)} has", len(raw), limit_bytes)
    return bytes(raw)


def _too_large(source: str, what: str, size_bytes: int, limit_bytes: int) -> HostileAdvisoryZip:
    return HostileAdvisoryZip(
        source, reason=f"{what} {size_bytes} bytes or more inflated, the limit is {limit_bytes}"
    )


def _shown(name: str) -> str:
    return repr(name[:100])
