import asyncio
import gzip
import hashlib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.blobs.store import BlobNotFound
from feedgate.gate.children import Answer, Children
from feedgate.gate.kept_looks import KeptLooks
from feedgate.gate.look import Looks, start_child
from feedgate.inspectors.archive import ArchiveInspector
from feedgate.model.digest import Digest
from feedgate.model.distribution import InvalidFilename
from feedgate.records import inspections
from feedgate.records.database import Database
from tests.unit.gate.conftest import Clock
from tests.unit.inspectors.archives import METADATA, SDIST_NAME, SOUND, WHEEL_NAME, recorded, tarred, zipped

SOUND_WHEEL = zipped(recorded(SOUND))
METADATA_DIGEST = Digest(hashlib.sha256(METADATA).hexdigest())


async def stored(blobs: Files, content: bytes) -> Digest:
    async with blobs.receive() as incoming:
        await incoming.write(content)
        return await incoming.keep()


async def read(blobs: Files, digest: Digest) -> bytes:
    return await (await blobs.open(digest)).read()


def kept(records: Database, digest: Digest) -> bool:
    with records.read() as view:
        found = inspections.find(view, [digest], inspector="archive/wheel", version=ArchiveInspector.version)
        assert (digest in found) is (digest in inspections.find_metadata(view, [digest]))
        return digest in found


class CountedChildren(Children):
    """The real children, and how often they were asked."""

    def __init__(self) -> None:
        super().__init__(start_child, 4)
        self.asked = 0

    async def ask(self, path: Path, filename: str) -> Answer:
        self.asked += 1
        return await super().ask(path, filename)


@pytest.fixture
async def children() -> AsyncIterator[CountedChildren]:
    counted = CountedChildren()
    yield counted
    await counted.close()


@pytest.fixture
def counted_looks(children: CountedChildren, records: Database, blobs: Files, clock: Clock) -> Looks:
    return Looks(children, KeptLooks(records, blobs, clock), blobs)


async def test_a_look_brings_findings_and_metadata_and_keeps_both(
    looks: Looks, blobs: Files, records: Database
) -> None:
    digest = await stored(blobs, zipped(SOUND))

    looked = await looks.look(digest, WHEEL_NAME)

    assert looked.digest == digest
    assert [finding.code for one in looked.inspections for finding in one.findings] == ["record-missing"]
    assert (looked.metadata, looked.metadata_digest) == (METADATA, METADATA_DIGEST)
    assert await read(blobs, METADATA_DIGEST) == METADATA
    assert kept(records, digest)


async def test_a_digest_is_looked_at_once(
    counted_looks: Looks, children: CountedChildren, blobs: Files
) -> None:
    digest = await stored(blobs, SOUND_WHEEL)

    first = await asyncio.gather(*(counted_looks.look(digest, WHEEL_NAME) for _ in range(5)))
    later = await counted_looks.look(digest, WHEEL_NAME)
    in_a_list = await counted_looks.look_all([(digest, WHEEL_NAME)], seen=lambda _: None)
    beside = await counted_looks.look_at(blobs.path(digest), WHEEL_NAME, digest)

    assert children.asked == 1
    assert {*first, later, in_a_list[digest], beside} == {first[0]}


async def test_what_was_seen_before_a_restart_is_not_looked_at_again(
    looks: Looks, counted_looks: Looks, children: CountedChildren, blobs: Files
) -> None:
    digest = await stored(blobs, SOUND_WHEEL)
    before = await looks.look(digest, WHEEL_NAME)

    assert await counted_looks.look(digest, WHEEL_NAME) == before
    assert children.asked == 0


async def test_who_stops_waiting_does_not_end_the_look_of_others(looks: Looks, blobs: Files) -> None:
    digest = await stored(blobs, SOUND_WHEEL)
    impatient = asyncio.create_task(looks.look(digest, WHEEL_NAME))
    patient = asyncio.create_task(looks.look(digest, WHEEL_NAME))
    await asyncio.sleep(0.01)
    impatient.cancel()

    assert (await patient).digest == digest
    assert impatient.cancelled()


async def test_an_upload_is_looked_at_and_nothing_is_kept_before_it_is_remembered(
    looks: Looks, blobs: Files, records: Database
) -> None:
    async with blobs.receive() as incoming:
        await incoming.write(SOUND_WHEEL)
        looked = await looks.look_at(incoming.path, WHEEL_NAME, incoming.digest)

        assert (looked.metadata, looked.metadata_digest) == (METADATA, None)
        assert not kept(records, incoming.digest)
        assert not await blobs.has(METADATA_DIGEST)

        await incoming.keep()
    remembered = await looks.remember(looked)

    assert remembered.metadata_digest == METADATA_DIGEST
    assert await read(blobs, METADATA_DIGEST) == METADATA
    assert kept(records, looked.digest)
    assert await looks.remember(remembered) is remembered


