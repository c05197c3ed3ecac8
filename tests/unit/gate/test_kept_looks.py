import asyncio

import pytest

from feedgate.blobs.files import Files
from feedgate.gate.kept_looks import KeptLooks
from feedgate.gate.looked import Looked
from feedgate.inspectors.walk import INSPECTORS
from feedgate.model.digest import Digest
from feedgate.model.distribution import Kind
from feedgate.model.inspection import Finding, Inspection, Severity
from feedgate.records import inspections, tables
from feedgate.records.database import Database, RecordsUnavailable
from tests.unit.gate.conftest import Clock


@pytest.fixture
def kept(records: Database, blobs: Files, clock: Clock) -> KeptLooks:
    return KeptLooks(records, blobs, clock)


def looked(number: int = 0, kind: Kind = Kind.WHEEL, metadata: bytes | None = b"Name: demo\n") -> Looked:
    digest = Digest(f"{number:064x}")
    found = (Finding("record-missing", Severity.LOW, "it has no RECORD", "demo"),)
    made = tuple(Inspection(digest, one.name, one.version, found) for one in INSPECTORS)
    return Looked(digest, kind, made, metadata)


async def test_what_was_kept_is_found_as_it_was(kept: KeptLooks) -> None:
    for one in (looked(1), looked(2, Kind.SDIST), looked(3, metadata=None)):
        whole = await kept.keep(one)

        assert await kept.find([one.digest], one.kind) == {one.digest: whole}


async def test_what_was_not_kept_is_not_found(kept: KeptLooks) -> None:
    await kept.keep(looked(1))

    assert await kept.find([], Kind.WHEEL) == {}
    assert await kept.find([Digest("2" * 64)], Kind.WHEEL) == {}
    assert await kept.find([looked(1).digest], Kind.SDIST) == {}


async def test_what_one_inspector_alone_saw_is_not_enough(kept: KeptLooks, records: Database) -> None:
    digest = looked().digest
    with records.note() as note:
        inspections.put_metadata(note, [(digest, None)])

    assert await kept.find([digest], Kind.WHEEL) == {}


async def test_many_at_once_share_transactions(kept: KeptLooks, clock: Clock) -> None:
    await asyncio.gather(*(kept.keep(looked(number)) for number in range(20)))
    await kept.close()

    assert clock.looks <= 5
    assert len(await kept.find([looked(number).digest for number in range(20)], Kind.WHEEL)) == 20


async def test_closing_waits_for_what_is_being_written(kept: KeptLooks) -> None:
    keeping = asyncio.create_task(kept.keep(looked(metadata=None)))
    await asyncio.sleep(0)
    await kept.close()

    assert keeping.done()


async def test_all_who_wait_hear_of_records_that_fail_and_the_next_is_kept(
    kept: KeptLooks, records: Database
) -> None:
    tables.inspection.drop(records.writers)
    failures = await asyncio.gather(
        *(kept.keep(looked(number)) for number in range(3)), return_exceptions=True
    )
    tables.inspection.create(records.writers)

    assert [type(failure) for failure in failures] == [RecordsUnavailable] * 3
    assert (await kept.keep(looked(4))).metadata_digest is not None


async def test_who_stops_waiting_does_not_disturb_the_others(kept: KeptLooks) -> None:
    impatient = asyncio.create_task(kept.keep(looked(1, metadata=None)))
    patient = asyncio.create_task(kept.keep(looked(2, metadata=None)))
    await asyncio.sleep(0)
    impatient.cancel()

    await patient

    assert set(await kept.find([looked(1).digest, looked(2).digest], Kind.WHEEL)) >= {looked(2).digest}
