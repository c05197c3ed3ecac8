"""The listening socket. It is made before anything heavy is loaded, and outlives one web process."""

import errno
import socket
from typing import TypeAlias

from feedgate.errors import Conflict, Invalid

Listener: TypeAlias = socket.socket

_BACKLOG = 2048
_HIGHEST_PORT = 65535


class AddressInUse(Conflict):
    """Something else listens there."""

    code = "address-in-use"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"{host}:{port} is taken by another program",
            next_step="Choose another port with --port, or 0 for any that is free.",
            facts={"host": host, "port": port},
        )


class UnusableAddress(Invalid):
    """This machine can not listen there."""

    code = "unusable-address"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"{host}:{port} can not be listened on: {reason}",
            next_step="Choose an address of this machine with --host, and a port from 1024 on with --port.",
            facts={"host": host, "port": port},
        )


def open_listener(host: str, port: int) -> Listener:
    """Return a socket that listens; connections queue until somebody accepts them.

    ``port`` 0 takes any that is free. Raises AddressInUse, UnusableAddress.
    """
    if not 0 <= port <= _HIGHEST_PORT:  # the system would take the remainder
        raise UnusableAddress(host, port, f"a port is a number from 0 to {_HIGHEST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError, OverflowError) as error:
        raise UnusableAddress(host, port, str(error)) from error
    try:
        # Else the port of a server that just ended is refused for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(host, port) from error
        raise UnusableAddress(host, port, error.strerror or str(error)) from error
    return listener


def adopt_listener(descriptor: int) -> Listener:
    """Return the listening socket behind a descriptor that the parent passed on."""
    return socket.socket(fileno=descriptor)


def url_of(listener: Listener) -> str:
    """Return where the socket listens, as ``http://HOST:PORT``."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def local_url_of(listener: Listener) -> str:
    """Return how a program on this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    if host == "0.0.0.0":  # noqa: S104  # compared, not listened on
        host = "127.0.0.1"
    if host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
