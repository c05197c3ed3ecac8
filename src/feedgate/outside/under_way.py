"""Downloads under way: who wants a file that somebody is fetching waits for it instead of fetching it too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feedgate.model.digest import Digest


class UnderWay:
    """One at a time for each digest; belongs to one event loop."""

    def __init__(self) -> None:
        self._locks: dict[Digest, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def alone(self, digest: Digest) -> AsyncIterator[None]:
        """Wait until nobody else is at ``digest``; who was first may have failed, so look again inside."""
        lock, users = self._locks.get(digest, (asyncio.Lock(), 0))
        self._locks[digest] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[digest]
            if users == 1:
                del self._locks[digest]
            else:
                self._locks[digest] = lock, users - 1
