"""Zips byte by byte: every number may be another than it should be, where a member lies and in the list."""

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
WHEEL_FILE = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
DIST_INFO = "demo-1.0.dist-info"

_LOCAL = struct.Struct("<4s5H3L2H")
_LISTED = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DATE = 0x5042  # 2020-02-02


@dataclass(frozen=True, slots=True)
class Part:
    """One member; ``local`` and ``listed`` override a header's numbers by name."""

    name: str | bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    local: Mapping[str, int] = field(default_factory=dict)
    listed: Mapping[str, int] = field(default_factory=dict)
    local_name: bytes | None = None
    local_extra: bytes = b""
    listed_extra: bytes = b""
    comment: bytes = b""
    packed: bytes | None = None
    behind: bytes = b""
    is_listed: bool = True

    @property
    def written(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def bytes_packed(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.content) if self.method == 8 else self.content


def deflated(content: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(content) + packing.flush()


def descriptor(part: Part, *, signature: bool = True, wide: bool = False, crc: int = 0) -> bytes:
    """Return what a streaming writer puts behind the bytes of ``part``."""
    form = "<L2Q" if wide else "<3L"
    numbers = struct.pack(form, zlib.crc32(part.content) ^ crc, len(part.bytes_packed), len(part.content))
    return (b"PK\x07\x08" if signature else b"") + numbers


def extra(number: int, content: bytes) -> bytes:
    return struct.pack("<2H", number, len(content)) + content


def write_zip(
    parts: Iterable[Part],
    *,
    comment: bytes = b"",
    before: bytes = b"",
    between: bytes = b"",
    behind: bytes = b"",
    in_list: bytes = b"",
    end: Mapping[str, int] | None = None,
    wide_end: bool = False,
) -> bytes:
    """Return a zip of ``parts``; ``before`` is not counted in the offsets, ``between`` stands before the list."""
    body, listing, count = bytearray(), bytearray(), 0
    for part in parts:
        numbers = _numbers(part)
        here = {**numbers, **part.local}
        name = part.written if part.local_name is None else part.local_name
        offset = part.listed.get("offset", len(body))
        body += _LOCAL.pack(
            b"PK\x03\x04", 20, here["flags"], here["method"], here["time"], _DATE,
            here["crc"], here["packed"], here["size"], len(name), len(part.local_extra),
        )  # fmt: skip
        body += name + part.local_extra + part.bytes_packed + part.behind
        if not part.is_listed:
            continue
        there = {**numbers, **part.listed}
        listing += _LISTED.pack(
            b"PK\x01\x02", 3 << 8 | 20, 20, there["flags"], there["method"], there["time"], _DATE,
            there["crc"], there["packed"], there["size"], len(part.written), len(part.listed_extra),
            len(part.comment), there.get("disk", 0), 0, part.mode << 16, offset,
        )  # fmt: skip
        listing += part.written + part.listed_extra + part.comment
        count += 1
    body += between
    listing += in_list
    start = len(body)
    stated = {"disk": 0, "count": count, "size": len(listing), "start": start, **(end or {})}
    wide = b""
    if wide_end:
        at = start + len(listing)
        wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(listing), start)
        wide += struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    last = _END.pack(
        b"PK\x05\x06", stated["disk"], 0, stated.get("here", stated["count"]), stated["count"],
        stated["size"], stated["start"], len(comment),
    )  # fmt: skip
    return before + bytes(body) + bytes(listing) + wide + last + comment + behind


def _numbers(part: Part) -> dict[str, int]:
    return {
        "flags": part.flags,
        "method": part.method,
        "time": 0,
        "crc": zlib.crc32(part.content),
        "packed": len(part.bytes_packed),
        "size": len(part.content),
    }


def parts_of_wheel(
    *more: Part,
    metadata: bytes = METADATA,
    wheel_file: bytes = WHEEL_FILE,
    record: bytes | None = None,
    dist_info: str = DIST_INFO,
) -> list[Part]:
    """Return the members of a sound wheel, and ``more``, all of them in RECORD."""
    parts = [
        Part("demo/__init__.py", b"x = 1\n"),
        *more,
        Part(f"{dist_info}/METADATA", metadata),
        Part(f"{dist_info}/WHEEL", wheel_file),
    ]
    rows = (
        f"{part.name},sha256={_digest(part.content)},{len(part.content)}\n"
        for part in parts
        if isinstance(part.name, str) and not part.name.endswith("/")
    )
    written = "".join(rows) + f"{dist_info}/RECORD,,\n"
    return [*parts, Part(f"{dist_info}/RECORD", written.encode() if record is None else record)]


def wheel(*more: Part, **options: str | bytes | None) -> bytes:
    """Return a wheel with ``more`` in it; ``options`` are those of ``parts_of_wheel``."""
    return write_zip(parts_of_wheel(*more, **options))  # type: ignore[arg-type]  # each option has its own type


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
