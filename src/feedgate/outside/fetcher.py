"""Fetching from strangers within limits: pages whole, files streamed into the blob store.

Every read has a limit on connect, silence, total time and total bytes. A
fault that may pass is tried again (``patience``); a promise that was broken is not.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from feedgate.errors import Broken
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, NoSuchFile, Span, SpanNotSatisfiable
from feedgate.model.secret import Secret
from feedgate.outside.body import FILE_LIMIT_BYTES, PAGE_LIMIT_BYTES, Body, Limits, SizeMismatch
from feedgate.outside.egress import Egress
from feedgate.outside.exchange import Credentials, Exchange
from feedgate.outside.patience import Patience
from feedgate.outside.peer import UPSTREAM, Peer
from feedgate.outside.proxies import Proxies
from feedgate.outside.receiving import ReceivingStore
from feedgate.outside.seen import Seen
from feedgate.outside.slots import Slots
from feedgate.outside.spans import FIRST_BYTE, Spans, range_header
from feedgate.outside.under_way import UnderWay

SPOKEN_LIMIT_BYTES = 64 * 1024
"""How much is read of what an upload is answered with."""

ONCE = Patience(attempts=1)


class DigestMismatch(Broken):
    """The upstream sent other bytes than its index promised."""

    code = "digest-mismatch"

    def __init__(self, filename: str, *, promised: str, received: str, peer: Peer = UPSTREAM) -> None:
        super().__init__(
            f"{filename}: {peer.name} promised sha256 {promised[:12]}…, sent {received[:12]}…",
            next_step="Nothing was stored. Compare with another index before you retry the run.",
            facts={"filename": filename, "promised": promised, "received": received},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetcherSettings:
    """What the operator says about fetching; ``proxies`` None = those of the environment.

    ``concurrency`` bounds downloads, ``question_concurrency`` everything else; where
    that is None, ``concurrency`` bounds all together, to the last byte of what is read.
    ``credentials`` go to the origins of ``upstream_url`` and ``other_urls`` only, ``authority``
    is trusted beside the system's certificate authorities.
    """

    upstream_url: str
    other_urls: tuple[str, ...] = ()
    patience: Patience
    credentials: tuple[str, Secret] | None = None
    authority: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    proxies: Proxies | None = None
    concurrency: int = 16
    question_concurrency: int | None = 64
    limits: Limits = field(default_factory=Limits)
    peer: Peer = UPSTREAM


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page as it came; ``url`` is where it was found after redirects. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """What was answered to an upload; ``reason`` is the reason phrase, ``body`` the beginning. Header names are lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What a download left in the blob store; ``seen`` is what the answer said, None where nothing was fetched."""

    digest: Digest
    size_bytes: int
    seen: Seen | None = field(default=None, compare=False)


class Fetcher:
    """Asks strangers for pages and files; made by ``opened``, belongs to one event loop."""

    def __init__(self, exchange: Exchange, settings: FetcherSettings) -> None:
        self._exchange = exchange
        self._limits = settings.limits
        self._patience = settings.patience
        self._peer = settings.peer
        self._spans = Spans(settings.limits, settings.peer)
        self._downloads = Slots(settings.concurrency)
        self._are_one = settings.question_concurrency is None
        self._questions = (
            self._downloads if settings.question_concurrency is None else Slots(settings.question_concurrency)
        )
        self._under_way = UnderWay()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: FetcherSettings, *, resolver: AbstractResolver | None = None
    ) -> AsyncIterator["Fetcher"]:
        """Open the connections' pools; raises InvalidHost, InvalidProxy, InvalidAuthority."""
        urls = (settings.upstream_url, *settings.other_urls)
        egress = Egress(setting=settings.peer.hosts_setting).with_hosts(*urls, *settings.allowed_hosts)
        credentials = None
        if settings.credentials is not None:
            user, password = settings.credentials
            credentials = Credentials(frozenset(URL(url).origin() for url in urls), user, password)
        async with Exchange.opened(
            egress=egress,
            proxies=Proxies.from_environment() if settings.proxies is None else settings.proxies,
            credentials=credentials,
            authority=settings.authority,
            limits=settings.limits,
            resolver=resolver,
            peer=settings.peer,
        ) as exchange:
            yield cls(exchange, settings)

    async def get_page(
        self,
        url: str,
        *,
        name: str,
        headers: Mapping[str, str],
        limit_bytes: int = PAGE_LIMIT_BYTES,
        on_same_host: bool = False,
    ) -> PageAnswer:
        """Return the answer; only a 200 has its body read. ``name`` is what errors call it.

        With ``on_same_host`` a redirect to another host is the answer.
        Raises UpstreamUnavailable after the last attempt, AnswerTooLarge, UnexpectedEncoding,
        EgressDenied, RedirectLoop, CertificateNotTrusted.
        """

        async def attempt() -> PageAnswer:
            async with self._questions:
                response = await self._exchange.ask(
                    url, what=name, headers=headers, on_same_host=on_same_host
                )
                body = b""
                if response.status == HTTPStatus.OK:
                    body = await Body(
                        response,
                        what=name,
                        limits=self._limits,
                        limit_bytes=limit_bytes,
                        peer=self._peer,
                    ).read()
                response.close()
            lowered = {header.lower(): value for header, value in response.headers.items()}
            return PageAnswer(response.status, lowered, body, str(response.url))

        return await self._patience.through(name, attempt, self._peer)

    async def probe(
        self, url: str, *, name: str, headers: Mapping[str, str], patience: Patience = ONCE
    ) -> int:
        """Return the status, without the body, of one attempt if not told otherwise; raises as ``get_page`` does."""

        async def attempt() -> int:
            async with self._questions:
                response = await self._exchange.ask(url, what=name, headers=headers)
            response.close()
            return response.status

        return await patience.through(name, attempt, self._peer)

    async def size_of(self, url: str, *, what: str) -> int:
        """Return how many bytes a file has, by asking for its first one; a file whose length nobody states is read.

        Raises NoSuchFile, and what ``get_page`` does.
        """
        return (await self.look_at(url, what=what)).size_bytes

    async def look_at(self, url: str, *, what: str) -> Seen:
        """Return what is said of a file, as ``size_of`` finds its size; raises the same."""

        async def attempt() -> Seen:
            async with self._questions:
                response = await self._exchange.ask(url, what=what, headers=range_header(FIRST_BYTE))
                try:
                    return Seen.of(await self._spans.size_by(response, what), response.headers)
                finally:
                    response.close()

        return await self._patience.through(what, attempt, self._peer)

    async def send(
        self,
        url: str,
        body: Callable[[], AsyncIterator[bytes]],
        *,
        what: str,
        headers: Mapping[str, str],
        size_bytes: int,
    ) -> SendAnswer:
        """POST ``body`` once, and return whatever is answered, also before all of it was sent.

        Raises TryAgain where the network fails, UploadRedirected, EgressDenied, CertificateNotTrusted.
        """
        within_seconds = self._limits.seconds_for(size_bytes)
        async with self._questions:
            response = await self._exchange.send(
                url, body, what=what, headers=headers, within_seconds=within_seconds
            )
            try:
                said = await _beginning_of(response, self._limits.silence_seconds)
            finally:
                response.close()
        lowered = {header.lower(): value for header, value in response.headers.items()}
        return SendAnswer(response.status, response.reason or "", lowered, said)

    async def open(
        self, url: str, *, what: str, span: Span = WHOLE, promised_size: int | None = None
    ) -> Content:
        """Open a file at the upstream to read it through, or a span of it.

        Tried again until its head is there; a fault later is UpstreamUnavailable.
        Raises NoSuchFile, SpanNotSatisfiable, SizeMismatch too. A file of which
        nobody states the size is taken into memory, up to 64 MiB.
        """
        if promised_size is not None and span != WHOLE and span.start >= promised_size:
            raise SpanNotSatisfiable(promised_size)

        async def ask() -> Content:
            response = await self._exchange.ask(url, what=what, headers=range_header(span))
            return await self._spans.content_by(response, what, span, promised_size)

        async def attempt() -> Content:
            if self._are_one:
                return await self._questions.held(ask)
            async with self._questions:
                return await ask()

        return await self._patience.through(what, attempt, self._peer)

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        """Bring a file into the blob store; one that is there, or on its way, is not fetched again.

        ``progress`` hears how many bytes came in since it was last called; a
        failed attempt is taken back with a negative number. Nothing is stored unless size and digest are
        what ``file`` promises: DigestMismatch, SizeMismatch. Also raises NoSuchFile,
        UpstreamUnavailable, EgressDenied, StorageFull.
        """
        if file.digest is None:
            return await self._download(file, blobs, progress)
        async with self._under_way.alone(file.digest):
            if await blobs.has(file.digest):
                return self._as_promised(file, file.digest, await blobs.size_bytes(file.digest))
            return await self._download(file, blobs, progress)

    async def _download(
        self, file: Distribution, blobs: ReceivingStore, progress: Callable[[int], None]
    ) -> Stored:
        if file.source is None:
            raise NoSuchFile(file.filename, index=self._peer.name)
        address = file.source

        async def attempt() -> Stored:
            async with self._downloads:
                response = await self._exchange.ask(address, what=file.filename, headers={})
                if response.status != HTTPStatus.OK:
                    response.close()
                    raise self._peer.no_file(file.filename, response.status)
                body = Body(
                    response,
                    what=file.filename,
                    limits=self._limits,
                    limit_bytes=FILE_LIMIT_BYTES,
                    promised_bytes=file.size_bytes,
                    peer=self._peer,
                )
                try:
                    stored = await self._store(file, body, blobs, progress)
                    return replace(stored, seen=Seen.of(stored.size_bytes, response.headers))
                finally:
                    body.close()

        return await self._patience.through(file.filename, attempt, self._peer)

    async def _store(
        self, file: Distribution, body: Body, blobs: ReceivingStore, progress: Callable[[int], None]
    ) -> Stored:
        told_bytes = 0
        try:
            async with blobs.receive() as incoming:
                while chunk := await body.next_chunk():
                    await incoming.write(chunk)
                    told_bytes += len(chunk)
                    progress(len(chunk))
                stored = self._as_promised(file, incoming.digest, incoming.size_bytes)
                await incoming.keep()
                return stored
        except BaseException:
            progress(-told_bytes)
            raise

    def _as_promised(self, file: Distribution, digest: Digest, size_bytes: int) -> Stored:
        if file.size_bytes not in {None, size_bytes}:
            raise SizeMismatch(
                file.filename, promised=file.size_bytes or 0, received=size_bytes, peer=self._peer
            )
        if file.digest not in {None, digest}:
            raise DigestMismatch(file.filename, promised=file.digest or "", received=digest, peer=self._peer)
        return Stored(digest, size_bytes)


async def _beginning_of(response: aiohttp.ClientResponse, within_seconds: float) -> bytes:
    """Return what can be had of an answer's body: its status says enough where the rest breaks off."""
    said = bytearray()
    with suppress(aiohttp.ClientError, OSError):
        async with asyncio.timeout(within_seconds):
            while len(said) < SPOKEN_LIMIT_BYTES and (chunk := await response.content.readany()):
                said += chunk
    return bytes(said[:SPOKEN_LIMIT_BYTES])
