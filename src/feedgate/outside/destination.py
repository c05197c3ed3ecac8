"""A destination: a foreign index that is read as any other, and can be sent to (Azure Artifacts and its like)."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import quote

from aiohttp.abc import AbstractResolver

from feedgate.model.destination import Addresses
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename, parse_filename
from feedgate.model.index import WHOLE, Content, NoSuchFile, ProjectPage, Span
from feedgate.model.names import ProjectName
from feedgate.model.secret import Secret
from feedgate.outside.azure_upstreams import has_upstream_sources
from feedgate.outside.delivery import Conflict, Delivery, Outgoing, Present
from feedgate.outside.destination_peer import DENIALS, DestinationPeer, NotADestination
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.fetcher import Fetcher, FetcherSettings, Stored
from feedgate.outside.known_digests import HashedOnly, InMemory, KnownDigests, TrustedDigests
from feedgate.outside.page_looks import PageLooks
from feedgate.outside.patience import Patience
from feedgate.outside.peer import GONE
from feedgate.outside.receiving import ReceivingStore
from feedgate.outside.sending import Sender
from feedgate.outside.upstream import ACCEPT, Upstream
from feedgate.outside.waiting import TellWait, Waiting, told

_FRESH: Mapping[str, str] = {**ACCEPT, "Cache-Control": "max-age=0"}
"""An answer is confirmed on the page, so a page that somebody kept is of no use."""


class Destination:
    """An Index over the destination's pages, that can also be sent to; made by ``opened``."""

    def __init__(
        self,
        addresses: Addresses,
        fetcher: Fetcher,
        peer: DestinationPeer,
        sender: "_Sending",
        known: TrustedDigests,
        ask_upstreams: Callable[[], Awaitable[bool | None]],
    ) -> None:
        self.addresses = addresses
        self._fetcher = fetcher
        self._peer = peer
        self._known = known
        self._ask_upstreams = ask_upstreams
        self._index = Upstream(fetcher, addresses.read_url, peer=peer, headers=_FRESH)
        self._looks = PageLooks(self._index.page)
        self._patience = sender.patience
        self._silence_seconds = sender.silence_seconds
        self._sender = sender.by(self._there)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        addresses: Addresses,
        credentials: tuple[str, Secret] | None,
        settings: DestinationSettings,
        *,
        resolver: AbstractResolver | None = None,
        known: KnownDigests | None = None,
    ) -> AsyncIterator["Destination"]:
        """Open the connections' pools; asks nothing yet. Raises InvalidHost, InvalidProxy, InvalidAuthority.

        ``credentials`` (user name, password) go with the first request of every kind, to the
        origins of the two addresses and nowhere else.
        """
        peer = DestinationPeer.of(addresses, settings.azure_hosts, settings.upstream_hosts)
        patience = Patience(
            attempts=settings.attempts,
            first_wait_seconds=settings.first_wait_seconds,
            longest_wait_seconds=settings.longest_wait_seconds,
            sleep=settings.sleep,
        )
        fetching = FetcherSettings(
            upstream_url=addresses.read_url,
            other_urls=(addresses.upload_url,),
            patience=patience,
            credentials=credentials,
            authority=settings.authority,
            allowed_hosts=settings.allowed_hosts,
            proxies=settings.proxies,
            concurrency=settings.connections,
            question_concurrency=None,
            limits=settings.limits,
            peer=peer,
        )
        async with Fetcher.opened(fetching, resolver=resolver) as fetcher:
            sending = _Sending(
                fetcher,
                peer,
                addresses.upload_url,
                patience,
                settings.look_waits_seconds,
                settings.limits.silence_seconds,
                _spellings(credentials),
            )
            yield cls(
                addresses,
                fetcher,
                peer,
                sending,
                TrustedDigests(
                    known or InMemory(), lambda url, what: fetcher.look_at(url, what=what), settings.now
                ),
                lambda: has_upstream_sources(addresses, credentials, settings, resolver=resolver),
            )

    @property
    def name(self) -> str:
        """What errors and reports call it: ``the destination HOST``."""
        return self._peer.name

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names on its list, sorted; of Azure's, which is empty, none."""
        return self._index.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page; raises NoSuchProject, DestinationUnavailable, DestinationDenied, BadPage."""
        return await self._index.page(name)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file's bytes as they come; raises NoSuchFile, DestinationUnavailable, DestinationDenied."""
        return await self._index.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA beside the file (PEP 658); raises NoSuchFile, DigestMismatch."""
        return await self._index.open_metadata(file)

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        """Bring a file into the blob store as ``Fetcher.download`` does; one that is there is not fetched.

        What a file is whose page states no digest is remembered.
        """
        if file.digest is not None or file.source is None:
            return await self._fetcher.download(file, blobs, progress=progress)
        return await self._hashed(file, await self._known.find(file), blobs, progress)

    async def size_of(self, file: Distribution) -> int:
        """Return the file's size as the destination serves it, by a GET of its first byte.

        Raises NoSuchFile, DestinationUnavailable, DestinationDenied.
        """
        if file.source is None:
            raise NoSuchFile(file.filename, index=self.name)
        return await self._fetcher.size_of(file.source, what=file.filename)

    async def digest_of(self, file: Distribution, blobs: ReceivingStore | None = None) -> Digest:
        """Return the file's digest: the page's, else the remembered one, else that of its bytes, fetched once.

        ``blobs`` keeps what is fetched.
        """
        if file.digest is not None:
            return file.digest
        if file.source is None:
            raise NoSuchFile(file.filename, index=self.name)
        known = await self._known.find(file)
        if known is None:
            known = (await self._hashed(file, None, blobs or HashedOnly(), _unheard)).digest
        return known

    async def _hashed(
        self,
        file: Distribution,
        known: Digest | None,
        blobs: ReceivingStore,
        progress: Callable[[int], None],
    ) -> Stored:
        stored = await self._fetcher.download(replace(file, digest=known), blobs, progress=progress)
        if stored.seen is not None:
            await self._known.remember(file, stored.digest, stored.seen)
        return stored

    async def deliver(self, outgoing: Outgoing, *, listed: ProjectPage | None = None) -> Delivery:
        """Send one file unless it is there, and say what became of it; its page has the last word.

        ``listed`` is the project's page where it was read just now. A file that was taken
        is Sent only once the page lists its digest. Raises DestinationDenied,
        DestinationUnavailable, NotADestination, UploadRedirected, and what reading raises.
        """
        there = await (self._there(outgoing) if listed is None else self._digest_on(listed, outgoing))
        if there is not None:
            return Present() if there == outgoing.digest else Conflict(there)
        return await self._sender.send(outgoing)

    def last_look(self, name: ProjectName) -> ProjectPage | None:
        """Return the page by which an upload was last confirmed; None where none was, or where there was no page."""
        return self._looks.last.get(name)

    async def has_upstream_sources(self) -> bool | None:
        """Return whether it lists what it has not saved yet (Azure alone does); None where nobody can say."""
        return await self._ask_upstreams()

    async def check(self, *, uploads: bool = True, tell: TellWait | None = None) -> None:
        """Ask both addresses once: somebody must answer there, show an index and let us in.

        Without ``uploads`` the pages alone: a reader may plan. ``tell`` hears of an answer that is waited for.

        Raises NotADestination, DestinationDenied, DestinationUnavailable, CertificateNotTrusted.
        """
        waiting = Waiting(self._patience, self._silence_seconds)
        async with told(waiting, tell):
            await self._check(waiting, uploads=uploads)

    async def _check(self, waiting: Waiting, *, uploads: bool) -> None:
        read_url, upload_url = self.addresses.read_url, self.addresses.upload_url
        status = await self._fetcher.probe(
            read_url, name=read_url, headers=dict(_FRESH), patience=waiting.begin()
        )
        if status in GONE or status == HTTPStatus.METHOD_NOT_ALLOWED:
            raise NotADestination(read_url, status=status, is_upload=False)
        if status != HTTPStatus.OK:
            raise self._peer.refusal(read_url, status)
        if not uploads:
            return
        # What an upload address answers to a GET says nothing of uploads, except who is not let in.
        status = await self._fetcher.probe(upload_url, name=upload_url, headers={}, patience=waiting.begin())
        if status in DENIALS:
            raise self._peer.denied(upload_url, status)

    async def _there(self, outgoing: Outgoing) -> Digest | None:
        page = await self._looks.page(outgoing.project)
        return None if page is None else await self._digest_on(page, outgoing)

    async def _digest_on(self, page: ProjectPage, outgoing: Outgoing) -> Digest | None:
        """Return the digest of the file that the page lists under the same name, however it is spelled."""
        key = _key(outgoing.filename)
        alike = [file for file in page.files if _key(file.filename) == key]
        digests = [await self.digest_of(file) for file in alike]
        return outgoing.digest if outgoing.digest in digests else next(iter(digests), None)


@dataclass(frozen=True, slots=True)
class _Sending:
    """What a Sender is made of, but for the look."""

    fetcher: Fetcher
    peer: DestinationPeer
    upload_url: str
    patience: Patience
    look_waits_seconds: tuple[float, ...]
    silence_seconds: float
    secrets: tuple[str, ...] = field(repr=False)

    def by(self, look: Callable[[Outgoing], Awaitable[Digest | None]]) -> Sender:
        return Sender(
            self.fetcher,
            self.peer,
            self.upload_url,
            look,
            self.patience,
            self.look_waits_seconds,
            self.secrets,
        )


def _key(filename: str) -> str:
    """Return what all spellings of a file's name share; of a name that is no distribution's its letters."""
    try:
        return parse_filename(filename).key
    except InvalidFilename:
        return filename.casefold()


def _spellings(credentials: tuple[str, Secret] | None) -> tuple[str, ...]:
    """Return the forms in which a server might say our password back to us, the longest first."""
    if credentials is None:
        return ()
    user, password = credentials[0], credentials[1].reveal()
    forms = {
        base64.b64encode(f"{user}:{password}".encode()).decode(),
        base64.b64encode(password.encode()).decode(),
        quote(password, safe=""),
        password,
    }
    return tuple(sorted(filter(None, forms), key=len, reverse=True))


def _unheard(_bytes: int) -> None:
    """Nobody follows."""
