"""A client of the run's listener that sends one request just as it is told to."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass

from feedgate.index.loopback import RUN_HOST, Call

JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


def basic(call: Call, password: str | None = None) -> str:
    pair = f"{call.username}:{call.password.reveal() if password is None else password}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


async def ask(
    call: Call, address: str, *, method: str = "GET", authorized: bool = True, **stated: str
) -> Response:
    """Send one request as it stands, as a client would to its proxy, and read the answer to its end."""
    port = int(call.proxy_url.reveal().rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stated = {"host": RUN_HOST, "connection": "close", "accept": JSON, **stated}
    if authorized:
        stated.setdefault("authorization", basic(call))
    lines = [
        f"{method} {address} HTTP/1.1",
        *(f"{name.replace('_', '-')}: {text}" for name, text in stated.items()),
    ]
    try:
        writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status, *fields = head.decode().split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (field.partition(":") for field in fields)}
    return Response(int(status.split()[1]), headers, body)
