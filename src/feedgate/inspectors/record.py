"""A wheel's RECORD held against the wheel (PEP 376, 427): each member listed, each with the hash it has."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from feedgate.formats.wheel import RecordRow, parse_record
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.paths import shown

LARGEST_RECORD_BYTES: Final = 16 * 1024 * 1024
"""Four times what as many rows take as an archive may have members."""

_UNLISTED: Final = ("RECORD", "RECORD.jws", "RECORD.p7s")
_SHA256: Final = "sha256"
_OTHER_STRONG: Final = frozenset(
    {"sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"}
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a member really is: its size, and its digests by algorithm, as RECORD writes them."""

    size_bytes: int
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which RECORD and wheel differ, and the member it is about."""

    code: ArchiveCode
    sentence: str
    member: str


@dataclass(slots=True)
class Hashing:
    """Hashes one member by what its rows in RECORD ask for, beyond the sha256 that comes anyway."""

    size_bytes: int = 0
    hashes: "dict[str, hashlib._Hash]" = field(default_factory=dict)

    def chunk(self, content: bytes) -> None:
        """Take the next bytes of the member."""
        self.size_bytes += len(content)
        for hashing in self.hashes.values():
            hashing.update(content)

    def end(self, sha256: bytes) -> Measured:
        """Return what the member is, now that it is whole."""
        digests = {algorithm: _written(hashing.digest()) for algorithm, hashing in self.hashes.items()}
        return Measured(self.size_bytes, {**digests, _SHA256: _written(sha256)})


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of a RECORD, by path; a path may be there twice."""

    rows: Mapping[str, Sequence[RecordRow]]

    def hashing(self, member: str) -> Hashing:
        """Begin to measure ``member``."""
        hashing = Hashing()
        for row in self.rows.get(member, ()):
            if row.algorithm is not None and row.algorithm in _OTHER_STRONG:
                hashing.hashes[row.algorithm] = hashlib.new(row.algorithm)
        return hashing

    def differences(self, members: Mapping[str, Measured], dist_info: str) -> Iterator[Difference]:
        """Say where RECORD and the wheel's files differ; signatures and RECORD itself need no row."""
        unlisted = {f"{dist_info}/{name}" for name in _UNLISTED}
        for path, rows in self.rows.items():
            if path in unlisted or path.endswith("/"):
                continue
            for row in rows:
                yield from _difference(row, members.get(path))
        for name in members:
            if name not in self.rows and name not in unlisted:
                yield Difference(
                    ArchiveCode.RECORD_INCOMPLETE, f"RECORD does not list {shown(name)}", shown(name)
                )


def read_record(raw: bytes) -> Record:
    """Return the RECORD in ``raw``; raises InvalidRecord."""
    rows: dict[str, list[RecordRow]] = {}
    for row in parse_record(raw):
        rows.setdefault(row.path, []).append(row)
    return Record(rows)


def _difference(row: RecordRow, measured: Measured | None) -> Iterator[Difference]:
    name = shown(row.path)
    if measured is None:
        yield Difference(ArchiveCode.RECORD_ABSENT, f"RECORD lists {name}, which is not there", name)
    elif row.digest is None or row.algorithm is None or row.algorithm not in measured.digests:
        by = "no hash" if row.algorithm is None else f"a hash by {shown(row.algorithm)}, which proves nothing"
        yield Difference(ArchiveCode.RECORD_INCOMPLETE, f"RECORD has {by} for {name}", name)
    elif row.digest != measured.digests[row.algorithm]:
        yield Difference(
            ArchiveCode.RECORD_MISMATCH, f"RECORD lists {name} with another hash than it has", name
        )
    elif row.size_bytes is not None and row.size_bytes != measured.size_bytes:
        yield Difference(ArchiveCode.RECORD_SIZE, f"RECORD lists {name} with another size than it has", name)


def _written(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
