"""One question over HTTP: judged, sent, redirected by hand, until headers are there.

Every hop is judged anew, before by its address' text (``egress.judge``) and at
connect by the address dialled; credentials go to their own origin only.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from feedgate.errors import Broken, Invalid
from feedgate.model.secret import Secret
from feedgate.outside.body import Limits
from feedgate.outside.egress import Address, Egress, forbidden
from feedgate.outside.gateways import Gateways
from feedgate.outside.patience import TryAgain, asked_wait_seconds
from feedgate.outside.peer import UPSTREAM, Peer
from feedgate.outside.proxies import Proxies
from feedgate.outside.upload_body import UploadBody
from feedgate.outside.words import fault_in_words, status_in_words

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_THE_METHOD = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_ASK_AGAIN = frozenset({408, 429})
_DNS_SECONDS = 30
_NETWORK_ERRORS = (aiohttp.ClientError, OSError)
"""TimeoutError is an OSError."""


class RedirectLoop(Broken):
    """More redirects than anyone needs."""

    code = "redirect-loop"

    def __init__(self, what: str, *, url: URL, peer: Peer = UPSTREAM) -> None:
        super().__init__(
            f"{what}: {url.raw_host} redirects more than {MOST_REDIRECTS} times",
            next_step=f"Ask the operator of {peer.name}, or point {peer.address_setting} at where it leads in the end.",
            facts={"what": what},
        )


class UploadRedirected(Invalid):
    """An upload that was sent to an address which only leads to another one."""

    code = "upload-redirected"

    def __init__(self, what: str, *, status: int, url: URL, to: URL) -> None:
        place = f"{to.scheme}://{to.host_port_subcomponent or ''}{to.raw_path}"[:300]
        super().__init__(
            f"{what}: {url.raw_host} redirects uploads ({status_in_words(status)}) to {place}",
            next_step=f"Nothing was sent there. If that place is yours, give it as the upload address: {place}",
            facts={"what": what, "address": place},
        )


class CertificateNotTrusted(Broken):
    """The server's certificate does not hold, so nothing was asked."""

    code = "certificate-not-trusted"

    def __init__(self, what: str, *, host: str, reason: str) -> None:
        super().__init__(
            f"{what}: the certificate of {host} is not trusted: {reason}",
            next_step="If a gateway signs anew, name its certificate authority in upstream.ca or SSL_CERT_FILE.",
            facts={"what": what, "host": host},
        )


