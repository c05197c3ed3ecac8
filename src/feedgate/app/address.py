"""The address file: how a command finds the running server of a data directory.

It stands only while the server takes commands, is touched only under the
server's lock, and only the directory's owner can read it. ``key`` makes its
reader the administrator ``local``; ``sign`` is what the server proves itself
with, so a stranger on a dead server's port is found out. Both are new at each start.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from feedgate.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server answers; ``pid`` is its supervisor's.

    ``stays`` tells a server started by hand from one that ends with the last
    command. ``stated`` are digests of what its settings were made from, by name.
    """

    url: str
    key: Secret
    sign: str
    pid: int
    version: str
    stays: bool
    stated: Mapping[str, str] = field(default_factory=dict)


def write_address(path: Path, address: Address) -> None:
    """Write the file at one stroke, readable by its owner alone."""
    part = path.with_suffix(".new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(
            {
                "url": address.url,
                "key": address.key.reveal(),
                "sign": address.sign,
                "pid": address.pid,
                "version": address.version,
                "stays": address.stays,
                "stated": dict(address.stated),
            },
            file,
        )
    part.rename(path)


def read_address(path: Path) -> Address | None:
    """Return what stands there, or None where nothing does or it cannot be read."""
    try:
        body = json.loads(path.read_bytes())
        return Address(
            url=str(body["url"]),
            key=Secret(str(body["key"])),
            sign=str(body["sign"]),
            pid=int(body["pid"]),
            version=str(body["version"]),
            stays=bool(body["stays"]),
            stated={str(name): str(digest) for name, digest in body["stated"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remove_address(path: Path) -> None:
    """Remove the file; a missing one is no error."""
    with suppress(FileNotFoundError):
        path.unlink()
