"""What happened on the network, in words that fit into a sentence: no addresses, no secrets."""

import os
from http import HTTPStatus

import aiohttp

BROKE_OFF = "the answer broke off"

_WORDS = (
    (aiohttp.ClientConnectorDNSError, "its name was not found"),
    (aiohttp.ConnectionTimeoutError, "no connection in time"),
    (aiohttp.SocketTimeoutError, "it fell silent"),
    (TimeoutError, "it is too slow"),
    (aiohttp.ServerDisconnectedError, "it closed the connection"),
    (aiohttp.ClientPayloadError, BROKE_OFF),
    (aiohttp.ClientConnectorSSLError, "no TLS connection"),
)
"""The first that fits, so narrow classes stand before wide ones."""


def status_in_words(status: int) -> str:
    """Return ``503 Service Unavailable``; the phrase is the standard's, never the server's own text."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def fault_in_words(fault: Exception) -> str:
    """Return what a fault of the network means to a reader who knows no library's classes."""
    for kind, words in _WORDS:
        if isinstance(fault, kind):
            return words
    if isinstance(fault, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {status_in_words(fault.status)}"
    if isinstance(fault, OSError):
        return "the connection broke" if fault.errno is None else os.strerror(fault.errno).lower()
    return "its answer is no HTTP"
