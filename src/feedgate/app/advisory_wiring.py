"""Wiring of the advisories: what the settings mean for them. Both kinds of process take it from here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from feedgate.app.settings import Settings
from feedgate.blobs.store import BlobStore
from feedgate.gate.advisories import Advisories
from feedgate.gate.load_advisories import LoadParts
from feedgate.model.advisory_source import AdvisorySource
from feedgate.records.database import Database


def advisory_sources(settings: Settings) -> tuple[AdvisorySource, ...]:
    """Return the sources that the settings name."""
    return tuple(
        AdvisorySource(source.name, source.url, timedelta(days=source.max_age))
        for source in settings.advisories.sources
    )


def advisories_of(settings: Settings, records: Database, blobs: BlobStore) -> Advisories:
    """Return the process's own database of advisories; nothing is read yet."""
    return Advisories(records, blobs, advisory_sources(settings))


def advisory_loading(settings: Settings, records: Database, blobs: BlobStore) -> LoadParts:
    """Return what loading advisories needs."""

    @asynccontextmanager
    async def download(source: str, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        from feedgate.outside.advisories import (  # noqa: PLC0415  # 0.2 s that most web processes never need
            AdvisoryFetching,
            open_advisories,
        )
        from feedgate.outside.body import Limits  # noqa: PLC0415  # as above
        from feedgate.outside.patience import Patience  # noqa: PLC0415  # as above

        fetching = AdvisoryFetching(
            urls=tuple(one.url for one in settings.advisories.sources),
            patience=Patience(attempts=settings.fetch.attempts),
            authority=settings.upstream.ca,
            limits=Limits(
                connect_seconds=settings.fetch.connect_seconds,
                silence_seconds=settings.fetch.silence_seconds,
                slowest_bytes_per_second=settings.fetch.slowest_bytes_per_second,
            ),
        )
        async with open_advisories(source, url, fetching) as chunks:
            yield chunks

    return LoadParts(records, blobs, advisory_sources(settings), download)
