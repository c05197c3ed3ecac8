"""The feed laid over the upstream."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from feedgate.index.overlay import Overlay
from feedgate.model.index import NoSuchProject, Status, UpstreamUnavailable
from feedgate.model.names import ProjectName, parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, Stocked, stocked_wheel

ACME = parse_project_name("acme")


@dataclass
class Names:
    internal: set[str] = field(default_factory=set)
    uploads: dict[str, frozenset[str]] = field(default_factory=dict)

    def is_internal(self, name: ProjectName) -> bool:
        return name in self.internal

    def uploaded(self, name: ProjectName) -> frozenset[str]:
        return self.uploads.get(name, frozenset())


def upstream_wheel(project: str, version: str) -> Stocked:
    return stocked_wheel(project, version, Facts(source=f"https://files.example/{project}-{version}.whl"))


async def filenames(overlay: Overlay, name: ProjectName = ACME) -> list[str]:
    return [file.filename for file in (await overlay.page(name)).files]


async def test_an_internal_name_is_answered_by_the_feed_and_never_asked_upstream() -> None:
    feed = MemoryIndex.of([stocked_wheel("acme", "1.0")])
    upstream = MemoryIndex.of([upstream_wheel("acme", "9.9")])
    overlay = Overlay(feed, upstream, Names(internal={"acme"}))

    assert await filenames(overlay) == ["acme-1.0-py3-none-any.whl"]
    assert upstream.asked == []


async def test_an_internal_name_without_a_file_is_no_such_project_and_stays_unknown_upstream() -> None:
    upstream = MemoryIndex.of([upstream_wheel("acme", "9.9")])
    overlay = Overlay(MemoryIndex(), upstream, Names(internal={"acme"}))

    with pytest.raises(NoSuchProject):
        await overlay.page(ACME)
    assert upstream.asked == []


async def test_another_name_is_the_union_with_the_feeds_files_first() -> None:
    feed = MemoryIndex.of([stocked_wheel("acme", "2.0")])
    upstream = MemoryIndex.of([upstream_wheel("acme", "1.0"), upstream_wheel("acme", "3.0")])

    assert await filenames(Overlay(feed, upstream, Names())) == [
        "acme-2.0-py3-none-any.whl",
        "acme-1.0-py3-none-any.whl",
        "acme-3.0-py3-none-any.whl",
    ]


async def test_of_one_file_name_the_feeds_is_shown_and_opened() -> None:
    ours = stocked_wheel("acme", "1.0", Facts(yanked="ours"))
    theirs = stocked_wheel("acme", "1.0", Facts(source="https://files.example/x.whl", padding_bytes=9))
    feed, upstream = MemoryIndex.of([ours]), MemoryIndex.of([theirs])
    overlay = Overlay(feed, upstream, Names())

    (file,) = (await overlay.page(ACME)).files
    content = await overlay.open(file)

    assert file == ours.file
    assert await content.read() == ours.content
    assert "open acme-1.0-py3-none-any.whl" not in upstream.asked


async def test_a_file_of_the_upstream_is_opened_there() -> None:
    feed, upstream = MemoryIndex(), MemoryIndex.of([upstream_wheel("acme", "1.0")])
    overlay = Overlay(feed, upstream, Names())
    (file,) = (await overlay.page(ACME)).files

    await (await overlay.open(file)).read()
    await (await overlay.open_metadata(file)).read()

    assert upstream.asked[1:] == [f"open {file.filename}", f"metadata {file.filename}"]
    assert feed.asked == ["page acme"]


async def test_a_release_with_an_upload_shows_nothing_of_the_upstream_beside_it() -> None:
    uploaded = stocked_wheel("acme", "1.0")
    theirs = [
        replace_filename(upstream_wheel("acme", "1.0"), "acme-1.0.0-cp311-cp311-win_amd64.whl"),
        replace_filename(upstream_wheel("acme", "1.0"), "acme-1.0.tar.gz"),
        replace_filename(upstream_wheel("acme", "1.0"), "acme-1.0.post1.tar.gz"),
    ]
    overlay = Overlay(
        MemoryIndex.of([uploaded]),
        MemoryIndex.of(theirs),
        Names(uploads={"acme": frozenset({uploaded.file.filename})}),
    )

    assert await filenames(overlay) == ["acme-1.0-py3-none-any.whl", "acme-1.0.post1.tar.gz"]


async def test_beside_an_upload_a_file_name_that_tells_no_version_is_left_out() -> None:
    uploaded = stocked_wheel("acme", "1.0")
    overlay = Overlay(
        MemoryIndex.of([uploaded]),
        MemoryIndex.of([replace_filename(upstream_wheel("acme", "1.0"), "acme-1.0.win32.exe")]),
        Names(uploads={"acme": frozenset({uploaded.file.filename})}),
    )

    assert await filenames(overlay) == [uploaded.file.filename]


async def test_an_imported_release_shows_the_upstreams_other_files() -> None:
    imported = stocked_wheel("acme", "1.0")
    other = replace_filename(upstream_wheel("acme", "1.0"), "acme-1.0-cp311-cp311-win_amd64.whl")
    overlay = Overlay(MemoryIndex.of([imported]), MemoryIndex.of([other]), Names())

    assert await filenames(overlay) == [imported.file.filename, other.file.filename]


async def test_a_name_that_neither_has_is_no_such_project() -> None:
    with pytest.raises(NoSuchProject):
        await Overlay(MemoryIndex(), MemoryIndex(), Names()).page(ACME)


async def test_an_upstream_that_does_not_answer_is_not_taken_for_one_that_has_nothing() -> None:
    silent = UpstreamUnavailable("acme", reason="503")
    overlay = Overlay(
        MemoryIndex.of([stocked_wheel("acme", "1.0")]), MemoryIndex(faults={ACME: silent}), Names()
    )

    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            await overlay.page(ACME)


async def test_a_page_is_fetched_once_however_many_ask() -> None:
    feed, upstream = MemoryIndex(), MemoryIndex.of([upstream_wheel("acme", "1.0")])
    overlay = Overlay(feed, upstream, Names())

    first, second = await asyncio.gather(overlay.page(ACME), overlay.page(ACME))
    upstream.stock.append(upstream_wheel("acme", "2.0"))
    third = await overlay.page(ACME)

    assert first is second is third
    assert upstream.asked == feed.asked == ["page acme"]


async def test_who_is_cancelled_takes_the_page_from_nobody_else() -> None:
    gate = asyncio.Event()
    overlay = Overlay(MemoryIndex(), MemoryIndex([upstream_wheel("acme", "1.0")], gate=gate), Names())
    hasty, patient = (asyncio.ensure_future(overlay.page(ACME)) for _ in range(2))
    await asyncio.sleep(0)

    hasty.cancel()
    await asyncio.sleep(0)
    gate.set()

    assert (await patient).files
    assert hasty.cancelled()


async def test_the_validator_changes_when_either_side_does() -> None:
    feed = MemoryIndex.of([stocked_wheel("acme", "1.0")])
    upstream = MemoryIndex.of([upstream_wheel("acme", "2.0")])

    async def validator() -> str:
        return (await Overlay(feed, upstream, Names()).page(ACME)).validator

    seen = [await validator(), await validator()]
    feed.stock.append(stocked_wheel("acme", "1.1"))
    seen.append(await validator())
    upstream.stock.append(upstream_wheel("acme", "2.1"))
    seen.append(await validator())

    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(None, (Status.ARCHIVED, "no more"), Status.ARCHIVED, id="what-the-upstream-says"),
        pytest.param(
            (Status.DEPRECATED, "use b"), (Status.ARCHIVED, "no more"), Status.DEPRECATED, id="ours-first"
        ),
        pytest.param(None, None, Status.ACTIVE, id="nobody-says-anything"),
    ],
)
async def test_a_projects_status_is_ours_or_else_the_upstreams(
    ours: tuple[Status, str] | None, theirs: tuple[Status, str] | None, expected: Status
) -> None:
    feed = MemoryIndex([stocked_wheel("acme", "1.0")], statuses={ACME: ours} if ours else {})
    upstream = MemoryIndex([upstream_wheel("acme", "2.0")], statuses={ACME: theirs} if theirs else {})

    assert (await Overlay(feed, upstream, Names()).page(ACME)).status is expected


async def test_names_are_those_of_both_without_the_upstreams_internal_ones() -> None:
    feed = MemoryIndex.of([stocked_wheel(name, "1.0") for name in ("acme", "beta", "mine", "zeta")])
    upstream = MemoryIndex.of(
        [upstream_wheel(name, "1.0") for name in ("aaa", "beta", "mine", "secret", "zz")]
    )
    overlay = Overlay(feed, upstream, Names(internal={"mine", "secret"}))

    assert [name async for name in overlay.names()] == ["aaa", "acme", "beta", "mine", "zeta", "zz"]


def replace_filename(stocked: Stocked, filename: str) -> Stocked:
    return replace(stocked, file=replace(stocked.file, filename=filename))
