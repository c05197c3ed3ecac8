"""The members of a zip, each inflated once and held against what the zip says of it.

Each member says of itself, where it lies, what the list says of it too. The bytes are
inflated here: zipfile's own streams take twice the time, and read on where two readers
would disagree.
"""

import stat
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.layout import dist_info_of
from feedgate.inspectors.limits import CHUNK_BYTES, LIMITS, Limits
from feedgate.inspectors.paths import shown
from feedgate.inspectors.protocol import Member, MemberKind, Remark
from feedgate.inspectors.stop import Stop
from feedgate.inspectors.zip_directory import LOCAL_SIGNATURE, UTF8, Directory, Entry, read_directory
from feedgate.inspectors.zip_extra import BrokenExtra, differ, other_name, read_extra, wide_numbers

_LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")
_DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
_DESCRIPTORS: Final = {12: struct.Struct("<3L"), 20: struct.Struct("<L2Q")}
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_DESCRIBED: Final = 0x8
_PATCHED: Final = 0x20
_WIDE: Final = 0xFFFFFFFF
_STORED: Final = 0
_DEFLATED: Final = 8
_SPECIAL: Final = frozenset({stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK})

_Numbers: TypeAlias = tuple[int, int, int]
"""A member's checksum, its packed bytes and its size."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a member's packed bytes begin, where the next member does, and what is odd about its headers."""

    start: int
    end: int
    remarks: tuple[Remark, ...]


