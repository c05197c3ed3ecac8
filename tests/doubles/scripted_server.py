"""A server that says exactly the bytes it was given, one answer a connection, and hangs up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_PATIENCE_SECONDS = 10


@dataclass
class ScriptedServer:
    """``requests`` has the head of each request that came; None as answer = say nothing until ``over``."""

    answers: list[bytes | None]
    requests: list[str] = field(default_factory=list)
    origin: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while self.answers and not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(_PATIENCE_SECONDS)
                self.requests.append(_head(connection))
                answer = self.answers.pop(0)
                if answer is None:
                    self.over.wait(_PATIENCE_SECONDS)
                else:
                    connection.sendall(answer)

    @property
    def lines(self) -> list[str]:
        """The first line of each request."""
        return [request.partition("\r\n")[0] for request in self.requests]


@contextmanager
def scripted(*answers: bytes | None) -> Iterator[ScriptedServer]:
    """Serve ``answers`` in order on loopback until the context ends; then nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(list(answers))
        server.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE_SECONDS)


def whole(body: bytes, status: str = "200 OK") -> bytes:
    """Return an answer with its length."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


def streamed(*lines: bytes, ends: bool) -> bytes:
    """Return a chunked answer of ``lines``; one that does not end is cut off."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(line) + 1, line + b"\n") for line in lines)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + (b"0\r\n\r\n" if ends else b"")


def _head(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            break
        received += chunk
    return received.decode("latin-1")
