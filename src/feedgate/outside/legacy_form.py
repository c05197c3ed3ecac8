"""The legacy upload form, written: what twine sends for one file, with its length known before the first byte.

All fields are the file's own METADATA. Sent in pieces, since a file may be
larger than memory; in one known length, since Azure and others take no chunked bodies.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

from packaging.metadata import parse_email
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from feedgate.outside.delivery import Outgoing

_PLURALS: Final = {
    "platforms": "platform",
    "supported_platforms": "supported_platform",
    "license_files": "license_file",
    "import_names": "import_name",
    "import_namespaces": "import_namespace",
}
"""What packaging calls by another name than the form."""


class OtherBytes(Exception):
    """Our own store gave more or fewer bytes of a file than its record says."""

    def __init__(self, filename: str, *, stated: int) -> None:
        super().__init__(f"{filename}: the store does not hold the {stated} bytes that are to be sent")


@dataclass(frozen=True, slots=True)
class LegacyForm:
    """One file's form; ``body`` yields it anew each time."""

    outgoing: Outgoing
    boundary: str
    head: bytes
    tail: bytes

    @classmethod
    def of(cls, outgoing: Outgoing) -> "LegacyForm":
        """Make the form with a boundary that nobody can have foreseen."""
        boundary = secrets.token_hex(24)
        parts = [
            _part(boundary, name, value.encode("utf-8", "replace")) for name, value in form_fields(outgoing)
        ]
        filename = outgoing.filename.replace('"', "%22")
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode()
        )
        return cls(outgoing, boundary, b"".join(parts), f"\r\n--{boundary}--\r\n".encode())

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with the body."""
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(len(self.head) + self.outgoing.size_bytes + len(self.tail)),
        }

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the whole form; raises OtherBytes, and what ``outgoing.open`` raises."""
        yield self.head
        left_bytes = self.outgoing.size_bytes
        chunks = self.outgoing.open()
        try:
            async for chunk in chunks:
                left_bytes -= len(chunk)
                if left_bytes < 0:
                    break
                yield chunk
        finally:
            closing = getattr(chunks, "aclose", None)
            if closing is not None:
                await closing()
        if left_bytes:
            raise OtherBytes(self.outgoing.filename, stated=self.outgoing.size_bytes)
        yield self.tail


def form_fields(outgoing: Outgoing) -> list[tuple[str, str]]:
    """Return the form's fields in order, those with several values once for each.

    Every field of METADATA that can be read, under the name that the form has for it; name and
    version as they are spelled there.
    """
    raw, _ = parse_email(outgoing.metadata)
    stated = dict(_metadata_fields(dict(raw)))
    filetype, pyversion = _kind(outgoing.filename)
    stated_name, stated_version, metadata_version = (
        next(iter(stated.pop(field, [])), default)
        for field, default in (
            ("name", str(outgoing.project)),
            ("version", outgoing.version),
            ("metadata_version", "1.0"),
        )
    )
    return [
        (":action", "file_upload"),
        ("protocol_version", "1"),
        ("name", stated_name),
        ("version", stated_version),
        ("filetype", filetype),
        ("pyversion", pyversion),
        ("metadata_version", metadata_version),
        ("sha256_digest", outgoing.digest),
        *((name, value) for name, values in stated.items() for value in values),
    ]


def _metadata_fields(raw: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for name, value in raw.items():
        if isinstance(value, str):
            values = [value]
        elif name == "keywords":
            values = [",".join(value)]
        elif isinstance(value, dict):
            values = [f"{label}, {address}" for label, address in value.items()]
        else:
            values = [str(one) for one in value]
        yield _PLURALS.get(name, name), [one for one in values if one.strip()]


def _kind(filename: str) -> tuple[str, str]:
    """Return ``filetype`` and ``pyversion``: of a wheel the Pythons that its name tells."""
    try:
        tags = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return "sdist", "source"
    return "bdist_wheel", ".".join(sorted({tag.interpreter for tag in tags}))


def _part(boundary: str, name: str, value: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + b"\r\n"
