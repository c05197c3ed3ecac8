"""Digests of files whose page states none: each was fetched once, and what came out is remembered."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from feedgate.model.digest import Digest


class KnownDigests(Protocol):
    """What is remembered between runs, by the file's address at the destination."""

    async def find(self, url: str) -> Digest | None:
        """Return the digest of what lies there, or None."""
        ...

    async def remember(self, url: str, digest: Digest) -> None:
        """Keep it."""
        ...


class InMemory:
    """Known for as long as the process lives."""

    def __init__(self) -> None:
        self._known: dict[str, Digest] = {}

    async def find(self, url: str) -> Digest | None:
        """Return the digest of what lies there, or None."""
        return self._known.get(url)

    async def remember(self, url: str, digest: Digest) -> None:
        """Keep it."""
        self._known[url] = digest


class HashedOnly:
    """A store that keeps nothing: for a file of which only the digest is wanted."""

    @asynccontextmanager
    async def receive(self) -> AsyncIterator["_Hashed"]:
        """Open a place where bytes are hashed and counted, and let go."""
        yield _Hashed()

    async def has(self, digest: Digest) -> bool:
        """Say no."""
        return False

    async def size_bytes(self, digest: Digest) -> int:
        """Nobody asks, since nothing is there."""
        raise LookupError(digest)


class _Hashed:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def digest(self) -> Digest:
        return Digest(self._hash.hexdigest())

    async def write(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    async def keep(self) -> Digest:
        return self.digest
