"""Digests of files whose page states none: each was fetched once, and what came out is remembered.

Such a file may be replaced, so what is remembered is believed only while the server's answer to a question for the
first byte says that it is the same: by ETag, else by Last-Modified; where it says neither, by its size and for a day.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.outside.seen import Seen

BELIEVED_FOR: Final = timedelta(days=1)
"""How long a digest is believed of a file of which the server says nothing but the size."""

Look: TypeAlias = Callable[[str, str], Awaitable[Seen]]
"""Asks for the first byte of an address; the second text is what errors call the file."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What lay at an address, and what was said of it when it was hashed ``at``."""

    digest: Digest
    seen: Seen
    at: datetime

    def is_still(self, seen: Seen, *, now: datetime) -> bool:
        """Whether what is seen ``now`` (aware UTC) is that file, as far as the server says."""
        before = self.seen
        if before.size_bytes != seen.size_bytes:
            return False
        if before.etag is not None or seen.etag is not None:
            return before.etag == seen.etag
        if before.last_modified is not None or seen.last_modified is not None:
            return before.last_modified == seen.last_modified
        return now - self.at < BELIEVED_FOR


class KnownDigests(Protocol):
    """What is remembered between runs, by the file's address at the destination."""

    async def find(self, url: str) -> KnownFile | None:
        """Return what lay there, or None."""
        ...

    async def remember(self, url: str, known: KnownFile) -> None:
        """Keep it."""
        ...


class InMemory:
    """Known for as long as the process lives."""

    def __init__(self) -> None:
        self._known: dict[str, KnownFile] = {}

    async def find(self, url: str) -> KnownFile | None:
        """Return what lay there, or None."""
        return self._known.get(url)

    async def remember(self, url: str, known: KnownFile) -> None:
        """Keep it."""
        self._known[url] = known


class TrustedDigests:
    """What is known and still true; each address is looked at once, as long as this lives."""

    def __init__(self, known: KnownDigests, look: Look, now: Callable[[], datetime]) -> None:
        self._known = known
        self._look = look
        self._now = now
        self._true: dict[str, Digest] = {}

    async def find(self, file: Distribution) -> Digest | None:
        """Return the digest of what lies at the file's address, None where it is to be hashed (again).

        Raises what looking raises: NoSuchFile and what means no answer.
        """
        if file.source is None:
            return None
        if file.source in self._true:
            return self._true[file.source]
        known = await self._known.find(file.source)
        if known is None or not known.is_still(await self._look(file.source, file.filename), now=self._now()):
            return None
        self._true[file.source] = known.digest
        return known.digest

    async def remember(self, file: Distribution, digest: Digest, seen: Seen) -> None:
        """Keep what was fetched from the file's address just now."""
        if file.source is not None:
            self._true[file.source] = digest
            await self._known.remember(file.source, KnownFile(digest, seen, self._now()))


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
