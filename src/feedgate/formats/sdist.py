"""Sdists (PEP 625, 643): their PKG-INFO, read without unpacking anything.

The standard library reads one header block; the walk from block to block is
ours, because its own reader runs for hours on extended headers made for that.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from feedgate.formats.archive import (
    LARGEST_METADATA_BYTES,
    MissingMetadata,
    UnreadableArchive,
    open_zip,
    read_zip_member,
)
from feedgate.model.distribution import parse_filename

MOST_INFLATED_BYTES: Final = 64 * 1024 * 1024
"""How much of a .tar.gz is inflated in search of its PKG-INFO."""

MOST_MEMBERS: Final = 5_000
"""How many headers of a .tar.gz are passed in search of its PKG-INFO."""

LARGEST_HEADER_BYTES: Final = 64 * 1024
"""The longest extended header (PAX, GNU) that is read."""

_PKG_INFO: Final = "PKG-INFO"
_BLOCK: Final = tarfile.BLOCKSIZE
_PIECE_BYTES: Final = 64 * 1024
_PAX: Final = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE)
_EXTENDED: Final = (*_PAX, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


def read_metadata(path: Path) -> bytes:
    """Return the PKG-INFO in the single top folder of the sdist at ``path``.

    Reads ``.tar.gz``, and ``.zip`` as of old, by the file's own name. Stops at
    the first PKG-INFO there; whether the rest is sound, an inspector says.
    Raises InvalidFilename, UnreadableArchive (also when no PKG-INFO comes
    within MOST_INFLATED_BYTES and MOST_MEMBERS) or MissingMetadata.
    """
    parse_filename(path.name)
    if path.name.endswith(".zip"):
        return _read_zip(path)
    try:
        with path.open("rb") as file, gzip.GzipFile(fileobj=file) as inflated:
            return _read_tar(_Tape(inflated, path.name), path.name)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UnreadableArchive(path.name, reason=str(error) or type(error).__name__) from error


class _Tape:
    """Reads on, never back, and not beyond MOST_INFLATED_BYTES."""

    def __init__(self, inflated: gzip.GzipFile, filename: str) -> None:
        self._inflated = inflated
        self._filename = filename
        self._left_bytes = MOST_INFLATED_BYTES

    def block(self) -> bytes:
        """Return the next block; empty at the end."""
        return self._read(_BLOCK)

    def content(self, size_bytes: int) -> bytes:
        """Return the content that follows a header, without its padding."""
        padded = -(-size_bytes // _BLOCK) * _BLOCK
        pieces = []
        while padded:
            piece = self._read(min(padded, _PIECE_BYTES))
            if not piece:
                raise UnreadableArchive(self._filename, reason="it is cut short")
            pieces.append(piece)
            padded -= len(piece)
        return b"".join(pieces)[:size_bytes]

    def skip(self, size_bytes: int) -> None:
        """Pass over the content that follows a header."""
        while size_bytes > 0:
            self.content(min(size_bytes, _PIECE_BYTES))
            size_bytes -= _PIECE_BYTES

    def _read(self, size_bytes: int) -> bytes:
        piece = self._inflated.read(size_bytes)
        self._left_bytes -= len(piece)
        if self._left_bytes < 0:
            limit = f"{MOST_INFLATED_BYTES // 1024**2} MiB"
            raise UnreadableArchive(self._filename, reason=f"no {_PKG_INFO} within its first {limit}")
        return piece


def _read_tar(tape: _Tape, filename: str) -> bytes:
    top = None
    for member in _members(tape, filename):
        folder, _, rest = member.name.removeprefix("./").partition("/")
        if folder not in {"", "."}:
            top = top or folder
            if folder != top or folder == "..":
                raise UnreadableArchive(filename, reason=f"more than one top folder: {folder[:80]!r}")
            if rest == _PKG_INFO:
                return _plain_content(tape, member, filename)
        if member.isreg() or member.type not in tarfile.SUPPORTED_TYPES:
            tape.skip(member.size)
    raise MissingMetadata(filename, reason=f"it has no {_PKG_INFO} in its top folder (PEP 643)")


def _members(tape: _Tape, filename: str) -> Iterator[tarfile.TarInfo]:
    """Yield members under their full names; the caller takes or skips the content of each."""
    full_name = None
    for _ in range(MOST_MEMBERS):
        block = tape.block()
        if not block.strip(b"\0"):
            return
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if member.size < 0 or (member.type in _EXTENDED and member.size > LARGEST_HEADER_BYTES):
            raise UnreadableArchive(filename, reason=f"a header says {member.size} bytes follow it")
        if member.type == tarfile.GNUTYPE_SPARSE:
            raise UnreadableArchive(filename, reason="it has a sparse member")
        if member.type in _PAX:
            stated = _pax_path(tape.content(member.size), filename)
            full_name = full_name if member.type == tarfile.XGLTYPE else stated or full_name
        elif member.type == tarfile.GNUTYPE_LONGNAME:
            full_name = tape.content(member.size).rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif member.type == tarfile.GNUTYPE_LONGLINK:
            tape.content(member.size)
        else:
            member.name = full_name or member.name
            full_name = None
            yield member
    raise UnreadableArchive(filename, reason=f"no {_PKG_INFO} among its first {MOST_MEMBERS} members")


def _pax_path(records: bytes, filename: str) -> str | None:
    """Return the path that a PAX header states (POSIX.1-2001: ``LENGTH KEY=VALUE`` and a newline)."""
    path = None
    start = 0
    while start < len(records) and records[start]:
        digits, _, _ = records[start : start + 20].partition(b" ")
        stop = start + int(digits) if digits.isdigit() else start
        key, equals, value = records[start + len(digits) + 1 : stop - 1].partition(b"=")
        if not equals or records[stop - 1 : stop] != b"\n":
            raise UnreadableArchive(filename, reason="a PAX header can not be read")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise UnreadableArchive(
                filename, reason=f"a PAX header sets {key[:40].decode('ascii', 'replace')}"
            )
        if key == b"path":
            path = value.decode("utf-8", "surrogateescape").rstrip("/")
        start = stop
    return path


def _plain_content(tape: _Tape, member: tarfile.TarInfo, filename: str) -> bytes:
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
        raise UnreadableArchive(filename, reason=f"its {_PKG_INFO} is no plain file")
    if member.size > LARGEST_METADATA_BYTES:
        limit = f"{LARGEST_METADATA_BYTES // 1024**2} MiB"
        raise UnreadableArchive(filename, reason=f"{_PKG_INFO} is larger than {limit}")
    return tape.content(member.size)


def _read_zip(path: Path) -> bytes:
    with open_zip(path) as archive:
        tops = sorted({name.split("/", 1)[0] for name in archive.namelist()})
        if len(tops) != 1:
            raise UnreadableArchive(path.name, reason=f"{len(tops)} top folders instead of one")
        return read_zip_member(archive, f"{tops[0]}/{_PKG_INFO}", filename=path.name)
