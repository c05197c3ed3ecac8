"""The members of a gzipped tar, inflated once from front to back, with an end to it."""

import gzip
import io
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.limits import CHUNK_BYTES, LIMITS, Limits
from feedgate.inspectors.paths import shown
from feedgate.inspectors.protocol import Member, MemberKind
from feedgate.inspectors.stop import Stop

_BROKEN: Final = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    OverflowError,
    RecursionError,  # a chain of extended headers
    ValueError,
)


def read_tar(path: Path, limits: Limits = LIMITS) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Give each member with its bytes, in the archive's order; raises Stop.

    Whoever gets a FILE takes its bytes to the end before asking for the next;
    the others have none.
    """
    packed_bytes = path.stat().st_size
    with _in_words(), gzip.open(path) as inflated:
        stream = _Bounded(inflated, packed_bytes, limits)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for count, entry in enumerate(archive, start=1):
                limits.check_members(count)
                member = Member(entry.name, _kind(entry), entry.size, _target(entry))
                yield member, _content(archive, entry) if member.kind is MemberKind.FILE else iter(())
        # What ended the members and all behind it is zeros; read to the end, for there gzip has its checksum.
        rest = stream.last_read
        while rest:
            if rest.strip(b"\0"):
                raise Stop(ArchiveCode.UNREADABLE, "other bytes stand where the tar should end")
            rest = stream.read(CHUNK_BYTES)


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


class _Bounded(io.RawIOBase):
    """Inflated bytes, of which there may be no more than the ratio allows; raises Stop."""

    def __init__(self, inflated: gzip.GzipFile, packed_bytes: int, limits: Limits) -> None:
        self._inflated = inflated
        self._packed_bytes = packed_bytes
        self._limits = limits
        self.last_read = b""

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; a header may ask for any number of them."""
        left_bytes = self._limits.most_inflated_bytes(self._packed_bytes) - self._inflated.tell()
        self.last_read = self._inflated.read(left_bytes + 1 if size < 0 else min(size, left_bytes + 1))
        self._limits.check_inflated(self._inflated.tell(), self._packed_bytes)
        return self.last_read

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to ``offset``; what is passed over is inflated all the same."""
        self._limits.check_inflated(offset, self._packed_bytes)
        return self._inflated.seek(offset, whence)

    def tell(self) -> int:
        """Return how much was inflated so far."""
        return self._inflated.tell()