class InvalidAuthority(Invalid):
    """The file of certificate authorities can not be used."""

    code = "invalid-certificate-authority"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"upstream.ca: {path} can not be used: {reason}",
            next_step="Name a readable file of certificates in PEM form.",
            facts={"path": str(path)},
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sent to ``origins`` and nowhere else."""

    origins: frozenset[URL]
    user: str
    password: Secret

    def header(self) -> str:
        """Return the value of ``Authorization`` (Basic, UTF-8)."""
        pair = f"{self.user}:{self.password.reveal()}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class _DeniedAtConnect(OSError):
    """Raised where a socket is made; its text is always the same, so that several of them stay one error."""

    def __init__(self, address: Address, port: int, reason: str) -> None:
        super().__init__("the address is not one to connect to")
        self.address = address
        self.port = port
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Question:
    """What goes to one address; ``body`` makes its bytes, whose length the headers state."""

    method: str
    url: URL
    headers: Mapping[str, str]
    within_seconds: float
    body: Callable[[], AsyncIterator[bytes]] | None = None


@dataclass(frozen=True, slots=True)
class _Sessions:
    """One for hosts that the operator named, one that looks at each address it dials."""

    named: aiohttp.ClientSession
    guarded: aiohttp.ClientSession


class Exchange:
    """Asks questions; made by ``opened``."""

    def __init__(
        self,
        *,
        egress: Egress,
        proxies: Proxies,
        credentials: Credentials | None,
        gateways: Gateways,
        sessions: _Sessions,
        head_seconds: float,
        peer: Peer,
    ) -> None:
        self._egress = egress
        self._proxies = proxies
        self._credentials = credentials
        self._gateways = gateways
        self._sessions = sessions
        self._head_seconds = head_seconds
        self._peer = peer

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        *,
        egress: Egress,
        proxies: Proxies,
        credentials: Credentials | None,
        authority: Path | None,
        limits: Limits,
        resolver: AbstractResolver | None = None,
        peer: Peer = UPSTREAM,
    ) -> AsyncIterator["Exchange"]:
        """Open both sessions: one for hosts the operator named, one that looks at each address it dials."""
        trust = _trust(authority)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect_seconds, sock_read=limits.silence_seconds
        )
        gateways = Gateways(egress, resolver)

        def guard(dialled: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, place = dialled
            address, port = ip_address(place[0].partition("%")[0]), place[1]
            reason = forbidden(address)
            if reason is not None and not gateways.known(address, port):
                raise _DeniedAtConnect(address, port, reason)
            return socket.socket(family, kind, protocol)

        def session(**connecting: Any) -> aiohttp.ClientSession:
            return aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, ttl_dns_cache=_DNS_SECONDS, ssl=trust, resolver=resolver, **connecting
                ),
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"feedgate/{version('feedgate')}", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
            )

        async with session() as named, session(socket_factory=guard) as guarded:
            yield cls(
                egress=egress,
                proxies=proxies,
                credentials=credentials,
                gateways=gateways,
                sessions=_Sessions(named, guarded),
                head_seconds=limits.grace_seconds,
                peer=peer,
            )

    async def ask(
        self, address: str, *, what: str, headers: Mapping[str, str], on_same_host: bool = False
    ) -> aiohttp.ClientResponse:
        """Return the answer's head; whoever asked reads the body, or closes it.

        With ``on_same_host`` a redirect to another host is the answer, and not followed. Raises
        TryAgain for faults that pass (also 408, 429 and 5xx), EgressDenied, RedirectLoop,
        CertificateNotTrusted. Other statuses are answers.
        """
        url = self._parsed(address, what)
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._hop(_Question("GET", url, headers, self._head_seconds), what)
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in _ASK_AGAIN:
                response.close()
                asked_seconds = asked_wait_seconds(
                    response.headers.get("Retry-After"), response.headers.get("Date")
                )
                raise TryAgain(status_in_words(response.status), wait_seconds=asked_seconds)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return response
            to = url.join(self._parsed(location, what))
            if on_same_host and to.raw_host != url.raw_host:
                return response
            response.close()
            url = to
        raise RedirectLoop(what, url=url, peer=self._peer)

    async def send(
        self,
        address: str,
        body: Callable[[], AsyncIterator[bytes]],
        *,
        what: str,
        headers: Mapping[str, str],
        within_seconds: float,
    ) -> aiohttp.ClientResponse:
        """POST ``body``, made anew for each hop, and return the answer's head, whatever its status.

        It may come before the whole body was sent; whoever asked closes it. A redirect is
        followed only if it keeps method (307, 308) and origin. Raises UploadRedirected,
        TryAgain for faults of the network, and what ``ask`` raises.
        """
        url = self._parsed(address, what)
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._hop(_Question("POST", url, headers, within_seconds, body), what)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return response
            response.close()
            to = url.join(self._parsed(location, what))
            if response.status not in _KEEP_THE_METHOD or not _same_origin(url, to):
                raise UploadRedirected(what, status=response.status, url=url, to=to)
            url = to
        raise RedirectLoop(what, url=url, peer=self._peer)

    async def _hop(self, question: _Question, what: str) -> aiohttp.ClientResponse:
        url = question.url
        proxy = self._proxies.before(url)
        self._egress.judge(url, what=what, through_proxy=proxy is not None)
        is_named = proxy is not None or self._egress.names(url)
        session = self._sessions.named if is_named else self._sessions.guarded
        try:
            try:
                return await self._put(question, session, proxy)
            except _DeniedAtConnect as denied:
                if not await self._gateways.admit(denied.address, denied.port):
                    raise
                return await self._put(question, session, proxy)
        except _DeniedAtConnect as denied:
            raise self._egress.denied(
                what, host=url.raw_host or "", address=denied.address, reason=denied.reason
            ) from denied
        except aiohttp.InvalidURL as error:
            raise self._egress.denied(what, host=url.raw_host or "", reason="it is no address") from error
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError) as error:
            raise CertificateNotTrusted(what, host=url.raw_host or "", reason=_reason_of(error)) from error
        except _NETWORK_ERRORS as error:
            raise TryAgain(fault_in_words(error)) from error

    async def _put(
        self, question: _Question, session: aiohttp.ClientSession, proxy: URL | None
    ) -> aiohttp.ClientResponse:
        headers = dict(question.headers)
        if self._credentials is not None and question.url.origin() in self._credentials.origins:
            headers["Authorization"] = self._credentials.header()
        try:
            async with asyncio.timeout(question.within_seconds):
                return await session.request(
                    question.method,
                    question.url,
                    headers=headers,
                    data=None if question.body is None else UploadBody(question.body()),
                    proxy=proxy,
                    allow_redirects=False,
                )
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _DeniedAtConnect):
                raise error.os_error from error
            raise

    def _parsed(self, address: str, what: str) -> URL:
        """Read an address; one that is plain ASCII is sent exactly as it is written, since signatures cover it."""
        try:
            is_plain = address.isascii() and address.isprintable() and " " not in address
            return URL(address, encoded=is_plain)
        except ValueError as error:
            raise self._egress.denied(what, host=repr(address[:200]), reason="it is no address") from error


def _same_origin(one: URL, other: URL) -> bool:
    return (one.scheme, one.raw_host, one.port) == (other.scheme, other.raw_host, other.port)


def _reason_of(error: Exception) -> str:
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error
    return getattr(cause, "verify_message", "") or "it can not be verified"


def _trust(authority: Path | None) -> ssl.SSLContext:
    """Return the system's trust (which honours SSL_CERT_FILE), with ``authority`` added to it."""
    trust = ssl.create_default_context()
    if authority is not None:
        try:
            trust.load_verify_locations(cafile=authority)
        except ssl.SSLError as error:
            raise InvalidAuthority(authority, reason="it holds no certificate in PEM form") from error
        except OSError as error:
            raise InvalidAuthority(authority, reason=error.strerror or "it can not be read") from error
    return trust
