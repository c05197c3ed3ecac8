"""The members of a gzipped tar, inflated once from front to back, with an end to it."""

import posixpath
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.gzip_stream import GzipStream
from feedgate.inspectors.limits import CHUNK_BYTES, LIMITS, Limits
from feedgate.inspectors.paths import shown
from feedgate.inspectors.protocol import Member, MemberKind
from feedgate.inspectors.stop import Stop

_BROKEN: Final = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OverflowError,
    RecursionError,  # a chain of extended headers
    ValueError,
)
_NO_ZIP: Final = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    ValueError,
    OSError,
)
_OF_EACH: Final = ("path", "linkpath", "size")
"""Extended headers that would rename or resize all members behind them."""


def read_tar(path: Path, limits: Limits = LIMITS) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Give each member with its bytes, in the archive's order; raises Stop.

    Whoever gets a FILE takes its bytes to the end before asking for the next;
    the others have none.
    """
    packed_bytes = path.stat().st_size
    with _in_words(), path.open("rb") as file:
        stream = GzipStream(file, packed_bytes, limits)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for count, entry in enumerate(archive, start=1):
                limits.check_members(count)
                _check_one_way(archive, entry)
                member = Member(entry.name, _kind(entry), entry.size, _target(entry))
                yield member, _content(archive, entry) if member.kind is MemberKind.FILE else iter(())
        # What ended the members and all behind it is zeros; read to the end, for there gzip has its checksum.
        rest = stream.last_read
        while rest:
            if rest.strip(b"\0"):
                raise Stop(ArchiveCode.FOREIGN_BYTES, "other bytes stand where the tar should end")
            rest = stream.read(CHUNK_BYTES)
        if _is_zip(path):
            raise Stop(ArchiveCode.BOTH_KINDS, "it is a gzipped tar and a zip file in one")


def _is_zip(path: Path) -> bool:
    """Whether a reader that looks for a zip's end would find one: some ask for that first."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(archive.infolist())
    except _NO_ZIP:
        return False


def _check_one_way(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    """Raise Stop where readers would take another size or name, and so another place for the next header."""
    if not entry.isreg() and entry.size:
        raise _two_ways(entry, "is no file, and has bytes of its own")
    # Beyond 8 GiB alone a size has no room in the header itself; no archive that is read here is so large.
    if "size" in entry.pax_headers:
        raise _two_ways(entry, "has two sizes")
    if any(name in archive.pax_headers for name in _OF_EACH):
        raise _two_ways(entry, "gets its name or size from a header for all members")


def _two_ways(entry: tarfile.TarInfo, reason: str) -> Stop:
    name = shown(entry.name)
    return Stop(ArchiveCode.READERS_DIFFER, f"{name} {reason}", name)


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[bytes]:
    with _in_words():
        content = archive.extractfile(entry)
        while content is not None and (chunk := content.read(CHUNK_BYTES)):
            yield chunk


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        reason = f"it can not be read as a gzipped tar ({shown(str(error) or type(error).__name__)})"
        raise Stop(ArchiveCode.UNREADABLE, reason) from error


def _kind(entry: tarfile.TarInfo) -> MemberKind:
    if entry.isdir():
        return MemberKind.DIRECTORY
    if entry.issym() or entry.islnk():
        return MemberKind.LINK
    return MemberKind.FILE if entry.isreg() and not entry.issparse() else MemberKind.SPECIAL


def _target(entry: tarfile.TarInfo) -> str | None:
    if entry.issym():
        return posixpath.join(posixpath.dirname(entry.name), entry.linkname)
    return entry.linkname if entry.islnk() else None
