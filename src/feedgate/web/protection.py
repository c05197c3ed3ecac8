"""What keeps a browser from being used against its user: no answer is more than it says, no form comes from elsewhere.

A browser that once asked for a token (HTTP Basic) sends it with everything, also with
what a page of somebody else makes it send. Programs send none of these headers.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedgate.errors import Forbidden
from feedgate.web.problems import answer_error

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class CrossSiteRequest(Forbidden):
    """A page of another site made a browser send this."""

    code = "cross-site-request"

    def __init__(self) -> None:
        super().__init__(
            "a page of another site sent this, not you",
            next_step="Use the command, or a client such as twine.",
        )


class Protection:
    """The layer that refuses what other sites' pages send, and marks every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in _READS and _comes_from_elsewhere(Headers(scope=scope)):
            await answer_error(scope["path"], CrossSiteRequest())(scope, receive, mark)
            return
        await self._app(scope, receive, mark)


def _comes_from_elsewhere(headers: Headers) -> bool:
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN_SITES
    origin = headers.get("Origin")
    try:
        return origin is not None and urlsplit(origin).netloc != headers.get("Host")
    except ValueError:
        return True
