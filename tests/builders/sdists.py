"""Sdists, written by hand: the same call gives the same bytes, and building one leaves a trace.

Nothing of a stranger's code may run, so the backend inside says that it did.
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.builders.metadata import write_metadata

BrokenSdist = Literal[
    "climbing-member",
    "cut-off",
    "device",
    "link-out",
    "no-pkg-info",
    "not-a-tar",
    "other-name",
    "other-version",
    "two-tops",
]

_MOMENT = 1_580_601_600  # 2020-02-02, seconds since 1970

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_sdist(
    directory: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Iterable[str]] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    metadata_version: str = "2.2",
    witness: Path | None = None,
    broken: BrokenSdist | None = None,
) -> Path:
    """Write ``NAME-VERSION.tar.gz`` (PEP 625) into ``directory`` and return its path.

    Whoever runs its backend creates the file ``witness`` and fails. Paths of
    ``files`` are relative to the top folder.
    """
    stem = f"{canonicalize_name(name).replace('-', '_')}-{Version(version)}"
    metadata = write_metadata(
        "another-name" if broken == "other-name" else name,
        "99.9" if broken == "other-version" else version,
        metadata_version=metadata_version,
        requires=requires,
        requires_python=requires_python,
        extras=extras,
    )
    members: dict[str, str | bytes] = {
        f"{stem}/PKG-INFO": metadata,
        f"{stem}/pyproject.toml": f'{_PYPROJECT}\n[project]\nname = "{name}"\nversion = "{version}"\n',
        f"{stem}/backend.py": _backend(witness),
    }
    members |= {f"{stem}/{path}": content for path, content in (files or {}).items()}
    if broken == "no-pkg-info":
        del members[f"{stem}/PKG-INFO"]
    elif broken == "two-tops":
        members["another-top/README"] = ""
    elif broken == "climbing-member":
        members["../climbed.py"] = ""

    directory.mkdir(parents=True, exist_ok=True)
    sdist = directory / f"{stem}.tar.gz"
    whole = (
        b"this is no tar file\n" if broken == "not-a-tar" else _archive(members, _odd_member(stem, broken))
    )
    sdist.write_bytes(whole[: len(whole) // 2] if broken == "cut-off" else whole)
    return sdist


def _backend(witness: Path | None) -> str:
    trace = "" if witness is None else f"import pathlib\n\npathlib.Path({str(witness)!r}).touch()\n"
    return f'{trace}raise SystemExit("a stranger\'s code ran")\n'


def _odd_member(stem: str, broken: BrokenSdist | None) -> tarfile.TarInfo | None:
    odd = tarfile.TarInfo(f"{stem}/odd")
    if broken == "link-out":
        odd.type, odd.linkname = tarfile.SYMTYPE, "../../../etc/passwd"
        return odd
    if broken == "device":
        odd.type, odd.devmajor, odd.devminor = tarfile.CHRTYPE, 1, 3
        return odd
    return None


def _archive(members: Mapping[str, str | bytes], odd: tarfile.TarInfo | None) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in members.items():
            body = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(path)
            member.size, member.mtime, member.mode = len(body), _MOMENT, 0o644
            archive.addfile(member, io.BytesIO(body))
        if odd is not None:
            archive.addfile(odd)
    return gzip.compress(plain.getvalue(), mtime=0)
