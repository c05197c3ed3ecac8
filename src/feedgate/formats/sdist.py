"""Sdists (PEP 625, 643): their PKG-INFO, read without unpacking anything."""

import gzip
import io
import tarfile
import zlib
from pathlib import Path
from typing import Final

from feedgate.formats.archive import (
    LARGEST_METADATA_BYTES,
    MissingMetadata,
    UnreadableArchive,
    open_zip,
    read_zip_member,
    within_limit,
)
from feedgate.model.distribution import parse_filename

MOST_INFLATED_BYTES: Final = 64 * 1024 * 1024
"""How much of a .tar.gz is inflated in search of its PKG-INFO."""

MOST_MEMBERS: Final = 5_000
"""How many members of a .tar.gz are passed in search of its PKG-INFO."""

_PKG_INFO: Final = "PKG-INFO"


def read_metadata(path: Path) -> bytes:
    """Return the PKG-INFO in the single top folder of the sdist at ``path``.

    Reads ``.tar.gz``, and ``.zip`` as of old, by the file's own name. Stops at
    the first PKG-INFO there; whether the rest is sound, an inspector says.
    Raises InvalidFilename, UnreadableArchive (also when no PKG-INFO comes
    within MOST_INFLATED_BYTES and MOST_MEMBERS) or MissingMetadata.
    """
    parse_filename(path.name)
    if path.name.endswith(".zip"):
        return _read_zip(path)
    try:
        with path.open("rb") as file, gzip.GzipFile(fileobj=file) as inflated:
            return _read_tar(_Bounded(inflated), path.name)
    except _Endless as error:
        limit = f"{MOST_INFLATED_BYTES // 1024**2} MiB"
        raise UnreadableArchive(path.name, reason=f"no {_PKG_INFO} within its first {limit}") from error
    except (
        tarfile.TarError,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
        OverflowError,
        RecursionError,  # a chain of extended headers
        ValueError,
    ) as error:
        raise UnreadableArchive(path.name, reason=str(error) or type(error).__name__) from error


class _Endless(Exception):
    """More was inflated than a search is worth."""


class _Bounded(io.RawIOBase):
    """Reads at most MOST_INFLATED_BYTES; a gzip bomb ends there."""

    def __init__(self, inner: gzip.GzipFile) -> None:
        self._inner = inner
        self._left_bytes = MOST_INFLATED_BYTES

    def read(self, size: int = -1) -> bytes:
        content = self._inner.read(min(size, self._left_bytes + 1) if size >= 0 else self._left_bytes + 1)
        self._left_bytes -= len(content)
        if self._left_bytes < 0:
            raise _Endless
        return content


def _read_tar(stream: io.RawIOBase, filename: str) -> bytes:
    top = None
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive):
            if count >= MOST_MEMBERS:
                raise UnreadableArchive(
                    filename, reason=f"no {_PKG_INFO} among its first {MOST_MEMBERS} members"
                )
            folder, _, rest = member.name.removeprefix("./").partition("/")
            if folder in ("", "."):
                continue
            top = top or folder
            if folder != top:
                raise UnreadableArchive(filename, reason=f"two top folders: {top[:80]!r} and {folder[:80]!r}")
            if rest != _PKG_INFO:
                continue
            content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
            if content is None:
                raise UnreadableArchive(filename, reason=f"its {_PKG_INFO} is no plain file")
            return within_limit(content.read(LARGEST_METADATA_BYTES + 1), _PKG_INFO, filename=filename)
    raise MissingMetadata(filename, reason=f"it has no {_PKG_INFO} in its top folder (PEP 643)")


def _read_zip(path: Path) -> bytes:
    with open_zip(path) as archive:
        tops = sorted({name.split("/", 1)[0] for name in archive.namelist()})
        if len(tops) != 1:
            raise UnreadableArchive(path.name, reason=f"{len(tops)} top folders instead of one")
        return read_zip_member(archive, f"{tops[0]}/{_PKG_INFO}", filename=path.name)
