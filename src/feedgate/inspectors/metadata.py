"""Inspector: does a distribution say of itself what an index may show and an installer may act on.

Core metadata as PyPI asks for it on upload (PEP 345 to 794), the licence files that it
names, entry points, and a wheel's WHEEL. What old files of PyPI have is found all the
same; the policy decides what follows.
"""

from typing import ClassVar, Final

from feedgate.inspectors.found import Found
from feedgate.inspectors.layout import (
    LARGEST_ENTRY_POINTS_BYTES,
    LARGEST_METADATA_BYTES,
    dist_info_of,
    is_entry_points,
    is_metadata,
)
from feedgate.inspectors.metadata_code import MetadataCode, severity_of
from feedgate.inspectors.metadata_fields import check_fields, stated_licence_files
from feedgate.inspectors.metadata_files import check_entry_points, check_wheel_file
from feedgate.inspectors.paths import plain, shown
from feedgate.inspectors.protocol import Look, Member, MemberKind
from feedgate.model.distribution import Kind
from feedgate.model.inspection import Finding

LARGEST_WHEEL_FILE_BYTES: Final = 64 * 1024


class MetadataInspector:
    """Looks at METADATA or PKG-INFO, and at what stands beside it."""

    name: ClassVar[str] = "metadata"
    version: ClassVar[int] = 1

    def open(self, kind: Kind) -> Look:
        """Begin to look at a wheel or an sdist."""
        return _MetadataLook(kind)


class _MetadataLook:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._names: set[str] = set()
        self._metadata: bytearray | None = None
        self._metadata_name = ""
        self._entry_points: bytearray | None = None
        self._wheel_file: bytearray | None = None
        self._reading: bytearray | None = None
        self._most_bytes = 0
        self._is_whole = True

    def member(self, member: Member) -> None:
        self._reading = None
        if member.kind is not MemberKind.FILE:
            return
        if self._kind is Kind.WHEEL and ".dist-info/" not in member.name.lower():
            return
        self._names.add(member.name)
        if is_metadata(member.name, self._kind):
            if self._metadata is None:
                self._metadata, self._metadata_name = bytearray(), member.name
                self._read(self._metadata, LARGEST_METADATA_BYTES)
        elif self._kind is Kind.WHEEL and is_entry_points(member.name):
            self._entry_points = bytearray()
            self._read(self._entry_points, LARGEST_ENTRY_POINTS_BYTES)
        elif (
            self._kind is Kind.WHEEL
            and dist_info_of(member.name)
            and member.name.endswith(".dist-info/WHEEL")
        ):
            self._wheel_file = bytearray()
            self._read(self._wheel_file, LARGEST_WHEEL_FILE_BYTES)

    def chunk(self, content: bytes) -> None:
        if self._reading is not None and len(self._reading) <= self._most_bytes:
            self._reading += content

    def end(self, sha256: bytes) -> None:
        self._reading = None

    def stop(self, finding: Finding) -> None:
        self._is_whole = False

    def findings(self) -> tuple[Finding, ...]:
        found = Found(severity_of)
        # One that is larger is the archive inspector's to name.
        if self._metadata is not None and len(self._metadata) <= LARGEST_METADATA_BYTES:
            raw = bytes(self._metadata)
            check_fields(raw, found)
            if self._is_whole:
                self._check_licence_files(raw, found)
        if self._entry_points is not None and len(self._entry_points) <= LARGEST_ENTRY_POINTS_BYTES:
            check_entry_points(bytes(self._entry_points), found)
        if self._wheel_file is not None and self._is_whole:
            check_wheel_file(bytes(self._wheel_file[:LARGEST_WHEEL_FILE_BYTES]), found)
        return found.all()

    def _read(self, into: bytearray, most_bytes: int) -> None:
        self._reading, self._most_bytes = into, most_bytes

    def _check_licence_files(self, raw: bytes, found: Found[MetadataCode]) -> None:
        folder = plain(self._metadata_name).rpartition("/")[0]
        if self._kind is Kind.WHEEL:
            folder = f"{folder}/licenses"
        stated = stated_licence_files(raw)
        names = {plain(name) for name in self._names} if stated else set()
        for path in stated:
            if plain(f"{folder}/{path}") not in names:
                found.add(
                    MetadataCode.LICENCE_FILE_MISSING,
                    f"it names the licence file {shown(path)}, which is not there",
                    shown(path),
                )