async def test_many_files_are_looked_at_and_counted(looks: Looks, blobs: Files, clock: Clock) -> None:
    wheels = [zipped(recorded({**SOUND, "demo/n.py": b"%d" % number})) for number in range(30)]
    files = [(await stored(blobs, content), WHEEL_NAME) for content in wheels]
    before = await looks.look_all(files[:5], seen=lambda _: None)
    transactions = clock.looks
    counts: list[int] = []

    looked = await looks.look_all(files, seen=counts.append)

    assert set(looked) == {digest for digest, _ in files}
    assert before.items() <= looked.items()
    assert counts == list(range(5, 31))
    assert clock.looks - transactions < 25, "each file had a transaction of its own"


async def test_a_file_twice_in_a_list_is_one(looks: Looks, blobs: Files) -> None:
    digest = await stored(blobs, SOUND_WHEEL)
    counts: list[int] = []

    looked = await looks.look_all([(digest, WHEEL_NAME)] * 2, seen=counts.append)

    assert list(looked) == [digest]
    assert counts == [0, 1]


async def test_no_files_are_no_work(looks: Looks) -> None:
    assert await looks.look_all([], seen=lambda _: None) == {}


async def test_a_blob_that_is_not_there_is_named(looks: Looks, blobs: Files, records: Database) -> None:
    there, missing = await stored(blobs, SOUND_WHEEL), Digest("0" * 64)

    with pytest.raises(BlobNotFound):
        await looks.look(missing, WHEEL_NAME)
    with pytest.raises(BlobNotFound):
        await looks.look_all([(there, WHEEL_NAME), (missing, WHEEL_NAME)], seen=lambda _: None)
    assert not kept(records, missing)


async def test_metadata_that_was_lost_is_brought_back(looks: Looks, blobs: Files) -> None:
    digest = await stored(blobs, SOUND_WHEEL)
    before = await looks.look(digest, WHEEL_NAME)
    await blobs.delete(METADATA_DIGEST)

    assert await looks.look(digest, WHEEL_NAME) == before
    assert await read(blobs, METADATA_DIGEST) == METADATA


async def test_a_file_without_metadata_is_kept_as_such(
    counted_looks: Looks, children: CountedChildren, blobs: Files
) -> None:
    digest = await stored(blobs, gzip.compress(tarred([("demo-1.0/a.py", b"")])))

    first = await counted_looks.look(digest, SDIST_NAME)

    assert (first.metadata, first.metadata_digest) == (None, None)
    assert await counted_looks.look(digest, SDIST_NAME) == first
    assert children.asked == 1


@pytest.mark.parametrize("right_first", [True, False])
async def test_bytes_that_come_under_names_of_two_kinds_are_looked_at_as_each(
    looks: Looks, blobs: Files, right_first: bool
) -> None:
    sdist = await stored(blobs, gzip.compress(tarred([("demo-1.0/PKG-INFO", METADATA)])))
    wheel = await stored(blobs, SOUND_WHEEL)

    for digest, right, wrong in (
        (sdist, SDIST_NAME, WHEEL_NAME),
        (wheel, WHEEL_NAME, SDIST_NAME),
        (wheel, WHEEL_NAME, "demo-1.0.zip"),
    ):
        for name in (right, wrong, right, wrong) if right_first else (wrong, right, wrong, right):
            looked = await looks.look(digest, name)
            assert bool(looked.inspections[0].findings) is (name == wrong)
            assert looked.metadata == METADATA or name == wrong


async def test_a_name_that_is_no_distribution_s_is_named(looks: Looks, blobs: Files) -> None:
    digest = await stored(blobs, SOUND_WHEEL)

    with pytest.raises(InvalidFilename):
        await looks.look(digest, "demo.exe")
    with pytest.raises(InvalidFilename):
        await looks.look_at(blobs.path(digest), "demo.exe", digest)
    with pytest.raises(InvalidFilename):
        await looks.look_all([(digest, "demo.exe")], seen=lambda _: None)


async def test_an_accident_is_not_kept(records: Database, blobs: Files, clock: Clock) -> None:
    async def start_what_ends() -> Process:
        return await asyncio.create_subprocess_exec("false", stdin=PIPE, stdout=PIPE)

    digest = await stored(blobs, SOUND_WHEEL)
    looks = Looks(Children(start_what_ends, 1), KeptLooks(records, blobs, clock), blobs)

    looked = await looks.look(digest, WHEEL_NAME)

    assert [finding.code for finding in looked.inspections[0].findings] == ["inspection-limit"]
    assert await looks.remember(looked) is looked
    assert not kept(records, digest)
