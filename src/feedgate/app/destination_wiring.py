"""Wiring of the way to a destination: what the settings mean for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feedgate.app.settings import Settings
from feedgate.intake.destinations import UserAndPassword
from feedgate.intake.recorded_digests import RecordedDigests
from feedgate.model.destination import Addresses
from feedgate.outside.destination import Destination, DestinationSettings
from feedgate.records.database import Database


@asynccontextmanager
async def open_destination(
    settings: Settings, records: Database, addresses: Addresses, credentials: UserAndPassword | None
) -> AsyncIterator[Destination]:
    """Give the destination at ``addresses``, whose own hosts may be asked whatever their addresses are."""
    understood = DestinationSettings(
        authority=settings.upstream.ca, allowed_hosts=settings.destinations.allowed_hosts
    )
    known = RecordedDigests(records)
    async with Destination.opened(addresses, credentials, understood, known=known) as destination:
        yield destination
