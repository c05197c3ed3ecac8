"""Looks at a destination's pages by all who wait there for a file to show: one read serves all who asked before it began."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from feedgate.model.index import NoSuchProject, ProjectPage
from feedgate.model.names import ProjectName


class PageLooks:
    """``last`` is each project's page as it was last read here, None where there was none."""

    def __init__(self, read: Callable[[ProjectName], Awaitable[ProjectPage]]) -> None:
        self._read = read
        self._waiting: dict[ProjectName, asyncio.Task[ProjectPage | None]] = {}
        self._turns: dict[ProjectName, asyncio.Lock] = {}
        self.last: dict[ProjectName, ProjectPage | None] = {}

    async def page(self, name: ProjectName) -> ProjectPage | None:
        """Return the page as it is read from now on, None where there is none; raises what reading raises."""
        look = self._waiting.get(name)
        if look is None:
            look = self._waiting[name] = asyncio.ensure_future(self._look(name))
            look.add_done_callback(_retrieve)
        return await asyncio.shield(look)

    async def _look(self, name: ProjectName) -> ProjectPage | None:
        async with self._turns.setdefault(name, asyncio.Lock()):
            del self._waiting[name]  # who asks from here on wants to see what is later
            found: ProjectPage | None = None
            with suppress(NoSuchProject):
                found = await self._read(name)
            self.last[name] = found
            return found


def _retrieve(look: "asyncio.Task[ProjectPage | None]") -> None:
    """Take note of an error that nobody waited for any more."""
    if not look.cancelled():
        look.exception()
