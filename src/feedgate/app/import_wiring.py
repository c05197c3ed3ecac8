"""Wiring of the ways to indexes that are copied: what the settings mean for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from feedgate.app.destination_wiring import destination_settings
from feedgate.app.settings import Settings
from feedgate.intake.destinations import Own, UserAndPassword
from feedgate.intake.moving_in.sources import ImportSources
from feedgate.intake.recorded_digests import RecordedDigests
from feedgate.model.destination import Addresses
from feedgate.outside.allowed_destinations import SETTING
from feedgate.outside.egress import Egress
from feedgate.outside.source import Source
from feedgate.records.database import Database


def import_sources(settings: Settings, records: Database, own: Own | None) -> ImportSources:
    """Return what opens the sources of this worker's imports; ``own`` is that of the command, if it has one."""
    allowed = Egress(setting=SETTING).with_hosts(*settings.destinations.allowed_hosts)
    return ImportSources(partial(_open_source, settings, records), own, allowed)


@asynccontextmanager
async def _open_source(
    settings: Settings, records: Database, addresses: Addresses, credentials: UserAndPassword | None
) -> AsyncIterator[Source]:
    understood, known = destination_settings(settings), RecordedDigests(records)
    async with Source.opened(addresses, credentials, understood, known=known) as source:
        yield source
