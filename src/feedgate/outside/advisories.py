"""Fetch an advisory database from where it is published, under the egress rule."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from feedgate.outside.body import AnswerTooLarge, Limits
from feedgate.outside.fetcher import Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.outside.peer import Peer
from feedgate.outside.proxies import Proxies

DATABASE_LIMIT_BYTES: Final = 512 * 1024 * 1024

_SETTING: Final = "advisories.sources"


@dataclass(frozen=True, slots=True)
class AdvisoryFetching:
    """How sources are asked: ``urls`` are all that the operator named, which may be reached whatever their address is."""

    urls: tuple[str, ...]
    patience: Patience
    authority: Path | None = None
    proxies: Proxies | None = None
    limits: Limits = field(default_factory=Limits)
    limit_bytes: int = DATABASE_LIMIT_BYTES


@asynccontextmanager
async def open_advisories(
    source: str, url: str, fetching: AdvisoryFetching
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open the database at ``url``; an address that the operator did not name must be global and https.

    Raises NoSuchFile, AnswerTooLarge, UpstreamUnavailable, EgressDenied, CertificateNotTrusted.
    """
    peer = Peer(f"the advisory source {source}", address_setting=_SETTING, hosts_setting=_SETTING)
    settings = FetcherSettings(
        upstream_url=fetching.urls[0],
        allowed_hosts=fetching.urls[1:],
        patience=fetching.patience,
        authority=fetching.authority,
        proxies=fetching.proxies,
        limits=fetching.limits,
        peer=peer,
    )
    async with Fetcher.opened(settings) as fetcher:
        content = await fetcher.open(url, what=f"the database of {source}")
        if content.size_bytes > fetching.limit_bytes:
            raise AnswerTooLarge(f"the database of {source}", limit_bytes=fetching.limit_bytes, peer=peer)
        yield content.chunks
