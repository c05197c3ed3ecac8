"""Bytes on their way: sent as they come, and let go of when nobody wants them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from feedgate.web.answers import ByteStream


class Source:
    """Chunks that know whether they were let go of."""

    def __init__(self, *chunks: bytes, fails: bool = False) -> None:
        self.left = list(chunks)
        self.fails = fails
        self.closed = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while self.left:
            yield self.left.pop(0)
        if self.fails:
            raise ConnectionError

    async def close(self) -> None:
        self.closed += 1


class Peer:
    """The other side of a connection; goes away when told."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        await asyncio.sleep(0)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def test_chunks_are_sent_one_by_one_and_the_end_is_said() -> None:
    source, peer = Source(b"a", b"b"), Peer()

    await ByteStream(source.chunks(), 206, {"X-One": "1"}, close=source.close)({}, peer.receive, peer.send)

    assert peer.sent[0]["status"] == 206
    assert peer.sent[0]["headers"] == [(b"x-one", b"1")]
    assert [message.get("body") for message in peer.sent[1:]] == [b"a", b"b", b""]
    assert [message.get("more_body") for message in peer.sent[1:]] == [True, True, False]
    assert source.closed == 1


async def test_a_client_that_goes_away_gets_no_more_and_costs_no_more() -> None:
    source, peer = Source(*(b"x" for _ in range(1000))), Peer()
    peer.gone.set()

    await ByteStream(source.chunks(), close=source.close)({}, peer.receive, peer.send)

    assert len(source.left) > 990
    assert source.closed == 1


async def test_what_fails_in_the_middle_is_let_go_of_and_not_ended_well() -> None:
    source, peer = Source(b"half", fails=True), Peer()

    with pytest.raises(ConnectionError):
        await ByteStream(source.chunks(), close=source.close)({}, peer.receive, peer.send)

    assert all(message.get("more_body", True) for message in peer.sent)
    assert source.closed == 1


async def test_without_a_word_how_the_chunks_themselves_are_closed() -> None:
    source, peer = Source(b"a"), Peer()
    chunks = source.chunks()

    await ByteStream(chunks)({}, peer.receive, peer.send)

    with pytest.raises(StopAsyncIteration):
        await anext(chunks)
    assert peer.body == b"a"
