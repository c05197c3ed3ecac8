"""Inspector: is this archive what an installer takes it for, and does it stay in its folder.

Wheels by PEP 427, with RECORD; sdists by PEP 625, 643 and 721. What is odd
without being unsafe is a note; the policy decides what follows from the rest.
"""

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from feedgate.formats.core_metadata import InvalidCoreMetadata, parse_core_metadata
from feedgate.formats.entry_points import script_names
from feedgate.formats.wheel import InvalidRecord
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.found import Found
from feedgate.inspectors.layout import (
    LARGEST_ENTRY_POINTS_BYTES,
    LARGEST_METADATA_BYTES,
    is_entry_points,
    is_metadata,
)
from feedgate.inspectors.members import Members
from feedgate.inspectors.paths import is_unprintable, leads_outside, shown
from feedgate.inspectors.protocol import Look, Member, MemberKind
from feedgate.inspectors.record import LARGEST_RECORD_BYTES, Hashing, Measured, Record, read_record
from feedgate.model.distribution import Kind
from feedgate.model.inspection import Finding, Severity
from feedgate.model.redaction import without_secrets

_NOTES: Final = frozenset({ArchiveCode.LINK, ArchiveCode.MANY_MEMBERS, ArchiveCode.PATH_ODD})
_CARELESS: Final = frozenset(
    {
        ArchiveCode.CASE_COLLISION,
        ArchiveCode.DATA_DESCRIPTOR,
        ArchiveCode.DATA_FOREIGN,
        ArchiveCode.DIRECT_REFERENCE,
        ArchiveCode.HEADER_ODD,
        ArchiveCode.NAME_ENCODING,
        ArchiveCode.RECORD_ABSENT,
        ArchiveCode.RECORD_INCOMPLETE,
        ArchiveCode.RECORD_MISSING,
        ArchiveCode.RECORD_SIZE,
        ArchiveCode.ZIP_COMMENT,
    }
)
_STATED = {
    field: re.compile(rb"(?im)^" + field.encode() + rb"[ \t]*:[ \t]*(.*?)[ \t]*\r?$")
    for field in ("Name", "Version")
}
_MAY_REFER: Final = re.compile(rb"(?i)(?:^|[\r\n])requires-dist[^@\r\n]*(?:[\r\n]+[ \t][^@\r\n]*)*@")
"""Parsing METADATA takes longer than the whole walk: it is done where an address may stand in it."""


class ArchiveInspector:
    """Looks at structure, paths, scripts' names and RECORD; one pass, nothing is unpacked."""

    name: ClassVar[str] = "archive"
    version: ClassVar[int] = 3

    def open(self, kind: Kind) -> Look:
        """Begin to look at a wheel or an sdist."""
        return _WheelLook() if kind is Kind.WHEEL else _SdistLook()


def severity_of(code: ArchiveCode) -> Severity:
    """Return how much a finding of ``code`` weighs by itself."""
    if code in _NOTES:
        return Severity.NOTE
    return Severity.LOW if code in _CARELESS else Severity.HIGH


class _ArchiveLook:
    """What wheels and sdists have in common."""

    kind: ClassVar[Kind]
    metadata_name: ClassVar[str]

    def __init__(self) -> None:
        self.found = Found(severity_of)
        self.members = Members(self.kind)
        self.metadata: bytearray | None = None
        self._stopped: Finding | None = None
        self._in_metadata = False

    def member(self, member: Member) -> None:
        for remark in (*member.remarks, *self.members.add(member)):
            self.found.add(remark.code, remark.sentence, remark.member)
        self._in_metadata = member.kind is MemberKind.FILE and is_metadata(member.name, self.kind)
        if self._in_metadata:
            self.metadata = bytearray()
            if member.size_bytes > LARGEST_METADATA_BYTES:
                limit = f"{LARGEST_METADATA_BYTES // 1024**2} MiB"
                self.found.add(
                    ArchiveCode.METADATA_TOO_LARGE,
                    f"its {self.metadata_name} is larger than {limit}",
                    shown(member.name),
                )

    def chunk(self, content: bytes) -> None:
        if self._in_metadata and self.metadata is not None and len(self.metadata) <= LARGEST_METADATA_BYTES:
            self.metadata += content

    def end(self, sha256: bytes) -> None:
        """Nothing is left to do; wheels compare with RECORD."""

    def stop(self, finding: Finding) -> None:
        self._stopped = finding

    def findings(self) -> tuple[Finding, ...]:
        if self._stopped is not None:
            return (self._stopped, *self.found.all())
        for remark in self.members.together():
            self.found.add(remark.code, remark.sentence, remark.member)
        if self.metadata is None:
            self.found.add(ArchiveCode.METADATA_MISSING, f"it has no {self.metadata_name}")
        for sentence in _direct_references(bytes(self.metadata or b"")):
            self.found.add(ArchiveCode.DIRECT_REFERENCE, sentence)
        self.compare()
        return self.found.all()

    def compare(self) -> None:
        """Hold the parts against each other, once all have come."""


class _SdistLook(_ArchiveLook):
    kind = Kind.SDIST
    metadata_name = "PKG-INFO"


