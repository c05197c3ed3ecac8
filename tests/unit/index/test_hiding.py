"""What a destination does not take is not there to be chosen."""

from dataclasses import replace

from feedgate.index.hiding import Hiding
from feedgate.model.destination import Limits
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, stocked_wheel

DEMO = parse_project_name("demo")
SMALL, LARGE = stocked_wheel("demo", "1.0"), stocked_wheel("demo", "2.0", Facts(padding_bytes=5000))


async def versions(index: Hiding) -> list[str]:
    return [str(file.stem.version) for file in (await index.page(DEMO)).files]


async def test_nothing_is_hidden_before_anything_is_known() -> None:
    source = MemoryIndex.of([SMALL, LARGE])
    index = Hiding(source, Limits(), {})

    assert await index.page(DEMO) == await source.page(DEMO)


async def test_a_hidden_file_is_gone_and_the_page_is_another_one() -> None:
    source = MemoryIndex.of([SMALL, LARGE])
    index = Hiding(source, Limits(), {})
    before = await index.page(DEMO)
    index.hide_release(LARGE.file.filename, "deleted there")

    assert await versions(index) == ["1.0"]
    assert (await index.page(DEMO)).validator != before.validator


async def test_a_release_is_hidden_with_all_its_files_but_those_that_the_destination_has() -> None:
    other = replace(LARGE, file=replace(LARGE.file, filename="demo-2.0-py2-none-any.whl"))
    taken = replace(LARGE, file=replace(LARGE.file, filename="demo-2.0.tar.gz"))
    index = Hiding(
        MemoryIndex.of([SMALL, LARGE, other, taken]),
        Limits(),
        {},
        lambda _name, file: file.filename == taken.file.filename,
    )
    index.hide_release(LARGE.file.filename, "too new")

    page = await index.page(DEMO)
    assert [file.filename for file in page.files] == [SMALL.file.filename, taken.file.filename]


async def test_a_file_whose_name_says_nothing_is_shown() -> None:
    egg = replace(SMALL, file=replace(SMALL.file, filename="demo-0.8-py3.8.egg"))
    index = Hiding(MemoryIndex.of([SMALL, egg]), Limits(metadata_version="2.1"), {})
    index.hide_release(SMALL.file.filename, "too new")

    assert [file.filename for file in (await index.page(DEMO)).files] == [egg.file.filename]


async def test_a_file_of_exactly_the_largest_size_is_shown_and_a_larger_one_is_hidden_with_the_reason() -> (
    None
):
    size_bytes = LARGE.file.size_bytes or 0
    assert await versions(Hiding(MemoryIndex.of([SMALL, LARGE]), Limits(size_bytes=size_bytes), {})) == [
        "1.0",
        "2.0",
    ]

    index = Hiding(MemoryIndex.of([SMALL, LARGE]), Limits(size_bytes=size_bytes - 1), {})

    assert await versions(index) == ["1.0"]
    assert index.hidden == {
        LARGE.file.filename: f"it has {size_bytes} bytes, the destination takes {size_bytes - 1} at most"
    }
