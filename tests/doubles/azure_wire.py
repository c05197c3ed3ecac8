"""How the stand-in writes answers, among them those that a well-behaved server would not let it write."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from tests.doubles.azure_answers import NAMES, Said
from tests.doubles.azure_log import Seen
from tests.doubles.azure_manners import Cuts, Fails, Fault, Redirects, Waits


async def answer(request: web.BaseRequest, seen: Seen, said: Said) -> web.StreamResponse:
    """Write an error; its reason phrase goes out as it is, only its line ends are taken from it."""
    content = b"" if request.method == "HEAD" else said.content
    seen.status, seen.sent_bytes = said.status, len(content)
    reason = " ".join(said.reason.splitlines()) if said.status != 401 else NAMES[401]
    said.headers.setdefault("Content-Type", "application/json; charset=utf-8")
    if reason.isprintable():
        return web.Response(status=said.status, reason=reason, headers=said.headers, body=content)
    head = [f"HTTP/1.1 {said.status} {reason}", f"Content-Length: {len(content)}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in said.headers.items()]
    return write_raw(request, "\r\n".join([*head, "", ""]).encode() + content)


async def meet(fault: Fault | None) -> None:
    """Wait, or raise what a fault has the service say; a cut is the caller's own affair."""
    match fault:
        case Fails():
            said = Said(fault.status, fault.words, key="ServiceException", body=fault.body)
            said.headers["Content-Type"] = fault.content_type
            if fault.retry_after is not None:
                said.headers["Retry-After"] = fault.retry_after
            raise said
        case Redirects(to, status):
            said = Said(status, "The resource is at another address.", body="")
            said.headers["Location"] = to
            raise said
        case Waits(seconds):
            await pause(seconds)
        case _:
            pass


async def cut(
    request: web.BaseRequest, seen: Seen, headers: Mapping[str, str], body: bytes, fault: Cuts
) -> web.StreamResponse:
    """Close the connection: at once, or after a part of ``body`` whose whole length was stated."""
    if fault.sent_bytes is None:
        return write_raw(request, b"")
    seen.sent_bytes = min(fault.sent_bytes, len(body))
    head = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items())]
    return write_raw(request, "\r\n".join([*head, "", ""]).encode() + body[: fault.sent_bytes])


def write_raw(request: web.BaseRequest, content: bytes) -> web.StreamResponse:
    """Write past the server and close; what is returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        transport.write(content)
        transport.close()
    return web.Response()


async def pause(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
