"""What a download needs of a blob store, said here since the two rooms do not know each other."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from feedgate.model.digest import Digest


class Receiving(Protocol):
    """Bytes on their way in: hashed and counted, and gone unless they are kept."""

    @property
    def size_bytes(self) -> int:
        """How many bytes were written so far."""
        ...

    @property
    def digest(self) -> Digest:
        """The sha256 of what was written so far."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Append ``chunk``; raises the store's own errors, which are not tried again."""
        ...

    async def keep(self) -> Digest:
        """Make the bytes a blob, and return its digest."""
        ...


class ReceivingStore(Protocol):
    """A store that knows what it has, and takes more; every BlobStore is one."""

    def receive(self) -> AbstractAsyncContextManager[Receiving]:
        """Open a place for new bytes; leaving it without ``keep`` leaves nothing."""
        ...

    async def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        ...

    async def size_bytes(self, digest: Digest) -> int:
        """Return the size of a blob that is there."""
        ...
