"""The members of a zip, each inflated once and held against what the zip says of it.

The directory is read by zipfile. The bytes are inflated here: zipfile's own
streams take twice the time, and read on where two readers would disagree.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.layout import dist_info_of
from feedgate.inspectors.limits import CHUNK_BYTES, LIMITS, Limits
from feedgate.inspectors.paths import shown
from feedgate.inspectors.protocol import Member, MemberKind
from feedgate.inspectors.stop import Stop

_LOCAL_HEADER: Final = struct.Struct("<4s2B4HL2L2H")
_LOCAL_SIGNATURE: Final = b"PK\x03\x04"
_END_SIGNATURE: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_ENCRYPTED: Final = 0x1
_UTF8: Final = 0x800
_SPECIAL: Final = frozenset({stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK})
_BROKEN: Final = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    NotImplementedError,  # a zip version that zipfile does not know
    OverflowError,
    ValueError,  # also names that are not the UTF-8 they are said to be
    OSError,  # a place before the file's beginning
)


def read_zip(path: Path, limits: Limits = LIMITS) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Give each member with its bytes, ``*.dist-info/`` first; raises Stop.

    Whoever gets a FILE takes its bytes to the end before asking for the next;
    the others have none.
    """
    with path.open("rb", buffering=CHUNK_BYTES) as file:
        entries, ends = _directory(file, limits)
        for entry in sorted(entries, key=lambda entry: dist_info_of(entry.filename) is None):
            member = Member(entry.orig_filename, _kind(entry), entry.file_size)
            is_file = member.kind is MemberKind.FILE
            yield member, _inflate(file, entry, ends[entry.header_offset]) if is_file else iter(())


def _directory(file: BinaryIO, limits: Limits) -> tuple[list[zipfile.ZipInfo], dict[int, int]]:
    """Return the entries in the order they lie, and by their offset where each must have ended."""
    if file.read(len(_LOCAL_SIGNATURE)) != _LOCAL_SIGNATURE:
        raise Stop(ArchiveCode.UNREADABLE, "it does not begin as a zip file does")
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise Stop(
            ArchiveCode.UNREADABLE, f"it can not be read as a zip file ({shown(str(error))})"
        ) from error
    packed_bytes = file.seek(0, 2)
    file.seek(max(0, packed_bytes - _END_BYTES - len(archive.comment)))
    if file.read(len(_END_SIGNATURE)) != _END_SIGNATURE:
        raise Stop(ArchiveCode.UNREADABLE, "other bytes stand behind the end of the zip file")
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    limits.check_members(len(entries))
    limits.check_inflated(sum(entry.file_size for entry in entries), packed_bytes)
    if not entries or entries[0].header_offset != 0:
        raise Stop(ArchiveCode.UNREADABLE, "its list of members leaves out what stands first")
    offsets = [entry.header_offset for entry in entries]
    if len(set(offsets)) < len(offsets):
        raise Stop(ArchiveCode.UNREADABLE, "two of its members lie in one place")
    return entries, dict(zip(offsets, [*offsets[1:], archive.start_dir], strict=True))


def _kind(entry: zipfile.ZipInfo) -> MemberKind:
    form = stat.S_IFMT(entry.external_attr >> 16)
    if form == stat.S_IFLNK:
        return MemberKind.LINK
    if form in _SPECIAL:
        return MemberKind.SPECIAL
    return MemberKind.DIRECTORY if entry.orig_filename.endswith("/") else MemberKind.FILE


def _inflate(file: BinaryIO, entry: zipfile.ZipInfo, end: int) -> Iterator[bytes]:
    start = _start(file, entry)
    if start + entry.compress_size > end:
        raise _broken(entry, "reaches into the next one")
    file.seek(start)
    packed = _packed(file, entry)
    if entry.compress_type == zipfile.ZIP_STORED:
        chunks = packed
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        chunks = _deflated(packed, entry)
    else:
        raise _broken(entry, f"is compressed by method {entry.compress_type}, which few installers read")
    size_bytes = checksum = 0
    for chunk in chunks:
        size_bytes += len(chunk)
        if size_bytes > entry.file_size:
            break
        checksum = zlib.crc32(chunk, checksum)
        yield chunk
    if size_bytes != entry.file_size:
        raise _broken(entry, "has another size than the zip file states")
    if checksum != entry.CRC:
        raise _broken(entry, "is damaged: its checksum differs")


def _start(file: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """Return where the packed bytes begin, behind a header that agrees with the directory."""
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_SIGNATURE):
        raise _broken(entry, "is not where the zip file says")
    fields = _LOCAL_HEADER.unpack(header)
    flags, method = int(fields[3]), int(fields[4])
    name_bytes, extra_bytes = int(fields[10]), int(fields[11])
    if (flags | entry.flag_bits) & _ENCRYPTED:
        raise Stop(
            ArchiveCode.ENCRYPTED, f"{shown(entry.orig_filename)} is encrypted", shown(entry.orig_filename)
        )
    if file.read(name_bytes) != _written_name(entry) or method != entry.compress_type:
        raise _broken(entry, "goes by another name or method where it lies than in the list of members")
    return entry.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes


def _written_name(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")


def _packed(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    left_bytes = entry.compress_size
    while left_bytes:
        chunk = file.read(min(left_bytes, CHUNK_BYTES))
        if not chunk:
            raise _broken(entry, "is cut off")
        left_bytes -= len(chunk)
        yield chunk


def _deflated(packed: Iterator[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    most_bytes = min(entry.file_size, 4 * CHUNK_BYTES) + 1
    try:
        for piece in packed:
            chunk = inflating.decompress(piece, most_bytes)
            while chunk:
                yield chunk
                chunk = b"" if inflating.eof else inflating.decompress(inflating.unconsumed_tail, most_bytes)
    except zlib.error as error:
        raise _broken(entry, "is damaged: it can not be inflated") from error
    if not inflating.eof or inflating.unused_data:
        raise _broken(entry, "ends elsewhere than the zip file states")


def _broken(entry: zipfile.ZipInfo, reason: str) -> Stop:
    name = shown(entry.orig_filename)
    return Stop(ArchiveCode.UNREADABLE, f"{name} {reason}", name)
