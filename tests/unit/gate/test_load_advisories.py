"""Loading a database: what becomes current, what is refused, and that nothing of a refusal stays."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedgate.access.require import CredentialsRequired, NotAdministrator, ScopeTooSmall
from feedgate.blobs.files import Files
from feedgate.errors import FeedgateError
from feedgate.formats.advisory_zip import HostileAdvisoryZip
from feedgate.gate.advisories import Advisories, NoAdvisories, list_sources, match_releases
from feedgate.gate.advisory_admission import (
    AdvisoriesEmpty,
    AdvisoriesFewer,
    AdvisoriesFromTheFuture,
    AdvisoriesOlder,
)
from feedgate.gate.load_advisories import (
    AdvisoriesTooLarge,
    Loading,
    LoadParts,
    NoSuchAdvisorySource,
    load_advisories,
    update_advisories,
)
from feedgate.model.access import ANONYMOUS, LOCAL_ADMINISTRATOR, Caller, Scope
from feedgate.model.advisory_source import AdvisorySource
from feedgate.model.ledger import verify
from feedgate.model.names import ProjectName
from feedgate.records import advisories
from feedgate.records.database import Database, head_of
from feedgate.records.entries import entries
from tests.builders.advisories import MODIFIED, make_database, make_record
from tests.doubles.advisories import PublishedAdvisories

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
LOCAL = Caller(LOCAL_ADMINISTRATOR, Scope.MANAGE, is_administrator=True)
DEMO = ProjectName("demo")
OSV = AdvisorySource("osv", "https://advisories.example/all.zip", timedelta(days=7))
OWN = AdvisorySource("own", "https://acme.example/own.zip", timedelta(days=30))


@pytest.fixture
def published() -> PublishedAdvisories:
    return PublishedAdvisories()


@pytest.fixture
def parts(records: Database, blobs: Files, published: PublishedAdvisories) -> LoadParts:
    return LoadParts(records, blobs, (OSV, OWN), published.download)


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100):
        yield content[start : start + 100]


async def load(
    parts: LoadParts, content: bytes, *, source: str = "osv", force: bool = False, caller: Caller = LOCAL
) -> Loading:
    return await load_advisories(parts, caller, source, chunks(content), force=force, clock=lambda: NOW)


def acts(records: Database) -> list[str]:
    with records.read() as view:
        found = list(entries(view, None))
        assert verify(found, head=head_of(view, None)).fault is None
    return [entry.act for entry in found]


def stored(blobs: Path) -> int:
    return sum(1 for path in blobs.rglob("*") if path.is_file())


def records_of(count: int, **members: Any) -> list[dict[str, Any]]:
    return [make_record(f"PYSEC-{number}", **members) for number in range(count)]


async def test_what_was_loaded_is_current_and_an_entry(parts: LoadParts, records: Database) -> None:
    content = make_database(
        make_record("MAL-1"),
        make_record("PYSEC-1", modified=MODIFIED + timedelta(hours=1)),
        make_record("PYSEC-2", withdrawn="2026-03-01T00:00:00Z", modified=datetime(1, 1, 1, tzinfo=UTC)),
        make_record("PYSEC-3", events=None),
    )

    loading = await load(parts, content)

    loaded = loading.loaded
    assert loading.is_new
    assert (loaded.records, loaded.malware, loaded.withdrawn, loaded.finding_count) == (4, 1, 1, 1)
    assert (loaded.dated_at, loaded.loaded_at) == (MODIFIED + timedelta(hours=1), NOW)
    with records.read() as view:
        assert advisories.find(view, "osv") == loaded
        assert advisories.find(view, "own") is None
        [entry] = entries(view, None)
    assert entry.act == "advisories-loaded"
    assert f'"sha256":"{loaded.digest}"' in entry.facts


async def test_the_same_bytes_again_change_nothing(
    parts: LoadParts, records: Database, tmp_path: Path
) -> None:
    first = await load(parts, make_database(make_record()))
    before = stored(tmp_path / "blobs")

    for force in (False, True):
        again = await load(parts, make_database(make_record()), force=force)
        assert (again.is_new, again.loaded) == (False, first.loaded)

    assert acts(records) == ["advisories-loaded"]
    assert stored(tmp_path / "blobs") == before == 2


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(make_database(), AdvisoriesEmpty, id="empty"),
        pytest.param(make_database(make_record(ecosystem="npm")), AdvisoriesEmpty, id="nothing-of-pypi"),
        pytest.param(
            make_database(*records_of(40, modified=MODIFIED - timedelta(days=1))), AdvisoriesOlder, id="older"
        ),
        pytest.param(make_database(*records_of(37)), AdvisoriesFewer, id="fewer"),
        pytest.param(
            make_database(
                *records_of(40), make_record("LATE-1", modified=NOW + timedelta(days=1, seconds=1))
            ),
            AdvisoriesFromTheFuture,
            id="from-the-future",
        ),
        pytest.param(b"<html>", HostileAdvisoryZip, id="no-zip"),
    ],
)
async def test_a_worse_one_is_refused_and_leaves_nothing(
    parts: LoadParts, records: Database, tmp_path: Path, content: bytes, error: type[FeedgateError]
) -> None:
    loaded = await load(parts, make_database(*records_of(40)))
    before = stored(tmp_path / "blobs")

    with pytest.raises(error):
        await load(parts, content)

    with records.read() as view:
        assert advisories.find(view, "osv") == loaded.loaded
    assert acts(records) == ["advisories-loaded"]
    assert stored(tmp_path / "blobs") == before


@pytest.mark.parametrize(
    ("worse", "dated_at"),
    [
        ([], datetime(1970, 1, 1, tzinfo=UTC)),
        (records_of(1, modified=MODIFIED - timedelta(days=1)), MODIFIED - timedelta(days=1)),
        ([make_record(modified=NOW + timedelta(days=1, seconds=1))], datetime(1970, 1, 1, tzinfo=UTC)),
        ([make_record("A-1"), make_record("A-2", modified=NOW + timedelta(days=400))], MODIFIED),
    ],
)
async def test_by_force_it_is_loaded_and_its_date_is_never_in_the_future(
    parts: LoadParts, worse: list[dict[str, Any]], dated_at: datetime
) -> None:
    await load(parts, make_database(*records_of(40)))

    loading = await load(parts, make_database(*worse), force=True)

    assert loading.is_new
    assert loading.loaded.dated_at == dated_at


async def test_a_clock_that_runs_ahead_by_a_day_is_borne(parts: LoadParts) -> None:
    loading = await load(parts, make_database(make_record(modified=NOW + timedelta(days=1))))

    assert loading.loaded.dated_at == NOW + timedelta(days=1)


async def test_each_source_has_its_own(parts: LoadParts, records: Database) -> None:
    await load(parts, make_database(*records_of(40)))

    await load(
        parts, make_database(make_record("OWN-1", modified=MODIFIED - timedelta(days=90))), source="own"
    )

    states = list_sources(records, parts.sources, LOCAL)
    assert [(one.source.name, one.loaded is not None, one.is_too_old(NOW)) for one in states] == [
        ("osv", True, False),
        ("own", True, True),
    ]


async def test_a_source_that_no_setting_names_is_missing(parts: LoadParts) -> None:
    with pytest.raises(NoSuchAdvisorySource) as raised:
        await load(parts, make_database(make_record()), source="other")

    assert raised.value.facts["known"] == ["osv", "own"]


async def test_more_bytes_than_the_limit_are_refused_when_they_come(parts: LoadParts, tmp_path: Path) -> None:
    content = make_database(*records_of(3))
    await load(replace(parts, limit_bytes=len(content)), content)

    with pytest.raises(AdvisoriesTooLarge):
        await load(replace(parts, limit_bytes=len(content)), content + b"x")

    assert stored(tmp_path / "blobs") == 2


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        (ANONYMOUS, CredentialsRequired),
        (Caller("ada", Scope.MANAGE), NotAdministrator),
        (Caller("ada", Scope.MANAGE, feeds=frozenset(), is_administrator=True), NotAdministrator),
        (Caller("ada", Scope.WRITE, is_administrator=True), ScopeTooSmall),
    ],
)
async def test_only_an_administrator_loads(
    parts: LoadParts, published: PublishedAdvisories, caller: Caller, error: type[FeedgateError]
) -> None:
    with pytest.raises(error):
        await load(parts, make_database(make_record()), caller=caller)
    with pytest.raises(error):
        await update_advisories(parts, caller, "osv", force=False, clock=lambda: NOW)

    assert published.asked == []


async def test_a_source_is_fetched_from_its_address_or_from_another(
    parts: LoadParts, published: PublishedAdvisories
) -> None:
    first = await update_advisories(parts, LOCAL, "own", force=False, clock=lambda: NOW)
    again = await update_advisories(
        parts, LOCAL, "own", url="https://other.example/a.zip", force=False, clock=lambda: NOW
    )

    assert (first.is_new, again.is_new) == (True, False)
    assert published.asked == [
        ("own", "https://acme.example/own.zip"),
        ("own", "https://other.example/a.zip"),
    ]


async def test_of_two_that_come_at_once_the_newer_stays(parts: LoadParts, records: Database) -> None:
    newer = make_database(make_record(modified=MODIFIED + timedelta(hours=2)))
    older = make_database(make_record(modified=MODIFIED))

    await asyncio.gather(*(load(parts, one) for one in (newer, older) * 3), return_exceptions=True)

    with records.read() as view:
        loaded = advisories.find(view, "osv")
    assert loaded is not None
    assert loaded.dated_at == MODIFIED + timedelta(hours=2)
    assert len(acts(records)) <= 2


async def test_a_process_sees_what_was_loaded_since(
    parts: LoadParts, records: Database, blobs: Files
) -> None:
    process = Advisories(records, blobs, parts.sources)
    assert not (await process.current()).is_loaded

    await load(parts, make_database(make_record()))
    first = await process.current()
    assert [one.fixed for one in first.match(DEMO, "1.0")] == ["2.0"]
    assert await process.current() is first

    await load(parts, make_database(make_record(events=[{"introduced": "0"}])))
    second = await process.current()

    assert [one.fixed for one in second.match(DEMO, "1.0")] == [None]
    assert [one.fixed for one in first.match(DEMO, "1.0")] == ["2.0"]


async def test_a_run_keeps_the_database_that_it_began_with(
    parts: LoadParts, records: Database, blobs: Files
) -> None:
    await load(parts, make_database(make_record()))
    begun_with = dict((await Advisories(records, blobs, parts.sources).current()).digests)
    await load(parts, make_database(make_record(events=[{"introduced": "0"}])))
    await load(parts, make_database(make_record("OWN-1")), source="own")

    pinned = await Advisories(records, blobs, parts.sources).pinned(begun_with)

    assert [one.fixed for one in pinned.match(DEMO, "1.0")] == ["2.0"]
    assert pinned.digests == begun_with
    [state] = pinned.states
    assert state.age(NOW) == NOW - MODIFIED


async def test_a_source_that_is_no_setting_any_more_says_nothing(
    parts: LoadParts, records: Database, blobs: Files
) -> None:
    await load(parts, make_database(make_record()))

    assert not (await Advisories(records, blobs, (OWN,)).current()).is_loaded


async def test_releases_are_matched_for_anybody_with_a_token(
    parts: LoadParts, records: Database, blobs: Files
) -> None:
    process, reader = Advisories(records, blobs, parts.sources), Caller("ada")
    releases = [(DEMO, "1.0"), (DEMO, "2.0"), (ProjectName("other"), "x")]
    with pytest.raises(NoAdvisories):
        await match_releases(process, reader, releases)
    await load(parts, make_database(make_record()))

    found = await match_releases(process, reader, releases)

    assert [[match.id for match in matches] for matches in found] == [["PYSEC-2026-1"], [], []]
    with pytest.raises(CredentialsRequired):
        await match_releases(process, ANONYMOUS, releases)
    with pytest.raises(CredentialsRequired):
        list_sources(records, parts.sources, ANONYMOUS)


async def test_old_databases_do_not_pile_up(parts: LoadParts, records: Database, blobs: Files) -> None:
    process = Advisories(records, blobs, parts.sources)
    seen = []
    for number in range(6):
        await load(parts, make_database(make_record(f"PYSEC-{number}")))
        seen.append(await process.current())

    assert await process.pinned(seen[-1].digests) is not None
    assert len(process._kept) == 4
