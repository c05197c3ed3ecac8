"""The server of a web process on a real socket: opening, closing, and reason phrases of its own."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from starlette.types import Receive, Scope, Send

from feedgate.errors import Conflict
from feedgate.model.secret import Secret
from feedgate.web.listener import AddressInUse, UnusableAddress, local_url_of, open_listener, url_of
from feedgate.web.server import Doorway, serve_http
from tests.left_out import leave_out


@dataclass
class Served:
    """A server in this loop, and what it said of itself."""

    port: int
    said: list[str]
    started: asyncio.Event = field(default_factory=asyncio.Event)
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    status: int = 200
    task: "asyncio.Task[None] | None" = None

    async def application(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        self.started.set()
        await self.finish.wait()
        await send({"type": "http.response.body", "body": b"last"})

    async def ask(self, path: str = "/", *headers: str) -> tuple[str, list[str], str]:
        """Return status line, header lines and body as they came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET {path} HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        raw = await reader.read()
        writer.close()
        head, _, body = raw.partition(b"\r\n\r\n")
        status, *rest = head.decode("latin-1").split("\r\n")
        return status, rest, body.decode()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    listener = open_listener("127.0.0.1", 0)
    served = Served(listener.getsockname()[1], [])
    opened = asyncio.Event()

    def say_opened() -> None:
        served.said.append("opened")
        opened.set()

    doorway = Doorway(
        key=Secret("k"),
        proof={"sign": "s"},
        stays=True,
        opened=say_opened,
        closing=lambda: served.said.append("closing"),
    )
    served.task = asyncio.create_task(serve_http(served.application, listener, doorway))
    await opened.wait()
    yield served
    served.finish.set()
    if not served.task.done():
        os.kill(os.getpid(), signal.SIGTERM)
    await served.task
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_closes_at_once_and_lets_open_answers_end(
    served: Served, number: signal.Signals
) -> None:
    answer = asyncio.create_task(served.ask())
    await served.started.wait()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        while "closing" not in served.said:  # noqa: ASYNC110  # said in the very tick
            await asyncio.sleep(0)
    with contextlib.suppress(ConnectionError):
        await asyncio.sleep(0.3)
        status, _, _ = await served.ask()
        assert not status
    served.finish.set()

    _, _, body = await answer
    assert "last" in body
    assert served.task is not None
    await asyncio.wait_for(served.task, 5)
    assert served.said == ["opened", "closing"]


async def test_two_signals_say_closing_once(served: Served) -> None:
    served.finish.set()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    assert served.task is not None
    await asyncio.wait_for(served.task, 5)

    assert served.said == ["opened", "closing"]


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        pytest.param(
            b"File already exists: demo-1.0.tar.gz", "File already exists: demo-1.0.tar.gz", id="plain"
        ),
        pytest.param(b"one\ttwo\xe9three", "one two?three", id="one-line-of-ascii"),
        pytest.param(b"x" * 121, "x" * 117 + "...", id="one-too-long"),
        pytest.param(b"x" * 120, "x" * 120, id="just-long-enough"),
    ],
)
async def test_an_answer_says_its_own_reason_in_the_status_line(
    served: Served, reason: bytes, line: str
) -> None:
    served.finish.set()
    served.status = 409
    served.headers = [(b"content-length", b"10"), (b"X-Feedgate-Reason", reason)]
    status, headers, body = await served.ask()

    assert status == f"HTTP/1.1 409 {line}"
    assert body == "first last"
    assert not [header for header in headers if "reason" in header.lower()]


async def test_other_answers_keep_the_usual_phrase(served: Served) -> None:
    served.finish.set()
    served.status = 409
    served.headers = [(b"x-feedgate-reason", b"its own")]
    assert (await served.ask())[0] == "HTTP/1.1 409 its own"
    served.headers = []
    assert (await served.ask())[0] == "HTTP/1.1 409 Conflict"


async def test_nobody_is_told_which_server_this_is(served: Served) -> None:
    served.finish.set()
    _, headers, _ = await served.ask()

    assert not [header for header in headers if header.lower().startswith("server:")]


def test_a_port_in_use_is_named() -> None:
    with open_listener("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressInUse, match=str(port)):
            open_listener("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"),
    [("no-such-host.invalid", 0), ("192.0.2.1", 0), ("", -1), ("127.0.0.1", 70000), ("a" * 70, 0)],
)
def test_an_address_that_is_not_this_machines_is_named(host: str, port: int) -> None:
    with pytest.raises(UnusableAddress):
        open_listener(host, port)


def test_a_listener_on_all_addresses_is_reached_on_loopback() -> None:
    with open_listener("0.0.0.0", 0) as listener:  # noqa: S104  # what the test is about
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://0.0.0.0:{port}"
        assert local_url_of(listener) == f"http://127.0.0.1:{port}"


def test_an_ipv6_address_has_brackets() -> None:
    try:
        listener = open_listener("::1", 0)
    except UnusableAddress:
        leave_out("IPv6", brings="a kernel with IPv6 on its loopback")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")


async def test_an_address_in_use_is_a_conflict(served: Served) -> None:
    with socket.socket() as probe:
        probe.connect(("127.0.0.1", served.port))
    with pytest.raises(Conflict):
        open_listener("127.0.0.1", served.port)
