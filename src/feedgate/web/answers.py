"""Answers of the API: one JSON object, JSON objects a line each, or bytes as they come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from feedgate.api.bodies import Body

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"

_HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store"}


def answer_body(body: Body, status: int = 200) -> Response:
    """Return ``body`` as the answer."""
    return Response(body.model_dump_json(), status, _HEADERS, media_type=JSON)


def answer_lines(bodies: Iterable[Body]) -> Response:
    """Return ``bodies`` as the answer, one a line."""
    text = "".join(f"{body.model_dump_json()}\n" for body in bodies)
    return Response(text, 200, _HEADERS, media_type=JSON_LINES)


def answer_line_stream(lines: AsyncIterator[bytes]) -> Response:
    """Return lines that are sent as they come."""
    return ByteStream(lines, headers={**_HEADERS, "Content-Type": JSON_LINES})


class ByteStream(Response):
    """Sends ``chunks`` as they come, stops when the client goes away, and then lets go of them."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.status_code = status
        self.background = None
        self._chunks = chunks
        self._close = close
        self.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send status and headers, then each chunk."""
        gone = asyncio.create_task(until_gone(receive))
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            async for chunk in self._chunks:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await self.close()

    async def close(self) -> None:
        """Let go of what was not sent."""
        close = self._close or getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()


async def until_gone(receive: Receive) -> None:
    """Return when the client went away."""
    while (await receive())["type"] != "http.disconnect":
        pass
