"""A foreign index that is copied whole: its names, its pages, its files; nothing is ever sent there."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

from aiohttp.abc import AbstractResolver

from feedgate.errors import Invalid
from feedgate.model.destination import Addresses
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.index import NoSuchFile, ProjectPage, UpstreamUnavailable
from feedgate.model.names import ProjectName
from feedgate.model.secret import Secret
from feedgate.outside.azure_packages import AzurePackages
from feedgate.outside.azure_upstreams import feed_url, has_upstream_sources
from feedgate.outside.destination_address import azure_place
from feedgate.outside.destination_peer import DENIALS, DestinationPeer
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.fetcher import Fetcher, FetcherSettings, Stored
from feedgate.outside.known_digests import InMemory, KnownDigests, TrustedDigests
from feedgate.outside.patience import Patience
from feedgate.outside.peer import GONE
from feedgate.outside.receiving import ReceivingStore
from feedgate.outside.upstream import ACCEPT, Upstream
from feedgate.outside.words import status_in_words

_FRESH: Mapping[str, str] = {**ACCEPT, "Cache-Control": "max-age=0"}


class NotASource(Invalid):
    """An address at which no simple index answers."""

    code = "not-a-source"

    def __init__(self, address: str, *, status: int) -> None:
        super().__init__(
            f"{address}: shows no simple index ({status_in_words(status)})",
            next_step="Give the address of its pages, which mostly ends in /simple/ (devpi: /+simple/).",
            facts={"address": address, "status": status},
        )


@dataclass(frozen=True, slots=True)
class SourcePeer(DestinationPeer):
    """A source as errors speak of it: whoever copies it needs to read."""

    def advice(self, status: int) -> str:
        """Say what to look at, in Azure's own terms where it is Azure."""
        if self.organization is not None and status == HTTPStatus.FORBIDDEN:
            return (
                "Look at the role: who asks needs Feed Reader on the feed, and Feed and Upstream Reader (Collaborator) "
                "where upstream sources are on. With a personal access token look at its scope too: Packaging (Read)."
            )
        # Not super(): in a dataclass with slots it would mean the class before slots were added.
        return DestinationPeer.advice(self, status)


