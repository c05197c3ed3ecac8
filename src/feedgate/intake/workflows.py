"""The order of the steps, for each kind of run."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feedgate.feed.publish import has_published
from feedgate.intake.build import Build
from feedgate.intake.decide import Decide
from feedgate.intake.fetch import Fetch
from feedgate.intake.inspect import Inspect
from feedgate.intake.moving_in.move_in import MoveIn
from feedgate.intake.moving_in.sources import ImportSources
from feedgate.intake.prove import Prove
from feedgate.intake.publish import Publish
from feedgate.intake.resolve import Resolve
from feedgate.intake.run_index import RunIndexes, Sources
from feedgate.intake.sending.send import Send
from feedgate.intake.sending.send_feed import SendFeed
from feedgate.intake.sending.sent import has_sent
from feedgate.intake.uv import Uv
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import runs
from feedgate.records.database import View
from feedgate.runs.step import Once, OnceTo, PerTarget, Workflow


@dataclass(frozen=True, slots=True)
class IntakeParts:
    """What the steps are made of; the resolver's work lies below ``scratch``."""

    sources: Sources
    imports: ImportSources
    uv: Uv
    scratch: Path
    clock: Callable[[], datetime]


def make_workflows(parts: IntakeParts) -> Mapping[RunKind, Workflow]:
    """Return the workflow of each kind of run."""
    sources, clock = parts.sources, parts.clock
    records, blobs, looks = sources.records, sources.blobs, sources.looks
    views = RunIndexes(sources)

    async def release(run: RunId) -> None:
        views.close(run)
        await sources.destinations.release(run)
        await asyncio.to_thread(shutil.rmtree, parts.scratch / run, ignore_errors=True)

    resolve = Resolve(records, views, parts.uv, parts.scratch)
    prove = Prove(records, blobs, looks, views, parts.uv, parts.scratch, clock)
    add = Workflow(
        "add",
        (
            PerTarget(resolve),
            Once(Fetch(records, blobs, views)),
            Once(Build(records)),
            Once(Inspect(records, looks)),
            Once(Decide(records, looks, views, clock)),
            PerTarget(prove),
            Once(Publish(records, blobs, looks, views, prove, clock)),
            OnceTo(Send(records, blobs, looks, views, sources.destinations, prove, clock)),
        ),
        done=RunState.PUBLISHED,
        has_happened=_has_happened,
        release=release,
    )
    send = Workflow(
        "send",
        (Once(SendFeed(records, blobs, looks, sources.destinations)),),
        done=RunState.PUBLISHED,
        has_happened=has_sent,
        release=release,
    )
    plan = Workflow("plan", (PerTarget(resolve),), done=RunState.PLANNED, release=release)
    move_in = MoveIn(records, blobs, looks, sources.upstream, parts.imports, sources.advisories, clock)
    return {
        RunKind.ADD: add,
        RunKind.PLAN: plan,
        RunKind.SEND: send,
        RunKind.IMPORT: Workflow("import", (Once(move_in),), done=RunState.PUBLISHED),
        RunKind.IMPORT_PLAN: Workflow("import-plan", (Once(move_in),), done=RunState.PLANNED),
    }


def _has_happened(view: View, run_id: RunId) -> bool:
    """Whether all is done that the run is for: the closure visible, and at the destination where there is one."""
    run = runs.find(view, run_id)
    if run is not None and run.destination is not None:
        return has_sent(view, run_id)
    return has_published(view, run_id)
