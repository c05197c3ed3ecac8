"""A zip's own list of members, read in the one way that leaves no reader a choice.

Installers find it from the end, streaming readers come upon it from the front: what
both see alike begins at the first byte, has no byte to spare, and states each number once
or the same twice (APPNOTE 4.3, 4.4, 4.5).
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.limits import Limits
from feedgate.inspectors.paths import shown
from feedgate.inspectors.stop import Stop
from feedgate.inspectors.zip_extra import BrokenExtra, read_extra, wide_numbers

LOCAL_SIGNATURE: Final = b"PK\x03\x04"
UTF8: Final = 0x800
LARGEST_DIRECTORY_BYTES: Final = 32 * 1024 * 1024
"""Eight times what the largest list of well-known wheels takes."""

_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_ENTRY_SIGNATURE: Final = b"PK\x01\x02"
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_WIDE_END: Final = struct.Struct("<4sQ2H2L4Q")
_WIDE_END_SIGNATURE: Final = b"PK\x06\x06"
_WIDE_PLACE: Final = struct.Struct("<4sLQL")
_WIDE_PLACE_SIGNATURE: Final = b"PK\x06\x07"
_NARROW: Final = 0xFFFF
_WIDE: Final = 0xFFFFFFFF
_LONGEST_COMMENT: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the list states it; ``mode`` holds the file's form and rights, 0 where none are stated."""

    written: bytes
    name: str
    flags: int
    method: int
    moment: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    mode: int
    extra: bytes
    has_comment: bool


@dataclass(frozen=True, slots=True)
class Directory:
    """The members in the order in which they lie, where the list begins, and the zip's comment."""

    entries: tuple[Entry, ...]
    start: int
    comment: bytes


@dataclass(frozen=True, slots=True)
class _End:
    count: int
    size_bytes: int
    start: int
    at: int
    comment: bytes


def read_directory(file: BinaryIO, packed_bytes: int, limits: Limits) -> Directory:
    """Return the list of members of a zip of ``packed_bytes``; raises Stop."""
    end = _end(file, packed_bytes)
    limits.check_members(end.count)
    if end.size_bytes > LARGEST_DIRECTORY_BYTES:
        limit = f"{LARGEST_DIRECTORY_BYTES // 1024**2} MiB"
        raise Stop(ArchiveCode.TOO_MANY_MEMBERS, f"its list of members is larger than {limit}")
    if end.start + end.size_bytes != end.at:
        raise Stop(ArchiveCode.FOREIGN_BYTES, "its list of members is not where the end of the zip file says")
    file.seek(end.start)
    raw = file.read(end.size_bytes)
    entries: list[Entry] = []
    at = 0
    while at < len(raw):
        if len(entries) == end.count:
            raise Stop(
                ArchiveCode.READERS_DIFFER, f"its list has more members than the {end.count} it counts"
            )
        entry, at = _entry(raw, at)
        entries.append(entry)
    if len(entries) != end.count:
        raise Stop(
            ArchiveCode.READERS_DIFFER, f"its list has {len(entries)} members where it counts {end.count}"
        )
    entries.sort(key=lambda entry: entry.offset)
    return Directory(tuple(entries), end.start, end.comment)


