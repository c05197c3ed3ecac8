"""Wiring of the way to the upstream: what the settings mean for it. Both kinds of process take it from here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feedgate.app.directory import DataDirectory
from feedgate.app.pypi import pypi_url
from feedgate.app.settings import Settings
from feedgate.outside.body import Limits
from feedgate.outside.fetcher import Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.outside.upstream import Upstream


@asynccontextmanager
async def open_upstream(
    settings: Settings, directory: DataDirectory
) -> AsyncIterator[tuple[Fetcher, Upstream]]:
    """Give the fetcher and the upstream that is set, or PyPI."""
    url = settings.upstream.url or pypi_url()
    fetching = FetcherSettings(
        upstream_url=url,
        credentials=settings.upstream.user_and_password,
        authority=settings.upstream.ca,
        allowed_hosts=settings.upstream.allowed_hosts,
        concurrency=settings.fetch.concurrency,
        limits=Limits(
            connect_seconds=settings.fetch.connect_seconds,
            silence_seconds=settings.fetch.silence_seconds,
            slowest_bytes_per_second=settings.fetch.slowest_bytes_per_second,
        ),
        patience=Patience(attempts=settings.fetch.attempts),
    )
    async with Fetcher.opened(fetching) as fetcher:
        yield fetcher, Upstream(fetcher, url, directory.pages_cache)
