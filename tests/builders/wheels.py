"""Wheels, written by hand: the same call gives the same bytes, and any part can be broken.

``zipfile`` alone makes them, so no build backend decides what a test sees.
"""

import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.builders.metadata import write_metadata

Record = Literal["right", "missing", "wrong", "incomplete"]
"""The wheel's RECORD: as it should be, absent, with a hash that differs, with a row left out."""

BrokenWheel = Literal[
    "absolute-member",
    "bomb",
    "climbing-member",
    "cut-off",
    "doubled-header",
    "duplicate-member",
    "encrypted-member",
    "glued",
    "metadata-not-utf8",
    "no-metadata",
    "no-wheel-file",
    "not-a-zip",
    "other-name",
    "other-version",
    "prefix",
    "second-dist-info",
    "symlink-member",
    "trailing-bytes",
    "unknown-metadata-version",
]

_MOMENT = (2020, 2, 2, 0, 0, 0)
_BOMB_BYTES = 80 * 1024 * 1024


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Iterable[str]] | None = None,
    tag: str = "py3-none-any",
    files: Mapping[str, str | bytes] | None = None,
    metadata_version: str = "2.1",
    headers: Iterable[tuple[str, str]] = (),
    record: Record = "right",
    broken: BrokenWheel | None = None,
) -> Path:
    """Write ``NAME-VERSION-TAG.whl`` into ``directory`` and return its path.

    It holds one module, named like the project, which knows its version;
    ``files`` adds members or replaces them. ``tag`` may be compressed
    (``py2.py3-none-any``). ``broken`` breaks one thing and leaves the rest as
    it should be.
    """
    stem = f"{canonicalize_name(name).replace('-', '_')}-{Version(version)}"
    dist_info = f"{stem}.dist-info"
    metadata = write_metadata(
        "another-name" if broken == "other-name" else name,
        "99.9" if broken == "other-version" else version,
        metadata_version="9.0" if broken == "unknown-metadata-version" else metadata_version,
        requires=requires,
        requires_python=requires_python,
        extras=extras,
        headers=[*headers, ("Version", "2.0")] if broken == "doubled-header" else headers,
    )
    members: dict[str, bytes] = {
        f"{stem.split('-', maxsplit=1)[0]}/__init__.py": f'"""Made for a test."""\n\n__version__ = "{version}"\n'.encode(),
        f"{dist_info}/METADATA": metadata.encode(),
        f"{dist_info}/WHEEL": _wheel_file(tag).encode(),
    }
    members |= {path: _as_bytes(content) for path, content in (files or {}).items()}
    _break_members(members, dist_info, broken)
    if record != "missing":
        members[f"{dist_info}/RECORD"] = _record_file(members, dist_info, record)

    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{stem}-{tag}.whl"
    wheel.write_bytes(_break_archive(_archive(members, broken), broken))
    return wheel


def _wheel_file(tag: str) -> str:
    pythons, abis, platforms = (part.split(".") for part in tag.split("-"))
    tags = "".join(
        f"Tag: {python}-{abi}-{platform}\n" for python in pythons for abi in abis for platform in platforms
    )
    pure = "true" if tag.endswith("-none-any") else "false"
    return f"Wheel-Version: 1.0\nGenerator: feedgate-tests\nRoot-Is-Purelib: {pure}\n{tags}"


def _record_file(members: Mapping[str, bytes], dist_info: str, record: Record) -> bytes:
    rows = {
        path: f"{path},sha256={_record_hash(content)},{len(content)}" for path, content in members.items()
    }
    first = next(iter(members))
    if record == "wrong":
        rows[first] = f"{first},sha256={_record_hash(b'other bytes')},{len(members[first])}"
    elif record == "incomplete":
        del rows[first]
    return "".join(f"{row}\n" for row in [*rows.values(), f"{dist_info}/RECORD,,"]).encode()


def _record_hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def _break_members(members: dict[str, bytes], dist_info: str, broken: BrokenWheel | None) -> None:
    match broken:
        case "no-metadata":
            del members[f"{dist_info}/METADATA"]
        case "no-wheel-file":
            del members[f"{dist_info}/WHEEL"]
        case "metadata-not-utf8":
            members[f"{dist_info}/METADATA"] += b"Author: \xff\xfe\n"
        case "second-dist-info":
            members["other-1.0.dist-info/METADATA"] = write_metadata("other", "1.0").encode()
        case "climbing-member":
            members["../climbed.py"] = b""
        case "absolute-member":
            members["/etc/climbed.py"] = b""
        case "symlink-member":
            members["link"] = b"/etc/passwd"
        case "bomb":
            members["bomb.bin"] = bytes(_BOMB_BYTES)
        case _:
            pass


def _archive(members: Mapping[str, bytes], broken: BrokenWheel | None) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            member = zipfile.ZipInfo(path, _MOMENT)
            member.compress_type = zipfile.ZIP_DEFLATED
            is_link = broken == "symlink-member" and path == "link"
            member.external_attr = (stat.S_IFLNK | 0o777 if is_link else stat.S_IFREG | 0o644) << 16
            archive.writestr(member, content)
    return whole.getvalue()


def _break_archive(whole: bytes, broken: BrokenWheel | None) -> bytes:
    match broken:
        case "cut-off":
            return whole[: len(whole) // 2]
        case "not-a-zip":
            return b"this is no zip file\n"
        case "prefix":
            return b"#!/bin/sh\nexit 0\n" + whole
        case "glued":
            return whole + whole
        case "trailing-bytes":
            return whole + b"more"
        case "duplicate-member":
            return _with_first_member_twice(whole)
        case "encrypted-member":
            return _with_first_member_encrypted(whole)
        case _:
            return whole


def _with_first_member_twice(whole: bytes) -> bytes:
    again = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(again, "w") as archive:
        members = [(member, source.read(member)) for member in source.infolist()]
        for member, content in members:
            archive.writestr(member, content)
        first, content = members[0]
        # A second name of equal length, renamed afterwards: zipfile itself warns of doubles.
        other = zipfile.ZipInfo("~" * len(first.filename), _MOMENT)
        other.external_attr = first.external_attr
        archive.writestr(other, content)
    return again.getvalue().replace(b"~" * len(first.filename), first.filename.encode())


def _with_first_member_encrypted(whole: bytes) -> bytes:
    """Set bit 0 of the flags, in the local header (offset 6) and in the central one (offset 8)."""
    changed = bytearray(whole)
    changed[6] |= 1
    changed[whole.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
