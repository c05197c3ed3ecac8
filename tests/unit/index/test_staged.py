"""The feed as it would be with a closure."""

from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.index.staged import Staged
from feedgate.model.index import NoSuchProject
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, Stocked, stocked_wheel

ACME = parse_project_name("acme")


def staged(base: MemoryIndex, closure: list[Stocked], blobs: Path) -> Staged:
    return Staged(base, [(stocked.project, stocked.file) for stocked in closure], Files(blobs))


async def test_what_the_feed_has_already_keeps_what_the_feed_says_of_it(tmp_path: Path) -> None:
    yanked = stocked_wheel("acme", "1.0", Facts(yanked="broken"))
    closure = [stocked_wheel("acme", "1.0", Facts(source="https://files.example/acme.whl"))]

    page = await staged(MemoryIndex.of([yanked]), closure, tmp_path).page(ACME)

    assert page.files == (yanked.file,)


async def test_a_staged_file_is_shown_as_one_of_our_own(tmp_path: Path) -> None:
    closure = [stocked_wheel("acme", "1.0", Facts(source="https://files.example/acme.whl"))]

    page = await staged(MemoryIndex(), closure, tmp_path).page(ACME)

    assert page.files == (replace(closure[0].file, source=None),)


async def test_a_name_outside_the_closure_is_the_feeds_own_page(tmp_path: Path) -> None:
    base = MemoryIndex.of([stocked_wheel("other", "1.0")])
    index = staged(base, [stocked_wheel("acme", "1.0")], tmp_path)

    assert await index.page(parse_project_name("other")) == await base.page(parse_project_name("other"))
    with pytest.raises(NoSuchProject):
        await index.page(parse_project_name("neither"))


async def test_the_validator_changes_with_the_closure_and_with_the_feed(tmp_path: Path) -> None:
    base = MemoryIndex.of([stocked_wheel("acme", "1.0")])

    async def validator(*versions: str) -> str:
        index = staged(base, [stocked_wheel("acme", version) for version in versions], tmp_path)
        return (await index.page(ACME)).validator

    seen = [await validator("2.0"), await validator("2.0"), await validator("2.0", "2.1")]
    base.stock.append(stocked_wheel("acme", "1.1"))
    seen.append(await validator("2.0"))

    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("base", "closure", "expected"),
    [
        pytest.param([], ["b", "a"], ["a", "b"], id="an-empty-feed"),
        pytest.param(["b", "d"], ["a", "c", "e"], ["a", "b", "c", "d", "e"], id="between-and-around"),
        pytest.param(["a", "b"], ["b"], ["a", "b"], id="in-both"),
        pytest.param(["a"], [], ["a"], id="an-empty-closure"),
    ],
)
async def test_names_of_both_come_once_and_in_order(
    base: list[str], closure: list[str], expected: list[str], tmp_path: Path
) -> None:
    index = staged(
        MemoryIndex.of([stocked_wheel(name, "1.0") for name in base]),
        [stocked_wheel(name, "1.0") for name in closure],
        tmp_path,
    )

    assert [name async for name in index.names()] == expected
