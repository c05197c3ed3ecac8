"""The server of one web process: uvicorn under our own rules of opening and closing.

When it answers, it says so; in the very tick in which it starts to close, it
says that too. Whoever runs it writes and removes the address file then.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from feedgate.machine.addresses import HOLD
from feedgate.model.canonical import Json
from feedgate.model.secret import Secret
from feedgate.web.holds import Holds
from feedgate.web.reasons import ReasonPhrases

GRACE_SECONDS: Final = 10.0
"""How long a server that a command started waits for the first hold."""

OPEN_RESPONSES_SECONDS: Final = 10
"""How long answers that are under way may go on after the server began to close."""

_KEEP_ALIVE_SECONDS: Final = 75


@dataclass(frozen=True, slots=True)
class Doorway:
    """Who may hold the server, how it proves itself, and who hears of its opening and closing.

    ``closing`` is called exactly once, also when the server never opened. A
    server that does not ``stay`` ends with its last hold, or when none came.
    """

    key: Secret
    proof: Mapping[str, Json]
    stays: bool
    opened: Callable[[], None]
    closing: Callable[[], None]


async def serve_http(application: ASGIApp, listener: socket.socket, doorway: Doorway) -> None:
    """Serve until SIGTERM, SIGINT or the last hold ends it; returns when all is answered or its time is over."""
    server = _Server(application, doorway)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.close)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, application: ASGIApp, doorway: Doorway) -> None:
        self._doorway = doorway
        self._ended = asyncio.Event()
        self._holds = Holds(doorway.key, doorway.proof, self._last_hold_gone)
        self._application = ReasonPhrases(application)
        super().__init__(
            uvicorn.Config(
                self._route,
                interface="asgi3",
                lifespan="off",
                http="httptools",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=OPEN_RESPONSES_SECONDS,
            )
        )

    def close(self) -> None:
        """Begin to close: no further hold, no address any more, all in this tick."""
        if self._ended.is_set():
            return
        self._ended.set()
        self.should_exit = True
        self._holds.close()
        self._doorway.closing()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer; only then is the server said to be open."""
        await super().startup(sockets=sockets)
        if self._ended.is_set():  # a signal came first
            return
        self._doorway.opened()
        if not self._doorway.stays:
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self._end_unless_held)

    async def main_loop(self) -> None:
        """Wait for the end; uvicorn's own loop looks for it ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the listener down and let open answers end."""
        self.close()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to ``serve_http``: they come as ticks of the loop, and are not raised again."""
        yield

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hold = scope["type"] == "http" and scope["path"] == HOLD and scope["method"] == "GET"
        await (self._holds if is_hold else self._application)(scope, receive, send)

    def _last_hold_gone(self) -> None:
        if not self._doorway.stays:
            self.close()

    def _end_unless_held(self) -> None:
        if not self._holds.has_had_one:
            self.close()
