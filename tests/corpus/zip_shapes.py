"""Zips that two readers would read in two ways, or that hold more than they show."""

import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.corpus.shape import SDIST, Shape, held, odd, refused, sound
from tests.corpus.zips import (
    DIST_INFO,
    METADATA,
    Part,
    deflated,
    descriptor,
    extra,
    parts_of_wheel,
    wheel,
    write_zip,
)

MORE = Part("demo/more.py", b"y = 2\n")
STORED = Part("demo/more.py", b"y = 2\n", method=0)


def with_part(**changes: object) -> Callable[[], bytes]:
    """Return the maker of a wheel with one more module, of which ``changes`` are wrong."""
    return lambda: wheel(replace(MORE, **changes))  # type: ignore[arg-type]  # each field has its own type


def whole(**options: object) -> Callable[[], bytes]:
    return lambda: write_zip(parts_of_wheel(), **options)  # type: ignore[arg-type]  # each option has its own type


def streamed(part: Part, **options: int) -> Part:
    return replace(
        part,
        flags=8,
        local={"crc": 0, "packed": 0, "size": 0},
        behind=descriptor(part, **options),  # type: ignore[arg-type]  # two are booleans
    )


def glued() -> bytes:
    return wheel() + wheel(Part("demo/evil.py", b"evil\n"))


def shared_bytes() -> bytes:
    """As the bombs do whose members all inflate the same bytes."""
    zeros = Part("demo/zeros", bytes(1_000_000))
    again = replace(zeros, name="demo/again", is_listed=True)
    first = parts_of_wheel(zeros)
    offset = sum(30 + len(part.written) + len(part.bytes_packed) for part in first[:1])
    return write_zip([*first, replace(again, listed={"offset": offset})])


def nested_bytes() -> bytes:
    """A member that holds the header of the next one: from the front there is one, from the list there are two."""
    inner = write_zip([Part("demo/inner.py", b"z = 3\n", method=0)])
    outer = Part("demo/outer.bin", inner, method=0)
    hidden = Part("demo/inner.py", b"z = 3\n", method=0, listed={"offset": 30 + len(outer.written)})
    raw = bytearray(write_zip([*parts_of_wheel(), outer]))
    return _listed_too(raw, hidden, raw.index(inner))


def _listed_too(raw: bytearray, part: Part, offset: int) -> bytes:
    end = raw.rindex(b"PK\x05\x06")
    count, size = struct.unpack_from("<HL", raw, end + 10)
    row = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 3 << 8 | 20, 20, 0, 0, 0, 0x5042, zlib.crc32(part.content),
        len(part.content), len(part.content), len(part.written), 0, 0, 0, 0, 0o100644 << 16, offset,
    ) + part.written  # fmt: skip
    raw[end:end] = row
    struct.pack_into("<2HL", raw, end + len(row) + 8, count + 1, count + 1, size + len(row))
    return bytes(raw)


def also_a_tar() -> bytes:
    """A first member whose name holds a tar's header, at the places where a tar has it."""
    entry = tarfile.TarInfo("PK\x03\x04" + "x" * 80)
    block = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
    name_bytes = 512 - 30
    struct.pack_into("<4s5H3L2H", block, 0, b"PK\x03\x04", 20, 0, 0, 0, 0x5042, 0, 0, 0, name_bytes, 0)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    part = Part(bytes(block[30:512]), method=0)
    return write_zip([part, *parts_of_wheel()])


def unicode_path(name: bytes) -> bytes:
    return extra(0x7075, b"\1" + struct.pack("<L", zlib.crc32(b"demo/more.py")) + name)


def zip_shapes() -> Iterator[Shape]:
    """Yield what is wrong with a zip as a zip."""
    yield from _sound()
    yield from _around()
    yield from _headers()
    yield from _extra_fields()
    yield from _descriptors()
    yield from _sizes()


