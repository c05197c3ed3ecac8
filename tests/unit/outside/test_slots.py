"""How many answers are under way at once, to the last byte of what is read bit by bit."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from feedgate.model.index import Content
from feedgate.outside.slots import Slots


class Chunks:
    """Two chunks, or a fault instead of the second."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.left = [b"one", b"two"]
        self.breaks = breaks
        self.is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.breaks and len(self.left) == 1:
            raise ConnectionResetError
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)

    async def aclose(self) -> None:
        self.is_closed = True


async def is_free(slots: Slots) -> bool:
    """Whether the one slot there is can be had."""
    try:
        async with asyncio.timeout(0.01), slots:
            return True
    except TimeoutError:
        return False


def opening(chunks: Chunks) -> "asyncio.Future[Content]":
    future = asyncio.get_running_loop().create_future()
    future.set_result(Content(6, 0, 6, chunks))
    return future


async def test_what_is_read_to_its_end_is_over() -> None:
    slots = Slots(1)
    content = await slots.held(lambda: opening(Chunks()))

    assert not await is_free(slots)
    assert await content.read() == b"onetwo"
    assert await is_free(slots)


async def test_what_breaks_is_over() -> None:
    slots = Slots(1)
    content = await slots.held(lambda: opening(Chunks(breaks=True)))

    with pytest.raises(ConnectionResetError):
        await content.read()
    assert await is_free(slots)


async def test_what_is_given_up_is_over_and_closed_and_gives_back_one_slot_only() -> None:
    slots, chunks = Slots(1), Chunks()
    content = await slots.held(lambda: opening(chunks))
    closing = content.chunks
    assert hasattr(closing, "aclose")
    await closing.aclose()
    await closing.aclose()

    assert chunks.is_closed
    async with slots:
        assert not await is_free(slots)


async def test_what_is_forgotten_stops_nobody() -> None:
    slots = Slots(1)
    content = await slots.held(lambda: opening(Chunks()))
    del content
    gc.collect()

    assert await is_free(slots)


async def test_what_could_not_be_opened_holds_nothing() -> None:
    slots = Slots(1)

    async def broken() -> Content:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await slots.held(broken)
    assert await is_free(slots)