def read_zip(path: Path, limits: Limits = LIMITS) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Give each member with its bytes, ``*.dist-info/`` first; raises Stop.

    Whoever gets a FILE takes its bytes to the end before asking for the next;
    the others have none.
    """
    packed_bytes = path.stat().st_size
    with path.open("rb", buffering=CHUNK_BYTES) as file:
        directory = _directory(file, packed_bytes, limits)
        entries = directory.entries
        offsets = [entry.offset for entry in entries]
        ends = dict(zip(offsets, [*offsets[1:], directory.start], strict=True))
        first = _of_the_whole(directory)
        for entry in sorted(entries, key=lambda entry: dist_info_of(entry.name) is None):
            kind = _kind(entry)
            place = _place(file, entry, ends[entry.offset])
            if kind is MemberKind.DIRECTORY:
                _check_folder(file, entry, place)
            member = Member(entry.name, kind, entry.size_bytes, remarks=(*first, *place.remarks))
            first = ()
            yield member, _inflate(file, entry, place) if kind is MemberKind.FILE else iter(())


def _directory(file: BinaryIO, packed_bytes: int, limits: Limits) -> Directory:
    beginning = file.read(tarfile.BLOCKSIZE)
    if not beginning.startswith(LOCAL_SIGNATURE):
        raise Stop(ArchiveCode.UNREADABLE, "it does not begin as a zip file does")
    if _is_tar(beginning):
        raise Stop(ArchiveCode.BOTH_KINDS, "it is a zip file and a tar in one")
    directory = read_directory(file, packed_bytes, limits)
    entries = directory.entries
    limits.check_inflated(sum(entry.size_bytes for entry in entries), packed_bytes)
    if not entries or entries[0].offset != 0:
        raise Stop(ArchiveCode.FOREIGN_BYTES, "its list of members leaves out what stands first")
    if len({entry.offset for entry in entries}) < len(entries):
        raise Stop(ArchiveCode.MEMBERS_OVERLAP, "two of its members lie in one place")
    return directory


def _is_tar(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _of_the_whole(directory: Directory) -> tuple[Remark, ...]:
    if b"PK\x05\x06" in directory.comment or b"PK\x06\x07" in directory.comment:
        raise Stop(ArchiveCode.READERS_DIFFER, "its comment holds another end of a zip file")
    return (Remark(ArchiveCode.ZIP_COMMENT, "the zip file has a comment"),) if directory.comment else ()


def _kind(entry: Entry) -> MemberKind:
    form = stat.S_IFMT(entry.mode)
    if form == stat.S_IFLNK:
        return MemberKind.LINK
    if form in _SPECIAL:
        return MemberKind.SPECIAL
    return MemberKind.DIRECTORY if entry.name.endswith("/") else MemberKind.FILE


def _place(file: BinaryIO, entry: Entry, end: int) -> _Place:
    """Hold what stands before and behind the packed bytes against the list; raises Stop."""
    file.seek(entry.offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(LOCAL_SIGNATURE):
        raise _broken(entry, "is not where the zip file says")
    _, _, flags, method, time, date, crc, packed, size, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    if (flags | entry.flags) & _ENCRYPTED:
        raise Stop(ArchiveCode.ENCRYPTED, f"{shown(entry.name)} is encrypted", shown(entry.name))
    written, extra = file.read(name_bytes), file.read(extra_bytes)
    if written != entry.written or method != entry.method:
        raise _two_ways(entry, "goes by another name or method where it lies than in the list of members")
    if (flags ^ entry.flags) & (UTF8 | _DESCRIBED | _PATCHED) or entry.flags & _PATCHED:
        raise _two_ways(entry, "has other flags where it lies than in the list of members")
    numbers, is_odd = _with_extra(entry, written, extra, (crc, packed, size))
    is_odd = is_odd or flags != entry.flags or date << 16 | time != entry.moment
    _check_numbers(entry, numbers)
    start = entry.offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
    _check_end(file, entry, start + entry.packed_bytes, end)
    return _Place(start, end, tuple(_remarks(entry, is_odd=is_odd)))


def _with_extra(entry: Entry, written: bytes, extra: bytes, numbers: _Numbers) -> tuple[_Numbers, bool]:
    """Return the numbers where a ZIP64 field states them, and whether other fields differ; raises Stop."""
    if not extra and not entry.extra:
        return numbers, False
    crc, packed, size = numbers
    try:
        fields, listed = read_extra(extra), read_extra(entry.extra)
        if not entry.flags & _DESCRIBED:
            size, packed = wide_numbers(fields, (size, packed))
    except BrokenExtra as error:
        raise _two_ways(entry, f"has an extra field that {error}") from error
    if other_name(fields, written) or other_name(listed, written):
        raise _two_ways(entry, "has a second name in an extra field")
    return (crc, packed, size), differ(fields, listed)


def _check_numbers(entry: Entry, stated: _Numbers) -> None:
    """Raise Stop where a member states another checksum or size of itself; one that is described may state none."""
    real = entry.crc, entry.packed_bytes, entry.size_bytes
    if stated == real:
        return
    may_state_none = bool(entry.flags & _DESCRIBED)
    if may_state_none and all(one in {0, _WIDE, two} for one, two in zip(stated, real, strict=True)):
        return
    raise _two_ways(entry, "has another size or checksum where it lies than in the list of members")


def _check_end(file: BinaryIO, entry: Entry, at: int, end: int) -> None:
    """Let the packed bytes end where the next member begins, or where their description does; raises Stop."""
    name = shown(entry.name)
    if at > end:
        raise Stop(ArchiveCode.MEMBERS_OVERLAP, f"{name} reaches into the next one", name)
    if entry.flags & _DESCRIBED:
        _check_descriptor(file, entry, at, end - at)
    elif at < end:
        raise Stop(ArchiveCode.FOREIGN_BYTES, f"other bytes stand behind {name}", name)


def _remarks(entry: Entry, *, is_odd: bool) -> Iterator[Remark]:
    name = shown(entry.name)
    if entry.flags & _DESCRIBED:
        yield Remark(ArchiveCode.DATA_DESCRIPTOR, f"{name} states its size behind its bytes", name)
    if is_odd:
        yield Remark(
            ArchiveCode.HEADER_ODD, f"{name} has other attributes where it lies than in the list", name
        )
    if entry.has_comment:
        yield Remark(ArchiveCode.ZIP_COMMENT, f"{name} has a comment", name)
    if not entry.flags & UTF8 and not entry.written.isascii():
        yield Remark(ArchiveCode.NAME_ENCODING, f"{name} is a name whose encoding is not stated", name)


def _check_descriptor(file: BinaryIO, entry: Entry, at: int, length: int) -> None:
    """Take what stands behind the packed bytes as a data descriptor (APPNOTE 4.3.9), and nothing else."""
    if entry.method == _STORED and entry.packed_bytes:
        raise _two_ways(entry, "has no end that a reader from the front could find")
    file.seek(at)
    raw = file.read(min(length, 24))
    if len(raw) in {16, 24} and raw.startswith(_DESCRIPTOR_SIGNATURE):
        raw = raw[4:]
    form = _DESCRIPTORS.get(len(raw))
    real = entry.crc, entry.packed_bytes, entry.size_bytes
    if length > 24 or form is None or form.unpack(raw) != real:
        raise _two_ways(entry, "states behind its bytes another size or checksum than the list of members")


def _check_folder(file: BinaryIO, entry: Entry, place: _Place) -> None:
    """Raise Stop where a folder has bytes; packed, nothing takes two."""
    if entry.size_bytes:
        raise _two_ways(entry, "is a folder with bytes of its own")
    for _ in _inflate(file, entry, place):
        pass


def _inflate(file: BinaryIO, entry: Entry, place: _Place) -> Iterator[bytes]:
    file.seek(place.start)
    packed = _packed(file, entry)
    if entry.method == _STORED:
        chunks = packed
    elif entry.method == _DEFLATED:
        chunks = _deflated(packed, entry)
    else:
        raise _broken(entry, f"is compressed by method {entry.method}, which few installers read")
    size_bytes = checksum = 0
    for chunk in chunks:
        size_bytes += len(chunk)
        if size_bytes > entry.size_bytes:
            break
        checksum = zlib.crc32(chunk, checksum)
        yield chunk
    if size_bytes != entry.size_bytes:
        raise _broken(entry, "has another size than the zip file states")
    if checksum != entry.crc:
        raise _broken(entry, "is damaged: its checksum differs")


def _packed(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    left_bytes = entry.packed_bytes
    while left_bytes:
        chunk = file.read(min(left_bytes, CHUNK_BYTES))
        if not chunk:
            raise _broken(entry, "is cut off")
        left_bytes -= len(chunk)
        yield chunk


def _deflated(packed: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    most_bytes = min(entry.size_bytes, 4 * CHUNK_BYTES) + 1
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


def _broken(entry: Entry, reason: str) -> Stop:
    name = shown(entry.name)
    return Stop(ArchiveCode.UNREADABLE, f"{name} {reason}", name)


def _two_ways(entry: Entry, reason: str) -> Stop:
    name = shown(entry.name)
    return Stop(ArchiveCode.HEADERS_DIFFER, f"{name} {reason}", name)
