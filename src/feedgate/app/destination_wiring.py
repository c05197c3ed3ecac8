"""Wiring of the ways to destinations: what settings and surroundings mean for them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from feedgate.app.clock import now
from feedgate.app.directory import DataDirectory
from feedgate.app.pypi import pypi_url
from feedgate.app.settings import Settings
from feedgate.intake.destinations import UserAndPassword
from feedgate.intake.recorded_digests import RecordedDigests
from feedgate.intake.standing import Standing
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret
from feedgate.model.secret_source import SecretSource
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.outside.credentials import Missing, Surroundings, read_secret
from feedgate.outside.destination import Destination
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.records.database import Database

_COLLECTION_VARIABLE: Final = "SYSTEM_COLLECTIONURI"
"""In a job of Azure Pipelines it names the service: Azure's own, or an Azure DevOps Server."""


@asynccontextmanager
async def open_destination(
    settings: Settings, records: Database, addresses: Addresses, credentials: UserAndPassword | None
) -> AsyncIterator[Destination]:
    """Give the destination at ``addresses``, whose own hosts may be asked whatever their addresses are."""
    understood, known = destination_settings(settings), RecordedDigests(records)
    async with Destination.opened(addresses, credentials, understood, known=known) as destination:
        yield destination


def destination_settings(settings: Settings) -> DestinationSettings:
    """Return what the settings and the surroundings say of foreign indexes."""
    collection = urlsplit(os.environ.get(_COLLECTION_VARIABLE, "")).hostname
    return DestinationSettings(
        now=now,
        attempts=settings.destinations.attempts,
        authority=settings.upstream.ca,
        allowed_hosts=settings.destinations.allowed_hosts,
        azure_hosts=() if collection is None else (collection,),
        upstream_hosts=tuple(
            host for url in (settings.upstream.url, pypi_url()) if url and (host := urlsplit(url).hostname)
        ),
    )


def standing_destinations(settings: Settings, directory: DataDirectory, records: Database) -> Standing:
    """Return what finds feeds' standing destinations, with secrets from this process's own surroundings.

    None is read from the data directory: what lies there is no secret of a destination's.
    """
    surroundings = Surroundings.of(os.environ, closed_folders=(directory.path,))

    def read(source: SecretSource, url: str, username: str) -> Secret | Missing:
        return read_secret(source, surroundings, url=url, username=username)

    return Standing(records, AllowedDestinations.of(*settings.destinations.allowed_hosts), read)
