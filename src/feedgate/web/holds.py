"""Holds: each local command keeps one response open, and a server it started ends with the last.

A hold's first line proves the server to the command. Whether a hold is
admitted is decided and counted with no await between, so none slips in while
the server closes.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from feedgate.model.canonical import Json
from feedgate.model.secret import Secret
from feedgate.web.answers import until_gone


class Holds:
    """``GET /-/hold`` as an ASGI application, for whoever has ``key``.

    ``proof`` is the first line's JSON; ``last_gone`` is called in the tick in
    which the last hold goes.
    """

    def __init__(self, key: Secret, proof: Mapping[str, Json], last_gone: Callable[[], None]) -> None:
        self._expected = f"Bearer {key.reveal()}".encode()
        self._first_line = json.dumps(proof).encode() + b"\n"
        self._last_gone = last_gone
        self._closing = asyncio.Event()
        self._open = 0
        self._came = False

    @property
    def has_had_one(self) -> bool:
        """Whether any hold was ever admitted."""
        return self._came

    def close(self) -> None:
        """Admit no further hold, and end those that are open."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 without the key, 503 while closing, else 200 until either side ends it."""
        given = Headers(scope=scope).get("authorization", "").encode()
        if not secrets.compare_digest(given, self._expected):
            await _answer(HTTPStatus.UNAUTHORIZED, scope, receive, send)
            return
        if self._closing.is_set():
            await _answer(HTTPStatus.SERVICE_UNAVAILABLE, scope, receive, send)
            return
        self._open += 1
        self._came = True
        try:
            await self._hold(receive, send)
        finally:
            self._open -= 1
            if not self._open:
                self._last_gone()

    async def _hold(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": []})
        await send({"type": "http.response.body", "body": self._first_line, "more_body": True})
        ends = {asyncio.ensure_future(until_gone(receive)), asyncio.ensure_future(self._closing.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _answer(status: HTTPStatus, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    await Response(status_code=status, headers=headers)(scope, receive, send)
