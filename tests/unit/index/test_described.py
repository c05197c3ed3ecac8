"""METADATA beside a foreign index's files, where we hold the same bytes."""

from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.index.described import Described
from feedgate.model.distribution import Distribution
from feedgate.model.index import NoSuchFile
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, stocked_wheel

DEMO = parse_project_name("demo")
BARE = Facts(source="https://feed.example/demo.whl", offers_metadata=False, states_size=False)


async def held(blobs: Files) -> Distribution:
    """Return demo 1.0 as our store holds it."""
    stocked = stocked_wheel("demo", "1.0")
    async with blobs.receive() as incoming:
        await incoming.write(stocked.metadata or b"")
        await incoming.keep()
    return stocked.file


@pytest.fixture
def blobs(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_a_file_whose_bytes_we_hold_gets_metadata_and_size_and_keeps_its_address(blobs: Files) -> None:
    ours = await held(blobs)
    foreign = stocked_wheel("demo", "1.0", BARE)
    index = Described(MemoryIndex.of([foreign]), {ours.filename: ours}, blobs)

    (file,) = (await index.page(DEMO)).files

    assert file.source == foreign.file.source
    assert (file.metadata_digest, file.size_bytes) == (ours.metadata_digest, ours.size_bytes)
    assert b"Name: demo" in await (await index.open_metadata(file)).read()


async def test_what_an_installer_goes_by_stays_the_foreign_indexs_word(blobs: Files) -> None:
    ours = await held(blobs)
    foreign = stocked_wheel("demo", "1.0", BARE)
    foreign = replace(foreign, file=replace(foreign.file, yanked="broken", requires_python=">=3.12"))
    index = Described(MemoryIndex.of([foreign]), {ours.filename: ours}, blobs)

    (file,) = (await index.page(DEMO)).files

    assert (file.yanked, file.requires_python) == ("broken", ">=3.12")


async def test_a_file_without_digest_is_taken_at_its_name(blobs: Files) -> None:
    ours = await held(blobs)
    foreign = stocked_wheel("demo", "1.0", replace(BARE, states_digest=False))
    index = Described(MemoryIndex.of([foreign]), {ours.filename: ours}, blobs)

    assert (await index.page(DEMO)).files[0].digest == ours.digest


async def test_other_bytes_under_the_same_name_get_nothing_of_ours(blobs: Files) -> None:
    ours = await held(blobs)
    foreign = stocked_wheel("demo", "1.0", replace(BARE, padding_bytes=5))
    index = Described(MemoryIndex.of([foreign]), {ours.filename: ours}, blobs)

    (file,) = (await index.page(DEMO)).files

    assert file == foreign.file
    with pytest.raises(NoSuchFile):
        await index.open_metadata(file)
