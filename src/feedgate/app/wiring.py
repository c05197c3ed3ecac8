"""Wiring of a web process: what the application's parts are, and what the settings mean for each.

The only file beside ``upstream_wiring`` and ``worker_wiring`` that constructs; nothing asks it for anything.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Final

from starlette.types import ASGIApp

from feedgate.access.attempts import Attempts
from feedgate.app.advisory_wiring import advisories_of, advisory_loading
from feedgate.app.clock import now
from feedgate.app.directory import DataDirectory
from feedgate.app.settings import Settings
from feedgate.blobs.files import Files
from feedgate.feed.downloads import Downloads
from feedgate.feed.upload import Listing, UploadParts
from feedgate.formats.upload_form import FormLimits
from feedgate.gate.look import Looks
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName
from feedgate.model.secret import Secret
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.records.database import sqlite_url
from feedgate.records.migrate import open_database
from feedgate.web.application import WebParts, make_application
from feedgate.web.health import Check

_WRITE_PATIENCE_SECONDS: Final = 5.0
"""Who waits to write keeps a thread; readers want one too, and clients do not wait for ever."""


@asynccontextmanager
async def web_application(
    settings: Settings,
    directory: DataDirectory,
    local_key: Secret,
    *,
    wake: Callable[[], None],
    is_closing: Callable[[], bool],
) -> AsyncIterator[ASGIApp]:
    """Open what a web process needs, give the application, and close it all again.

    ``wake`` has a worker started; ``is_closing`` tells answers that are under way to end.
    """
    records = await asyncio.to_thread(
        open_database, sqlite_url(directory.records_file), patience_seconds=_WRITE_PATIENCE_SECONDS
    )
    blobs = Files(directory.blobs)
    downloads = Downloads(records, now)
    advisories = advisories_of(settings, records, blobs)
    async with AsyncExitStack() as stack:
        stack.callback(records.close)
        await stack.enter_async_context(_counting(downloads))
        looks = await stack.enter_async_context(Looks.opened(records, blobs, now))
        yield make_application(
            WebParts(
                records=records,
                blobs=blobs,
                uploads=UploadParts(
                    records=records,
                    blobs=blobs,
                    looks=looks,
                    upstream=_OpenedWhenAsked(settings, directory, stack),
                    advisories=advisories,
                    form_limits=FormLimits(
                        field_bytes=settings.limits.form_field_bytes,
                        fields=settings.limits.form_fields,
                        total_field_bytes=settings.limits.form_total_bytes,
                    ),
                    file_limit_bytes=settings.limits.upload_bytes,
                ),
                downloads=downloads,
                local_key=local_key,
                attempts=Attempts(
                    free=settings.access.failed_attempts,
                    longest_seconds=settings.access.longest_delay_seconds,
                ),
                clock=now,
                version=version("feedgate"),
                allowed_destinations=AllowedDestinations.of(*settings.destinations.allowed_hosts),
                advisory_loading=advisory_loading(settings, records, blobs),
                advisories=advisories,
                second_person=settings.holds.second_person,
                checks=(
                    Check("records", partial(asyncio.to_thread, records.check)),
                    Check("blobs", blobs.check),
                ),
                wake=wake,
                is_closing=is_closing,
            )
        )


class _OpenedWhenAsked(Listing):
    """The upstream as uploads ask it; most web processes never do, and are spared the 0.2 s of its imports."""

    def __init__(self, settings: Settings, directory: DataDirectory, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._directory = directory
        self._stack = stack
        self._opening = asyncio.Lock()
        self._upstream: Listing | None = None

    async def find(self, name: ProjectName, digest: Digest) -> Distribution | None:
        """Return the upstream's file with that digest."""
        upstream = await self._open()
        return await upstream.find(name, digest)

    async def _open(self) -> Listing:
        async with self._opening:
            if self._upstream is None:
                from feedgate.app.upstream_wiring import open_upstream  # noqa: PLC0415  # see the class

                opened = open_upstream(self._settings, self._directory)
                _, upstream = await self._stack.enter_async_context(opened)
                self._upstream = upstream
            return self._upstream


@asynccontextmanager
async def _counting(downloads: Downloads) -> AsyncIterator[None]:
    writing = asyncio.create_task(downloads.keep_writing())
    try:
        yield
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await asyncio.to_thread(downloads.write)
