"""One walk through a file for all inspectors: each member is inflated and hashed once.

A pure function of the file's bytes and what kind of archive its name says; it
writes nothing. It may take long or much memory: ``gate/look.py`` runs it in a
child process with limits.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feedgate.inspectors.archive import ArchiveInspector
from feedgate.inspectors.layout import LARGEST_METADATA_BYTES, is_metadata
from feedgate.inspectors.metadata import MetadataInspector
from feedgate.inspectors.protocol import Inspector, Look, Member, MemberKind
from feedgate.inspectors.stop import Stop
from feedgate.inspectors.tar_members import read_tar
from feedgate.inspectors.zip_members import read_zip
from feedgate.model.distribution import Kind, parse_filename
from feedgate.model.inspection import Finding

INSPECTORS: Final[tuple[Inspector, ...]] = (ArchiveInspector(), MetadataInspector())
"""All inspectors there are; a new one is a file of its own and a word here."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What each inspector found, in the order of the inspectors, and the file's METADATA or PKG-INFO."""

    findings: tuple[tuple[Finding, ...], ...]
    metadata: bytes | None


def walk(path: Path, filename: str, inspectors: Sequence[Inspector] = INSPECTORS) -> Walked:
    """Look at the file at ``path``, which goes by ``filename``; raises InvalidFilename.

    An archive that can not be read is a finding, not an error.
    """
    kind = parse_filename(filename).kind
    text = _MetadataText(kind)
    looks = [inspector.open(kind) for inspector in inspectors]
    try:
        _tell(path, is_tar=filename.endswith(".tar.gz"), looks=[text, *looks])
    except Stop as stop:
        for look in looks:
            look.stop(stop.finding)
    return Walked(tuple(look.findings() for look in looks), text.found)


def _tell(path: Path, *, is_tar: bool, looks: Sequence[Look]) -> None:
    for member, chunks in read_tar(path) if is_tar else read_zip(path):
        for look in looks:
            look.member(member)
        if member.kind is not MemberKind.FILE:
            continue
        sha256 = hashlib.sha256()
        for chunk in chunks:
            sha256.update(chunk)
            for look in looks:
                look.chunk(chunk)
        digest = sha256.digest()
        for look in looks:
            look.end(digest)


class _MetadataText:
    """Keeps the METADATA or PKG-INFO, of which there may be one."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._text: bytearray | None = None
        self.found: bytes | None = None

    def member(self, member: Member) -> None:
        wanted = member.size_bytes <= LARGEST_METADATA_BYTES and is_metadata(member.name, self._kind)
        self._text = bytearray() if wanted else None

    def chunk(self, content: bytes) -> None:
        if self._text is not None:
            self._text += content

    def end(self, sha256: bytes) -> None:
        if self._text is not None and self.found is None:
            self.found = bytes(self._text)

    def stop(self, finding: Finding) -> None:
        """Nothing to do: what came whole is kept."""

    def findings(self) -> tuple[Finding, ...]:
        return ()
