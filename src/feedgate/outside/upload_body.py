"""The body of an upload on its way: an answer that comes before its end is heard, not lost.

Who refuses an upload at its head answers and closes while we are still sending. The
next write to such a connection fails, and what was not read by then is gone with it.
"""

import asyncio
import select
from collections.abc import AsyncIterator

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

_ROUNDS = 2
"""Of the event loop: in one it sees that something came, at the end of it that has been read."""


class UploadBody(Payload):
    """Writes ``chunks`` as fast as the network takes them; their length is stated by the request's headers."""

    _value: AsyncIterator[bytes]

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        super().__init__(chunks, content_type="application/octet-stream")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it."""
        async for chunk in self._value:
            if _has_something_to_read(writer):
                for _ in range(_ROUNDS):
                    await asyncio.sleep(0)
            await writer.write(chunk)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write all of it: whoever made the chunks has counted them."""
        await self.write(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Bytes that pass once can not be shown as text."""
        raise TypeError("the body of an upload is not kept")


def _has_something_to_read(writer: AbstractStreamWriter) -> bool:
    transport = getattr(writer, "transport", None)
    socket = None if transport is None else transport.get_extra_info("socket")
    if socket is None or socket.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return bool(poll.poll(0))
