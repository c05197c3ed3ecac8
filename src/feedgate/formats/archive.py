"""What wheels and sdists have in common: archives of strangers, read with limits."""

import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from feedgate.errors import Invalid

LARGEST_METADATA_BYTES: Final = 32 * 1024 * 1024

_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class UnreadableArchive(Invalid):
    """A file that is not the archive its name says, or that would not end."""

    code = "unreadable-archive"

    def __init__(self, filename: str, *, reason: str) -> None:
        super().__init__(
            f"{filename}: the archive can not be read: {reason}",
            next_step="Compare it with the upstream's file, or build it anew.",
            facts={"filename": filename},
        )


class MissingMetadata(Invalid):
    """An archive without the one METADATA or PKG-INFO that must be in it."""

    code = "missing-metadata"

    def __init__(self, filename: str, *, reason: str) -> None:
        super().__init__(
            f"{filename}: {reason}",
            next_step="Build it anew with a current build backend; it writes the metadata where it belongs.",
            facts={"filename": filename},
        )


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; whatever it breaks with inside becomes UnreadableArchive."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,  # a compression or zip version that Python does not know
        OverflowError,
        UnicodeDecodeError,
        ValueError,
    ) as error:
        raise UnreadableArchive(path.name, reason=str(error) or type(error).__name__) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise  # the disk, not the archive
        raise UnreadableArchive(path.name, reason="it points to before its own beginning") from error


def read_zip_member(archive: zipfile.ZipFile, member: str, *, filename: str) -> bytes:
    """Return the bytes of a member that is there exactly once, at most LARGEST_METADATA_BYTES."""
    found = [entry for entry in archive.infolist() if entry.filename == member]
    if not found:
        raise MissingMetadata(filename, reason=f"it has no {member}")
    if len(found) > 1:
        raise UnreadableArchive(filename, reason=f"{member} is in it {len(found)} times")
    if found[0].compress_type not in _METHODS or found[0].flag_bits & _ENCRYPTED:
        raise UnreadableArchive(filename, reason=f"{member} is encrypted or not deflated")
    with archive.open(found[0]) as stream:
        content = stream.read(LARGEST_METADATA_BYTES + 1)
    return within_limit(content, member, filename=filename)


def within_limit(content: bytes, member: str, *, filename: str) -> bytes:
    """Return ``content`` unless it is longer than any metadata may be."""
    if len(content) > LARGEST_METADATA_BYTES:
        raise UnreadableArchive(
            filename, reason=f"{member} is larger than {LARGEST_METADATA_BYTES // 1024**2} MiB"
        )
    return content
