"""The view of a run: made anew where making it failed, and the run's closure worked out once."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy.exc import NoResultFound

from feedgate.blobs.files import Files
from feedgate.feed.feeds import create_feed
from feedgate.gate.advisories import Advisories
from feedgate.gate.look import Looks
from feedgate.intake.asked import Asked
from feedgate.intake.destinations import Destinations
from feedgate.intake.kept import Resolved, keep_resolved
from feedgate.intake.run_index import RunIndexes, Sources
from feedgate.intake.stage import stage
from feedgate.model.access import LOCAL_ADMINISTRATOR
from feedgate.model.destination import Addresses
from feedgate.model.feed import Uploads
from feedgate.model.run import Run, RunId, RunKind, RunState
from feedgate.outside.destination import Destination
from feedgate.outside.fetcher import Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.records import feeds, runs
from feedgate.records.runs import Posting
from tests.builders.databases import empty_database
from tests.builders.installation import FEED, LOCAL, NOON, TARGET, Clock
from tests.doubles.memory_index import MemoryIndex

REQUEST = Asked(RunKind.ADD, ("demo",)).to_text()
RUN = Run(RunId("run-1"), RunKind.ADD, FEED, LOCAL_ADMINISTRATOR, RunState.RUNNING, (TARGET,), NOON)


def no_destination(addresses: Addresses, _credentials: object) -> AbstractAsyncContextManager[Destination]:
    raise AssertionError(addresses)


def no_standing(_feed: object, name: str) -> NoReturn:
    raise AssertionError(name)


@pytest.fixture
async def sources(tmp_path: Path) -> AsyncIterator[Sources]:
    records, blobs = empty_database(tmp_path / "records.sqlite"), Files(tmp_path / "blobs")
    create_feed(
        records,
        LOCAL,
        FEED,
        targets=(TARGET,),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    settings = FetcherSettings(upstream_url="http://upstream.example/simple/", patience=Patience(attempts=1))
    async with (
        Fetcher.opened(settings) as fetcher,
        Looks.opened(records, blobs, Clock()) as looks,
        Destinations(no_destination, None, no_standing) as destinations,
    ):
        advisories = Advisories(records, blobs, ())
        yield Sources(records, blobs, fetcher, MemoryIndex(), looks, destinations, advisories, Clock())
    records.close()


def post(sources: Sources) -> None:
    with sources.records.note() as note:
        located = feeds.find(note, FEED)
        assert located is not None
        runs.post(
            note, Posting(RUN.id, RUN.kind, located.id, RUN.requester, "key", REQUEST, (str(TARGET),)), NOON
        )


async def test_a_view_that_could_not_be_made_is_made_anew(sources: Sources) -> None:
    views = RunIndexes(sources)
    with pytest.raises(NoResultFound):  # the records can not tell of the run yet
        await views.of(RUN)
    post(sources)

    assert await views.of(RUN) is await views.of(RUN)


async def test_a_runs_closure_is_worked_out_once_for_all_its_targets(sources: Sources) -> None:
    post(sources)
    nothing = Resolved(pins=(), pythons=(), passed_over=(), internal=(), kept=(), escapes=(), brought=())
    keep_resolved(sources.records, RUN.id, str(TARGET), nothing)
    view = await RunIndexes(sources).of(RUN)

    first, second = [
        await stage(view, sources.records, sources.blobs, sources.looks, RUN, Clock()) for _ in range(2)
    ]

    assert first is second
