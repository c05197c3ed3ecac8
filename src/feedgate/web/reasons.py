"""Reason phrases of our own: an answer that carries ``x-feedgate-reason`` says it in its status line.

twine shows nothing but status and phrase. The server knows only one phrase a
status, in a table by number; for as long as such an answer's head is sent, the table gets
an entry under a number that is equal to itself alone.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from feedgate.web.problems import REASON_HEADER, reason_phrase

_NAME = REASON_HEADER.encode()


class _OwnStatus(int):
    """A status that only itself is equal to, so it finds its own line in the table."""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class ReasonPhrases:
    """Takes the header out of ``application``'s answers and sends it as reason phrase."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; only a head with the header is changed."""

        async def send_with_reason(message: Message) -> None:
            headers = message.get("headers", ()) if message["type"] == "http.response.start" else ()
            reason = next((value for name, value in headers if name.lower() == _NAME), None)
            if reason is None:
                await send(message)
                return
            kept = [(name, value) for name, value in headers if name.lower() != _NAME]
            status = _OwnStatus(message["status"])
            phrase = reason_phrase(reason.decode("latin-1"))
            STATUS_LINE[status] = f"HTTP/1.1 {int(status)} {phrase}\r\n".encode("ascii")
            try:
                await send({**message, "status": status, "headers": kept})
            finally:
                del STATUS_LINE[status]

        await self._application(scope, receive, send_with_reason if scope["type"] == "http" else send)