def _sound() -> Iterator[Shape]:
    wide = struct.pack("<2Q", len(MORE.content), len(MORE.bytes_packed))
    yield sound("plain", wheel)
    yield sound("stored", lambda: wheel(STORED))
    yield sound(
        "folder-entries", lambda: write_zip([Part("demo/", method=0, mode=0o40755), *parts_of_wheel()])
    )
    yield sound("zip64-end", whole(wide_end=True))
    yield sound(
        "zip64-extra",
        with_part(
            local={"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}, local_extra=extra(1, wide)
        ),
    )  # fmt: skip
    yield sound(
        "zip64-extra-in-both",
        with_part(
            local={"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}, local_extra=extra(1, wide),
            listed={"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}, listed_extra=extra(1, wide),
        ),
    )  # fmt: skip
    yield sound(
        "unix-times",
        with_part(local_extra=extra(0x5455, b"\3" + bytes(8)), listed_extra=extra(0x5455, b"\3" + bytes(4))),
    )
    yield sound("padding", with_part(local_extra=extra(0xD935, bytes(7))))
    yield sound("utf8-name", lambda: wheel(replace(MORE, name="demo/é.py", flags=0x800)))
    yield sound(
        "unicode-path-same",
        with_part(local_extra=unicode_path(b"demo/more.py"), listed_extra=unicode_path(b"demo/more.py")),
    )
    yield sound("windows-device", lambda: wheel(Part("demo/aux.py")), code="path-odd")


def _around() -> Iterator[Shape]:
    yield refused("empty-file", "unreadable", lambda: b"")
    yield refused("no-zip", "unreadable", lambda: b"this is no zip file\n")
    yield refused("empty-zip", "unreadable", lambda: write_zip([]))
    yield refused("cut-off", "unreadable", lambda: wheel()[:-30])
    yield refused("cut-in-the-middle", "unreadable", lambda: wheel()[:200])
    yield refused("script-before", "unreadable", whole(before=b"#!/bin/sh\n"))
    yield refused("zip-before", "foreign-bytes", glued)
    yield refused("byte-behind", "foreign-bytes", whole(behind=b"x"))
    yield refused("zeros-behind", "foreign-bytes", whole(behind=bytes(512)))
    yield refused("bytes-before-the-list", "foreign-bytes", whole(between=b"hidden"))
    yield refused("bytes-between-members", "foreign-bytes", with_part(behind=b"hidden"))
    yield refused("bytes-in-the-list", "readers-differ", whole(in_list=b"hidden"))
    yield refused("signature-in-the-list", "readers-differ", whole(in_list=b"PK\x05\x05\x00\x00"))
    yield refused("unlisted-member", "foreign-bytes", with_part(is_listed=False))
    yield refused(
        "first-member-unlisted",
        "foreign-bytes",
        lambda: write_zip([replace(MORE, is_listed=False), *parts_of_wheel()]),
    )
    yield odd("comment", "zip-comment", whole(comment=b"made by hand"))
    yield refused("end-in-the-comment", "foreign-bytes", whole(comment=write_zip([])))
    yield refused("longer-comment-stated", "unreadable", lambda: wheel()[:-2] + b"\x05")
    yield refused("count-too-small", "readers-differ", whole(end={"count": 3}))
    yield refused("count-too-large", "readers-differ", whole(end={"count": 5}))
    yield refused("two-disks", "readers-differ", whole(end={"disk": 1}))
    yield refused("count-of-another-disk", "readers-differ", whole(end={"here": 3}))
    yield refused("list-elsewhere", "foreign-bytes", whole(end={"start": 10}))
    yield refused("list-longer", "foreign-bytes", whole(end={"size": 10_000}))
    yield refused("zip64-end-contradicts", "readers-differ", whole(wide_end=True, end={"count": 3}))
    yield refused("also-a-tar", "both-zip-and-tar", also_a_tar)
    yield refused("too-many-members", "too-many-members", whole(end={"count": 50_001}))


def _headers() -> Iterator[Shape]:
    yield refused("other-name-inside", "headers-differ", with_part(local_name=b"demo/evil.py"))
    yield refused("other-method-inside", "headers-differ", with_part(local={"method": 0}))
    yield refused("other-crc-inside", "headers-differ", with_part(local={"crc": 1}))
    yield refused("other-size-inside", "headers-differ", with_part(local={"size": 1}))
    yield refused("other-packed-size-inside", "headers-differ", with_part(local={"packed": 1}))
    yield refused("utf8-flag-inside-alone", "headers-differ", with_part(local={"flags": 0x800}))
    yield odd("compression-hint-differs", "header-odd", with_part(local={"flags": 2}))
    yield odd("time-differs", "header-odd", with_part(local={"time": 1}))
    yield refused("encrypted", "encrypted", with_part(flags=1))
    yield refused("encrypted-inside-alone", "encrypted", with_part(local={"flags": 1}))
    yield refused("strongly-encrypted", "encrypted", with_part(flags=0x41))
    yield refused("patch", "headers-differ", with_part(flags=0x20))
    yield refused("lzma", "unreadable", with_part(method=14, packed=b"x"))
    yield refused("other-disk", "readers-differ", with_part(listed={"disk": 1}))
    yield odd("member-comment", "zip-comment", with_part(comment=b"hello"))
    yield held("name-of-no-encoding", "name-encoding", _unencoded)
    yield refused("name-not-utf8", "readers-differ", lambda: wheel(Part(b"demo/\xff.py", flags=0x800)))


def _unencoded() -> bytes:
    """As cp437 it is another letter than in UTF-8; RECORD has it as zipfile reads it."""
    name = "demo/é.py"
    parts = parts_of_wheel(Part(name))
    return write_zip(
        [replace(part, name=name.encode("cp437")) if part.name == name else part for part in parts]
    )


def _extra_fields() -> Iterator[Shape]:
    yield refused("second-name", "headers-differ", with_part(listed_extra=unicode_path(b"demo/evil.py")))
    yield refused(
        "second-name-inside", "headers-differ", with_part(local_extra=unicode_path(b"demo/evil.py"))
    )
    yield refused("extra-cut-off", "readers-differ", with_part(listed_extra=b"\x01\x00\xff\x00x"))
    yield refused("extra-cut-off-inside", "headers-differ", with_part(local_extra=b"\x01\x00\xff\x00x"))
    yield refused("zip64-without-size", "readers-differ", with_part(listed={"size": 0xFFFFFFFF}))
    yield refused("zip64-twice", "readers-differ", with_part(listed_extra=extra(1, b"") * 2))
    yield refused(
        "zip64-contradicts",
        "headers-differ",
        with_part(local={"size": 0xFFFFFFFF}, local_extra=extra(1, struct.pack("<Q", 7))),
    )
    yield odd("extra-in-the-list-alone", "header-odd", with_part(listed_extra=extra(0x9999, b"x")))


def _descriptors() -> Iterator[Shape]:
    yield odd("descriptor", "data-descriptor", lambda: wheel(streamed(MORE)))
    yield odd("descriptor-unsigned", "data-descriptor", lambda: wheel(streamed(MORE, signature=False)))
    yield odd("descriptor-zip64", "data-descriptor", lambda: wheel(streamed(MORE, wide=True)))
    yield refused("descriptor-contradicts", "headers-differ", lambda: wheel(streamed(MORE, crc=1)))
    yield refused("descriptor-missing", "headers-differ", lambda: wheel(replace(streamed(MORE), behind=b"")))
    yield refused("descriptor-of-stored", "headers-differ", lambda: wheel(streamed(STORED)))
    yield refused(
        "descriptor-and-more",
        "headers-differ",
        lambda: wheel(replace(streamed(MORE), behind=descriptor(MORE) + b"xy")),
    )
    yield refused("descriptor-without-flag", "foreign-bytes", with_part(behind=descriptor(MORE)))


def _sizes() -> Iterator[Shape]:
    yield refused("bomb", "compression-ratio", lambda: wheel(Part("demo/zeros", bytes(80 * 1024**2))))
    yield refused("bomb-that-lies", "unreadable", lambda: wheel(_lying(bytes(80 * 1024**2), 1000)))
    yield refused("bomb-stated", "compression-ratio", lambda: wheel(_lying(b"", 2**31)))
    yield refused("shared-bytes", "members-overlap", shared_bytes)
    yield refused("nested-member", "members-overlap", nested_bytes)
    yield refused("larger-than-stated", "unreadable", lambda: wheel(_lying(b"y = 2\n", 5)))
    yield refused("smaller-than-stated", "unreadable", lambda: wheel(_lying(b"y = 2\n", 7)))
    yield refused("bytes-behind-deflate", "unreadable", with_part(packed=deflated(MORE.content) + b"hidden"))
    yield refused("damaged", "unreadable", with_part(packed=b"\xff" * 9))
    yield refused("wrong-checksum", "unreadable", with_part(local={"crc": 5}, listed={"crc": 5}))
    yield refused(
        "folder-with-bytes",
        "headers-differ",
        lambda: write_zip([Part("demo/", b"hidden", mode=0o40755), *parts_of_wheel()]),
    )
    yield refused("member-beyond-the-end", "foreign-bytes", with_part(listed={"offset": 0x7FFFFFFF}))
    yield refused("wheel-named-sdist", "unreadable", wheel, SDIST)
    yield sound("sdist-of-old", lambda: write_zip([Part("demo-1.0/PKG-INFO", METADATA)]), "demo-1.0.zip")
    yield refused("list-of-one-long-name", "path-too-long", lambda: wheel(Part("demo/" + "x" * 2000)))
    yield refused("dist-info-in-capitals", "dist-info-second", lambda: wheel(Part(f"{DIST_INFO.upper()}/x")))


def _lying(content: bytes, size: int) -> Part:
    stated = {"size": size}
    return Part("demo/more.py", content, local=stated, listed=stated)
