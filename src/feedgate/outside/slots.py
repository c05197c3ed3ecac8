"""How many answers may be under way at once; one that is read bit by bit counts until its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from types import TracebackType

from feedgate.model.index import Content


class Slots:
    """``count`` of them; ``async with`` takes one for as long as the block lasts."""

    def __init__(self, count: int) -> None:
        self._semaphore = asyncio.Semaphore(count)

    async def __aenter__(self) -> None:
        await self._semaphore.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._semaphore.release()

    async def held(self, opening: Callable[[], Awaitable[Content]]) -> Content:
        """Open a content whose slot is given back when it was read to its end, or closed."""
        await self._semaphore.acquire()
        try:
            content = await opening()
        except BaseException:
            self._semaphore.release()
            raise
        return replace(content, chunks=_Held(content.chunks, self._semaphore.release))


class _Held:
    """Chunks that let go of something once: at the end, at a fault, or when they are given up."""

    def __init__(self, chunks: AsyncIterator[bytes], let_go: Callable[[], None]) -> None:
        self._chunks = chunks
        self._let_go: Callable[[], None] | None = let_go

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except BaseException:
            self._end()
            raise

    async def aclose(self) -> None:
        """Give up the rest."""
        self._end()
        closing = getattr(self._chunks, "aclose", None)
        if closing is not None:
            await closing()

    def __del__(self) -> None:
        # Who forgets a content should not stop all others for ever.
        self._end()

    def _end(self) -> None:
        if self._let_go is not None:
            self._let_go()
            self._let_go = None
