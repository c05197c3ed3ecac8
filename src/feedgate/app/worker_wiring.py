"""Wiring of the worker: the steps with their parts, the engine and the reconciler."""

import asyncio
import logging
import shutil
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import uv

from feedgate.app.advisory_wiring import advisories_of
from feedgate.app.clock import now
from feedgate.app.destination_wiring import open_destination, standing_destinations
from feedgate.app.directory import DataDirectory
from feedgate.app.import_wiring import import_sources
from feedgate.app.own_destination import OwnDestination
from feedgate.app.settings import Settings
from feedgate.app.upstream_wiring import open_upstream
from feedgate.blobs.files import Files
from feedgate.feed.holds import Holding
from feedgate.gate.look import Looks
from feedgate.index.loopback import Loopback
from feedgate.intake.destinations import Destinations, Own
from feedgate.intake.run_index import Sources
from feedgate.intake.uv import Uv, resolvers_by_default
from feedgate.intake.workflows import IntakeParts, make_workflows
from feedgate.model.run import RunKind
from feedgate.records.database import sqlite_url
from feedgate.records.migrate import open_database
from feedgate.runs.engine import Engine
from feedgate.runs.queue import Reconciler
from feedgate.watch.lift import Lift

EXECUTOR: Final = "worker"
"""For ever: a directory has one worker, and the next goes on with what ran under this name."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_worker(
    settings: Settings, directory: DataDirectory, own: OwnDestination | None = None
) -> AsyncIterator[Reconciler]:
    """Give the reconciler of a launched engine; the worker's lock must be held.

    ``own`` is the destination of the command that started the server, for
    its own runs; no record has it, so it ends with this process.
    """
    # Nobody works there, and a step that is taken again begins with nothing.
    await asyncio.to_thread(shutil.rmtree, directory.scratch, ignore_errors=True)
    records = await asyncio.to_thread(open_database, sqlite_url(directory.records_file))
    standing = standing_destinations(settings, directory, records)
    blobs = Files(directory.blobs)
    advisories = advisories_of(settings, records, blobs)
    await asyncio.to_thread(blobs.remove_abandoned)
    async with (
        open_upstream(settings, directory) as (fetcher, upstream),
        Looks.opened(records, blobs, now) as looks,
        Destinations(partial(open_destination, settings, records), _own(own), standing.find) as destinations,
        Loopback() as loopback,
    ):
        parts = IntakeParts(
            sources=Sources(
                records,
                blobs,
                fetcher,
                upstream,
                looks,
                destinations,
                advisories,
                now,
                second_person=settings.holds.second_person,
            ),
            imports=import_sources(settings, records, _own(own)),
            uv=Uv(
                Path(uv.find_uv_bin()),
                Path(sys.executable),
                directory.resolver_cache,
                loopback,
                turns=asyncio.Semaphore(settings.runs.resolvers or resolvers_by_default()),
            ),
            scratch=directory.scratch,
            clock=now,
        )
        engine = Engine(
            records,
            sqlite_url(directory.engine_file),
            make_workflows(parts),
            executor_id=EXECUTOR,
            clock=now,
            concurrency=settings.runs.concurrency,
        )
        await engine.launch()
        lift = Lift(Holding(records, now, settings.holds.second_person), advisories)
        async with _beside(lift.run()):
            yield Reconciler(records, engine, now, {RunKind.SEND: standing.why_it_waits})


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Have ``work`` go on for as long as the context is open."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _own(own: OwnDestination | None) -> Own | None:
    return None if own is None else Own(own.addresses, own.credentials)