class Source:
    """An index to be copied; made by ``opened``. ``check`` comes before everything else."""

    def __init__(
        self,
        fetcher: Fetcher,
        peer: SourcePeer,
        patience: Patience,
        addresses: Addresses,
        packages: AzurePackages | None,
        known: TrustedDigests,
    ) -> None:
        self._fetcher = fetcher
        self._peer = peer
        self._patience = patience
        self._addresses = addresses
        self._packages = packages
        self._known = known
        self._index = self._at(addresses.read_url)
        self._only_saved = False
        self.notes: tuple[str, ...] = ()

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
    ) -> AsyncIterator["Source"]:
        """Open the connections' pool, and learn of an Azure feed whether it has upstream sources.

        ``addresses`` are as ``source_addresses`` makes them. ``credentials`` go to their origin, and of
        Azure's feeds to that of its REST interface. Raises InvalidHost, InvalidProxy, InvalidAuthority.
        """
        peer = _peer_of(addresses, settings)
        place = azure_place(addresses)
        rest_url = None if place is None else feed_url(place)
        patience = Patience(
            attempts=settings.attempts,
            first_wait_seconds=settings.first_wait_seconds,
            longest_wait_seconds=settings.longest_wait_seconds,
            sleep=settings.sleep,
        )
        fetching = FetcherSettings(
            upstream_url=addresses.read_url,
            other_urls=(addresses.upload_url, *([] if rest_url is None else [rest_url])),
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
            packages = None if rest_url is None else AzurePackages(fetcher, rest_url, peer.name)
            trusted = TrustedDigests(
                known or InMemory(), lambda url, what: fetcher.look_at(url, what=what), settings.now
            )
            source = cls(fetcher, peer, patience, addresses, packages, trusted)
            if packages is not None:
                has = await has_upstream_sources(addresses, credentials, settings, resolver=resolver)
                source._heed(has_upstream_sources=has)
            yield source

    @property
    def name(self) -> str:
        """What errors and reports call it: ``the source HOST``."""
        return self._peer.name

    async def check(self) -> None:
        """Find where its pages are: where they should be, else at the very address that was given.

        Raises NotASource, DestinationDenied, DestinationUnavailable, CertificateNotTrusted.
        """
        read_url, given = self._addresses.read_url, self._addresses.upload_url
        status = await self._status_of(read_url)
        if status in GONE and self._packages is not None:
            return  # a feed need not have a list of its own
        if status in GONE and given != read_url:
            other = await self._status_of(given)
            if other == HTTPStatus.OK:
                self._index = self._at(given)
                return
        if status in GONE:
            raise NotASource(read_url, status=status)
        if status != HTTPStatus.OK:
            raise self._peer.refusal(read_url, status)

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names of its projects: those on its list, else those that Azure's REST interface lists.

        Raises PackagesNotListed, DestinationUnavailable, DestinationDenied, BadPage.
        """
        has_some = False
        if self._packages is None or await self._status_of(self._addresses.read_url) == HTTPStatus.OK:
            async for name in self._index.names():
                has_some = True
                yield name
        if self._packages is not None and not has_some:
            async for name in self._packages.names():
                yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page, of an Azure feed with upstream sources less what is not saved in the feed itself.

        Raises NoSuchProject, DestinationUnavailable, DestinationDenied, BadPage.
        """
        page = await self._index.page(name)
        if self._packages is None or not self._only_saved:
            return page
        saved = await self._packages.versions(name)
        return replace(page, files=tuple(file for file in page.files if _is_of(file, saved)))

    async def digest_known(self, file: Distribution) -> Digest | None:
        """Return the file's digest where the page states it, or where it was fetched from there and is still the same.

        Raises NoSuchFile, DestinationUnavailable, DestinationDenied.
        """
        return await self._known.find(file) if file.digest is None else file.digest

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        """Bring a file into the store as ``Fetcher.download`` does, and remember a digest that no page states.

        A file that is in the store is not fetched.
        """
        if file.source is None:
            raise NoSuchFile(file.filename, index=self.name)
        stated = replace(file, digest=await self.digest_known(file))
        stored = await self._fetcher.download(stated, blobs, progress=progress)
        if file.digest is None and stored.seen is not None:
            await self._known.remember(file, stored.digest, stored.seen)
        return stored

    async def answers(self) -> bool:
        """Whether it answers, and lets us in: then what can not be had is that one thing's own affair."""
        try:
            status = await self._status_of(self._addresses.read_url)
        except UpstreamUnavailable:
            return False
        return status not in DENIALS and status < HTTPStatus.INTERNAL_SERVER_ERROR

    def _at(self, url: str) -> Upstream:
        return Upstream(self._fetcher, url, peer=self._peer, headers=_FRESH)

    def _heed(self, *, has_upstream_sources: bool | None) -> None:
        self._only_saved = has_upstream_sources is True
        if has_upstream_sources is None:
            self.notes = (
                "whether the feed has upstream sources could not be learnt; if it has, what they list came too",
            )

    async def _status_of(self, url: str) -> int:
        return await self._fetcher.probe(url, name=url, headers=dict(_FRESH), patience=self._patience)


def _peer_of(addresses: Addresses, settings: DestinationSettings) -> SourcePeer:
    peer = SourcePeer.of(addresses, settings.azure_hosts)
    name = f"the source {peer.name.removeprefix('the destination ')}"
    return replace(peer, name=name, address_setting="the source's address")


def _is_of(file: Distribution, versions: frozenset[object]) -> bool:
    try:
        return file.stem.version in versions
    except InvalidFilename:
        return True  # to be named as unreadable, not to be passed over
