"""The legacy upload form as bytes, right or broken on purpose: no client of ours makes it."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

BOUNDARY = "a-boundary-of-the-tests"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"

Fields = Mapping[str, str | Iterable[str]]


def form_of(file: Path, fields: Fields | None = None) -> bytes:
    """Return the form that sends ``file``, with its digests, as twine does; ``fields`` adds to them or replaces."""
    content = file.read_bytes()
    return form(file.name.encode(), content, {**fields_of(content), **(fields or {})})


def fields_of(content: bytes) -> dict[str, str]:
    """Return what every client says beside a file: the action, and the digests of its bytes."""
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
        "md5_digest": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(content, digest_size=32).hexdigest(),
    }


def form(filename: bytes, content: bytes, fields: Fields) -> bytes:
    """Return the bytes of a form; ``filename`` goes in as it is, whatever stands in it."""
    parts = [
        _part(f'name="{name}"'.encode(), value.encode())
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    parts.append(_part(b'name="content"; filename="' + filename + b'"', content))
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _part(disposition: bytes, content: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    return head + disposition + b"\r\n\r\n" + content + b"\r\n"