def _end(file: BinaryIO, packed_bytes: int) -> _End:
    tail_bytes = min(packed_bytes, _END.size + _LONGEST_COMMENT)
    file.seek(packed_bytes - tail_bytes)
    tail = file.read(tail_bytes)
    found = tail.rfind(_END_SIGNATURE)
    if found < 0 or len(tail) - found < _END.size:
        raise Stop(ArchiveCode.UNREADABLE, "it can not be read as a zip file: it has no end")
    _, disk, first_disk, here, count, size_bytes, start, comment_bytes = _END.unpack_from(tail, found)
    comment = tail[found + _END.size :]
    if len(comment) != comment_bytes:
        raise Stop(ArchiveCode.FOREIGN_BYTES, "other bytes stand behind the end of the zip file")
    at = packed_bytes - tail_bytes + found
    wide = _wide_end(file, at)
    if wide is None:
        numbers = disk, first_disk, here, count, size_bytes, start
    else:
        at, numbers = wide
        narrow = disk, first_disk, here, count, size_bytes, start
        full = (_NARROW,) * 4 + (_WIDE,) * 2
        if any(one not in {most, other} for one, most, other in zip(narrow, full, numbers, strict=True)):
            raise Stop(ArchiveCode.READERS_DIFFER, "its two ends state different numbers")
    disk, first_disk, here, count, size_bytes, start = numbers
    if disk or first_disk or here != count:
        raise Stop(ArchiveCode.READERS_DIFFER, "it says that it is one of several disks")
    return _End(count, size_bytes, start, at, comment)


def _wide_end(file: BinaryIO, at: int) -> tuple[int, tuple[int, int, int, int, int, int]] | None:
    """Return where the ZIP64 end begins and its numbers; None where there is none."""
    file.seek(max(0, at - _WIDE_PLACE.size))
    place = file.read(min(at, _WIDE_PLACE.size))
    if not place.startswith(_WIDE_PLACE_SIGNATURE) or len(place) < _WIDE_PLACE.size:
        return None
    _, place_disk, start, disks = _WIDE_PLACE.unpack(place)
    if place_disk or disks > 1 or start + _WIDE_END.size + _WIDE_PLACE.size != at:
        raise Stop(ArchiveCode.READERS_DIFFER, "its ZIP64 end is not where it says")
    file.seek(start)
    signature, length, _, _, disk, first_disk, here, count, size_bytes, first = _WIDE_END.unpack(
        file.read(_WIDE_END.size)
    )
    if signature != _WIDE_END_SIGNATURE or length != _WIDE_END.size - 12:
        raise Stop(ArchiveCode.READERS_DIFFER, "its ZIP64 end is none")
    return start, (disk, first_disk, here, count, size_bytes, first)


def _entry(raw: bytes, at: int) -> tuple[Entry, int]:
    if len(raw) - at < _ENTRY.size or not raw.startswith(_ENTRY_SIGNATURE, at):
        raise Stop(ArchiveCode.READERS_DIFFER, "other bytes stand in its list of members")
    (
        _,
        _,
        _,
        flags,
        method,
        time,
        date,
        crc,
        packed,
        size,
        names,
        extras,
        comments,
        disk,
        _,
        attributes,
        offset,
    ) = _ENTRY.unpack_from(raw, at)
    at += _ENTRY.size
    end = at + names + extras + comments
    if end > len(raw):
        raise Stop(ArchiveCode.READERS_DIFFER, "its list of members is cut off")
    written, extra = raw[at : at + names], raw[at + names : at + names + extras]
    name = _name(written, flags)
    try:
        fields = read_extra(extra)
        if _WIDE in {packed, size, offset}:
            size, packed, offset = wide_numbers(fields, (size, packed, offset))
    except BrokenExtra as error:
        raise Stop(
            ArchiveCode.READERS_DIFFER, f"{shown(name)} has an extra field that {error}", shown(name)
        ) from error
    if disk not in {0, _NARROW}:
        raise Stop(ArchiveCode.READERS_DIFFER, f"{shown(name)} lies on another disk", shown(name))
    mode = attributes >> 16
    entry = Entry(
        written, name, flags, method, date << 16 | time, crc, packed, size, offset, mode, extra, comments > 0
    )
    return entry, end


def _name(written: bytes, flags: int) -> str:
    try:
        return written.decode("utf-8" if flags & UTF8 else "cp437")
    except UnicodeDecodeError:
        name = shown(written.decode("utf-8", errors="replace"))
        raise Stop(ArchiveCode.READERS_DIFFER, f"{name} is not the UTF-8 it is said to be", name) from None
