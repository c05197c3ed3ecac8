"""What every blob store promises: bytes go in hashed, and come out by digest.

Whoever names a blob by its digest can never be given other bytes, so stores
need no locks among their callers: the same blob twice is one blob.
"""

from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from feedgate.errors import Full, Missing, Unavailable
from feedgate.model.digest import Digest
from feedgate.model.index import WHOLE, Content, Span


class BlobNotFound(Missing):
    """The store holds no bytes under that digest."""

    code = "blob-not-found"

    def __init__(self, digest: Digest) -> None:
        super().__init__(
            f"sha256 {digest[:12]}…: the store holds no such blob",
            next_step="Bring the file in again; run `feedgate check` to see whether others are missing.",
            facts={"digest": digest},
        )


class StorageFull(Full):
    """No room left for bytes that were to be stored."""

    code = "storage-full"

    def __init__(self, where: Path) -> None:
        super().__init__(
            f"{where}: no room left to store a file",
            next_step="Nothing was kept of it. Free space there or raise the quota, then try again.",
            facts={"where": str(where)},
        )


class StorageUnavailable(Unavailable):
    """The store can not be read or written for another reason than room."""

    code = "storage-unavailable"

    def __init__(self, where: Path, *, reason: str) -> None:
        super().__init__(
            f"{where}: the store can not be used ({reason})",
            next_step="Check that the folder exists, is mounted, and belongs to the user that runs Feedgate.",
            facts={"where": str(where), "reason": reason},
        )


class AlsoHash(StrEnum):
    """Hashes that upload forms state beside sha256 (the names are hashlib's)."""

    MD5 = "md5"
    BLAKE2_256 = "blake2_256"


class Incoming(Protocol):
    """Bytes on their way in; leaving its context without ``keep`` leaves nothing."""

    @property
    def size_bytes(self) -> int:
        """How many bytes were written so far."""
        ...

    @property
    def digest(self) -> Digest:
        """The sha256 of what was written so far."""
        ...

    @property
    def path(self) -> Path:
        """A local file that holds what was written so far, to look at before ``keep``."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Append ``chunk``, hash and count it; raises StorageFull, StorageUnavailable."""
        ...

    def hexdigest(self, also: AlsoHash) -> str:
        """Return that hash of what was written so far; ``receive`` was told to make it."""
        ...

    async def keep(self) -> Digest:
        """Make the bytes a blob that outlives a power loss, and return its digest.

        A blob that is there already stays as it is. Raises StorageFull, StorageUnavailable.
        """
        ...


class BlobStore(Protocol):
    """A store of blobs; safe to use from many tasks and processes at once."""

    def receive(self, also: tuple[AlsoHash, ...] = ()) -> AbstractAsyncContextManager[Incoming]:
        """Open a place for new bytes; ``also`` names hashes to make beside sha256."""
        ...

    async def open(self, digest: Digest, span: Span = WHOLE) -> Content:
        """Open a blob, or a span of it; raises BlobNotFound, SpanNotSatisfiable.

        What was opened can be read to its end even if the blob is deleted meanwhile.
        """
        ...

    def as_file(self, digest: Digest) -> AbstractAsyncContextManager[Path]:
        """Give a blob as a local file to read, never to write; raises BlobNotFound."""
        ...

    async def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        ...

    async def size_bytes(self, digest: Digest) -> int:
        """Return the blob's size; raises BlobNotFound."""
        ...

    async def delete(self, digest: Digest) -> None:
        """Remove the blob; a missing one is no error."""
        ...

    async def check(self) -> None:
        """Write, read and delete a probe; raises StorageFull, StorageUnavailable."""
        ...
