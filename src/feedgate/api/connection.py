"""The way to a server: asked once more where it is safe, looked for again where it is gone."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit

import httpx

from feedgate.api.problem import from_problem
from feedgate.errors import Invalid, Unavailable
from feedgate.model.secret import Secret

READ_SECONDS: Final = 60.0
LONG_READ_SECONDS: Final = 900.0
"""For what the server works on before it answers: a large upload, a long ledger."""

_CONNECT_SECONDS: Final = 10.0


class InvalidServerUrl(Invalid):
    """A text that is no server's address."""

    code = "invalid-server-url"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the server's address can not be used: {reason}",
            next_step="Write https://HOST or http://HOST:PORT in --url or FEEDGATE_URL, the token in FEEDGATE_TOKEN.",
        )


class ServerUnreachable(Unavailable):
    """The server does not answer, or went away in the middle of an answer."""

    code = "server-unreachable"

    def __init__(self, origin: str, *, reason: str) -> None:
        super().__init__(
            f"{origin}: the server does not answer ({reason})",
            next_step="Check the address, and that the server runs. What was begun there may go on: look before you repeat it.",
            facts={"server": origin},
        )


_MOST_SERVERS: Final = 5
"""So many are asked the same before it is called a failure."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server answers, and as whom it is asked; ``token`` may be the key of a data directory.

    Nothing of the environment touches the way to a local one; to others proxies and
    ``SSL_CERT_FILE`` lead as everywhere.
    """

    origin: str
    token: Secret | None
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class Sending:
    """A call: ``content`` is a JSON text, or ``fields`` and ``file`` (its name, its bytes) make a form.

    ``bare`` are a file's bytes that go as they are, under their media type.
    """

    method: str
    path: str
    params: Mapping[str, str | int]
    content: str | None = None
    key: str | None = None
    fields: Mapping[str, str] | None = None
    file: tuple[str, BinaryIO] | None = None
    bare: tuple[str, BinaryIO] | None = None
    read_seconds: float = READ_SECONDS

    @property
    def is_repeatable(self) -> bool:
        """Whether the server does nothing more if it hears this twice."""
        return self.method in {"GET", "PUT"} or self.key is not None or self.file is not None

    def arguments(self) -> dict[str, Any]:
        """Return what httpx is given."""
        headers = {} if self.key is None else {"Idempotency-Key": self.key}
        given: dict[str, Any] = {"params": dict(self.params), "timeout": _timeout(self.read_seconds)}
        if self.content is not None:
            headers["Content-Type"] = "application/json"
            given["content"] = self.content
        if self.file is not None:
            name, content = self.file
            given["data"] = dict(self.fields or {})
            given["files"] = {"content": (name, content, "application/octet-stream")}
        if self.bare is not None:
            headers["Content-Type"], given["content"] = self.bare
        return given | {"headers": headers}


class Connection:
    """Reaches one server; raises RemoteProblem for its errors, ServerUnreachable where none answers.

    ``find_again`` is asked for the server when it is gone: a command's server may be
    killed, and started anew under another address and key.
    """

    def __init__(self, server: Server, *, find_again: Callable[[], Server] | None = None) -> None:
        self._find_again = find_again
        self._server = server
        self._http = _open(server)
        self._left: list[httpx.Client] = []
        self._looking = threading.Lock()

    @property
    def server(self) -> Server:
        """The server that is asked now."""
        return self._server

    def close(self) -> None:
        """Give the sockets back."""
        for http in (*self._left, self._http):
            http.close()

    def ask(self, sending: Sending) -> str:
        """Return the answer's text; what the server can not have heard, or may hear twice, is sent again.

        May be called by several threads at once. A server that is found again may be killed like the one before.
        """
        for _ in range(_MOST_SERVERS):
            asked = self._http
            try:
                return self._ask_now(sending)
            except httpx.TransportError as error:
                gone = error
                unheard = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if not (self._look_again_after(asked) and (unheard or sending.is_repeatable)):
                    break
        raise ServerUnreachable(self._server.origin, reason=_words(gone)) from gone

    def lines(self, path: str, params: Mapping[str, str | int], *, silence_seconds: float) -> Iterator[str]:
        """Yield an answer's lines as they come; ServerUnreachable where they end before the answer does."""
        timeout = _timeout(silence_seconds)
        try:
            with self._http.stream("GET", path, params=dict(params), timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    _checked(response)
                yield from response.iter_lines()
        except httpx.TransportError as error:
            raise ServerUnreachable(self._server.origin, reason=_words(error)) from error

    def look_again(self) -> bool:
        """Look for the server anew; False where nobody knows how."""
        return self._look_again_after(self._http)

    def _look_again_after(self, asked: httpx.Client) -> bool:
        """Look for the server anew, unless another thread did so since ``asked`` was the way to it."""
        if self._find_again is None:
            return False
        with self._looking:
            if self._http is asked:
                self._server = self._find_again()
                self._left.append(self._http)  # other threads may still hold it
                self._http = _open(self._server)
        return True

    def _ask_now(self, sending: Sending) -> str:
        for sent in (sending.file, sending.bare):
            if sent is not None:
                sent[1].seek(0)
        return _checked(self._http.request(sending.method, sending.path, **sending.arguments()))


def _open(server: Server) -> httpx.Client:
    try:
        parts = urlsplit(server.origin)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise InvalidServerUrl("host or port can not be read") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidServerUrl("it holds a user name or a password")
    if not is_usable or parts.query or parts.fragment:
        raise InvalidServerUrl("it is not http(s)://HOST, with a port where needed")
    return httpx.Client(
        base_url=server.origin,
        headers={} if server.token is None else {"Authorization": f"Bearer {server.token.reveal()}"},
        timeout=_timeout(READ_SECONDS),
        # The system's own store, as every other client on the machine has it, and SSL_CERT_FILE.
        verify=ssl.create_default_context() if parts.scheme == "https" else False,
        trust_env=not server.is_local,
    )


def _timeout(read_seconds: float) -> httpx.Timeout:
    return httpx.Timeout(READ_SECONDS, connect=_CONNECT_SECONDS, read=read_seconds)


def _checked(response: httpx.Response) -> str:
    text = response.text
    if not response.is_success:
        raise from_problem(text, response.status_code)
    return text


def _words(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
