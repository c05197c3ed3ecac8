"""Archives member by member, for what no builder of sound files would write."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from feedgate.inspectors.walk import Walked, walk

WHEEL_NAME = "demo-1.0-py3-none-any.whl"
SDIST_NAME = "demo-1.0.tar.gz"

METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
SOUND: Mapping[str, bytes] = {
    "demo/__init__.py": b"x = 1\n",
    "demo-1.0.dist-info/METADATA": METADATA,
    "demo-1.0.dist-info/WHEEL": WHEEL,
}


def row(path: str, content: bytes, algorithm: str = "sha256") -> str:
    """Return the row of RECORD that ``content`` deserves."""
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).decode().rstrip("=")
    return f"{path},{algorithm}={digest},{len(content)}"


def record(rows: Iterable[str]) -> bytes:
    return "".join(f"{one}\n" for one in rows).encode()


def recorded(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``members`` with a RECORD that lists them all."""
    rows = [row(path, content) for path, content in members.items()]
    return {**members, "demo-1.0.dist-info/RECORD": record([*rows, "demo-1.0.dist-info/RECORD,,"])}


def zipped(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0)), content, method)
    return whole.getvalue()


def tarred(members: Iterable[tuple[tarfile.TarInfo | str, bytes]]) -> bytes:
    """Return a plain tar; a name alone stands for a file."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for named, content in members:
            entry = tarfile.TarInfo(named) if isinstance(named, str) else named
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return whole.getvalue()


def walk_bytes(directory: Path, filename: str, content: bytes) -> Walked:
    path = directory / filename
    path.write_bytes(content)
    return walk(path, filename)


def codes(walked: Walked) -> list[str]:
    """Return the codes of the archive inspector's findings, each once, in order."""
    return list(dict.fromkeys(finding.code for finding in walked.findings[0]))


def wheel_codes(directory: Path, members: Mapping[str, bytes]) -> list[str]:
    return codes(walk_bytes(directory, WHEEL_NAME, zipped(members)))


def sdist_codes(directory: Path, members: Iterable[tuple[tarfile.TarInfo | str, bytes]]) -> list[str]:
    return codes(walk_bytes(directory, SDIST_NAME, gzip.compress(tarred(members))))