class _WheelLook(_ArchiveLook):
    kind = Kind.WHEEL
    metadata_name = "METADATA"

    def __init__(self) -> None:
        super().__init__()
        self._has_wheel_file = False
        self._record_raw: bytearray | None = None
        self._record: Record | None = None
        self._measured: dict[str, Measured] = {}
        self._member = ""
        self._hashing = Hashing()
        self._in_record = False
        self._entry_points = bytearray()
        self._in_entry_points = False

    def member(self, member: Member) -> None:
        super().member(member)
        if member.kind is not MemberKind.FILE:
            return
        self._member = member.name
        dist_info = self.members.dist_info
        self._in_record = member.name == f"{dist_info}/RECORD"
        if self._in_record:
            self._record_raw = bytearray()
        self._in_entry_points = is_entry_points(member.name)
        if self._in_entry_points:
            self._entry_points += b"\n"  # a second one begins a line of its own
        self._has_wheel_file = self._has_wheel_file or member.name == f"{dist_info}/WHEEL"
        self._hashing = Hashing() if self._record is None else self._record.hashing(member.name)

    def chunk(self, content: bytes) -> None:
        super().chunk(content)
        self._hashing.chunk(content)
        if self._in_record and self._record_raw is not None and len(self._record_raw) <= LARGEST_RECORD_BYTES:
            self._record_raw += content
        if self._in_entry_points and len(self._entry_points) <= LARGEST_ENTRY_POINTS_BYTES:
            self._entry_points += content

    def end(self, sha256: bytes) -> None:
        self._measured[self._member] = self._hashing.end(sha256)
        if self._in_record and self._record_raw is not None:
            self._read_record(bytes(self._record_raw))

    def _read_record(self, raw: bytes) -> None:
        if len(raw) > LARGEST_RECORD_BYTES:
            limit = f"{LARGEST_RECORD_BYTES // 1024**2} MiB"
            self.found.add(ArchiveCode.RECORD_UNREADABLE, f"RECORD is larger than {limit}")
            return
        try:
            self._record = read_record(raw)
        except InvalidRecord as error:
            self.found.add(ArchiveCode.RECORD_UNREADABLE, shown(error.message))

    def compare(self) -> None:
        self._compare_scripts()
        dist_info = self.members.dist_info
        if dist_info is None:
            return
        if not self._has_wheel_file:
            self.found.add(ArchiveCode.WHEEL_MISSING, f"it has no {shown(dist_info)}/WHEEL")
        for sentence in _other_release(dist_info, bytes(self.metadata or b"")):
            self.found.add(ArchiveCode.DIST_INFO_MISMATCH, sentence, shown(dist_info))
        if self._record is not None:
            for differs in self._record.differences(self._measured, dist_info):
                self.found.add(differs.code, differs.sentence, differs.member)
        elif self._record_raw is None:
            self.found.add(ArchiveCode.RECORD_MISSING, "it has no RECORD")

    def _compare_scripts(self) -> None:
        """Say which scripts would be written elsewhere than into the folder of scripts."""
        if len(self._entry_points) > LARGEST_ENTRY_POINTS_BYTES:
            limit = f"{LARGEST_ENTRY_POINTS_BYTES // 1024**2} MiB"
            self.found.add(ArchiveCode.ENTRY_POINTS_TOO_LARGE, f"its entry_points.txt is larger than {limit}")
            return
        for name in script_names(bytes(self._entry_points)):
            if "/" in name or leads_outside(name) or is_unprintable(name):
                self.found.add(
                    ArchiveCode.SCRIPT_OUTSIDE,
                    f"its script '{shown(name)}' has a name that leads out of the folder of scripts",
                )


def _direct_references(metadata: bytes) -> Iterator[str]:
    """Say which requirements name an address; a METADATA that can not be read is the identity rule's."""
    if not _MAY_REFER.search(metadata):
        return
    try:
        references = parse_core_metadata(metadata, filename="").direct_references
    except InvalidCoreMetadata:
        return
    for requirement in references:
        name, address = shown(requirement.name), shown(without_secrets(str(requirement.url)))
        yield f"it requires {name} from an address, where an index is to say what comes: {address[:200]}"


def _other_release(dist_info: str, metadata: bytes) -> Iterator[str]:
    """Say where METADATA names another release than its folder; what it leaves out is not said here."""
    name, _, version = dist_info[: -len(".dist-info")].rpartition("-")
    headers = re.split(rb"\r?\n\r?\n", metadata, maxsplit=1)[0]
    stated_name, stated_version = _stated(headers, "Name"), _stated(headers, "Version")
    if stated_name and canonicalize_name(stated_name) != canonicalize_name(name):
        yield f"{shown(dist_info)} holds the METADATA of {shown(stated_name)}"
    elif stated_version and not _same_version(stated_version, version):
        yield f"{shown(dist_info)} holds the METADATA of version {shown(stated_version)}"


def _stated(headers: bytes, field: str) -> str | None:
    match = _STATED[field].search(headers)
    return None if match is None else match[1].decode(errors="replace")


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return one == other
