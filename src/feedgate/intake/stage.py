"""Work out the closure as it would stand in the feed: what is proved, and what is then published."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from feedgate.blobs.store import BlobStore
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.gate.look import Looks
from feedgate.gate.looked import Looked
from feedgate.index.shared_task import retrieve
from feedgate.intake.kept import fetched_by, resolved_by
from feedgate.intake.run_index import NoMetadata, RunIndex, has_failed
from feedgate.intake.staging import Staging
from feedgate.model.feed import Origin
from feedgate.model.resolution import Pin
from feedgate.model.run import Run
from feedgate.records.database import Database
from feedgate.records.distributions import Published


async def stage(  # the run's view, and what its closure is worked out from
    view: RunIndex,
    records: Database,
    blobs: BlobStore,
    looks: Looks,
    run: Run,
    clock: Callable[[], datetime],
) -> Staging:
    """Return the run's closure as rows of the feed, worked out once for all its targets.

    To be called when everything is fetched. Raises NoMetadata, InvalidCoreMetadata.
    """
    task = view.staging
    if task is None or has_failed(task):
        task = view.staging = asyncio.ensure_future(_stage(records, blobs, looks, run, clock))
        task.add_done_callback(retrieve)
    return await asyncio.shield(task)


async def _stage(
    records: Database, blobs: BlobStore, looks: Looks, run: Run, clock: Callable[[], datetime]
) -> Staging:
    """Work it out; the file is the truth, the page only a hint."""
    resolved = await asyncio.to_thread(resolved_by, records, run.id)
    fetched = await asyncio.to_thread(fetched_by, records, run.id)
    digests = {} if fetched is None else fetched.digests
    pins = {pin.file.filename: pin for part in resolved.values() for pin in part.pins}
    new = [pin for name, pin in sorted(pins.items()) if not pin.present]
    looked = await looks.look_all(
        [(digests[pin.file.filename], pin.file.filename) for pin in new], seen=lambda _count: None
    )
    rows, metadata = [], {}
    for pin in new:
        found = looked[digests[pin.file.filename]]
        if found.metadata is None:
            raise NoMetadata(pin.file.filename)
        metadata[pin.file.filename] = parse_core_metadata(found.metadata, filename=pin.file.filename)
        size_bytes = await blobs.size_bytes(found.digest)
        rows.append(_row(pin, found, metadata[pin.file.filename], size_bytes, clock()))
    present = tuple((pin.project, name) for name, pin in sorted(pins.items()) if pin.present)
    return Staging(tuple(rows), present, metadata, resolved)


def _row(pin: Pin, looked: Looked, metadata: CoreMetadata, size_bytes: int, now: datetime) -> Published:
    file = replace(
        pin.file,
        digest=looked.digest,
        size_bytes=size_bytes,
        requires_python=metadata.requires_python,
        metadata_digest=looked.metadata_digest,
        source=None,
    )
    return Published(
        project=pin.project,
        version=str(pin.file.stem.version),
        file=file,
        digest=looked.digest,
        size_bytes=size_bytes,
        origin=Origin.INTERNAL if pin.internal else Origin.IMPORTED,
        source=pin.file.source,
        published_at=now,
    )
