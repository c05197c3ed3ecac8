"""What every Index must do, whatever stands behind it; subclasses only say how to fill one with ``STOCK``."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedgate.app.clock import now
from feedgate.blobs.files import Files
from feedgate.index.admitting import Admitting
from feedgate.index.overlay import Overlay
from feedgate.index.permitted import Permitted
from feedgate.index.staged import Staged
from feedgate.model.decision import Decision, Opinion, Verdict
from feedgate.model.destination import Addresses
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import (
    WHOLE,
    Content,
    Index,
    NoSuchFile,
    NoSuchProject,
    ProjectPage,
    Span,
    SpanNotSatisfiable,
)
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.outside.destination import Destination
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.proxies import Proxies
from tests.doubles.memory_index import STOCK, MemoryIndex, Stocked, stocked_wheel
from tests.doubles.upstream import Upstream

STOCKED_NAMES = sorted({stocked.project for stocked in STOCK})
LARGEST = max(STOCK, key=lambda stocked: len(stocked.content))
SIZE_BYTES = len(LARGEST.content)
UNKNOWN = parse_project_name("no-such-name")


class IndexContract:
    """Subclasses give a fixture ``index`` that holds ``STOCK`` and nothing else.

    ``states_sizes_and_times`` is off for an index that has no place to say them (PEP 503).
    """

    states_sizes_and_times = True

    @pytest.fixture
    def index(self) -> Index:
        raise NotImplementedError

    async def test_every_name_comes_once_and_in_order(self, index: Index) -> None:
        assert [name async for name in index.names()] == STOCKED_NAMES

    @pytest.mark.parametrize("name", STOCKED_NAMES)
    async def test_a_page_lists_the_projects_files_and_no_others(
        self, index: Index, name: ProjectName
    ) -> None:
        page = await index.page(name)

        assert page.name == name
        assert sorted(file.filename for file in page.files) == sorted(
            stocked.file.filename for stocked in STOCK if stocked.project == name
        )

    @pytest.mark.parametrize("stocked", STOCK, ids=lambda stocked: stocked.file.filename)
    async def test_a_page_says_of_a_file_what_was_said_when_it_came(
        self, index: Index, stocked: Stocked
    ) -> None:
        file = await listed(index, stocked)

        expected = replace(stocked.file, source=file.source)
        if not self.states_sizes_and_times:
            expected = replace(expected, size_bytes=None, uploaded_at=None)
        assert file == expected

    async def test_an_unknown_name_is_no_such_project(self, index: Index) -> None:
        with pytest.raises(NoSuchProject):
            await index.page(UNKNOWN)

    async def test_a_page_that_did_not_change_keeps_its_validator(self, index: Index) -> None:
        first, second = await asyncio.gather(index.page(LARGEST.project), index.page(LARGEST.project))

        assert first == second
        assert first.validator

    @pytest.mark.parametrize("stocked", STOCK, ids=lambda stocked: stocked.file.filename)
    async def test_a_file_comes_out_as_it_went_in(self, index: Index, stocked: Stocked) -> None:
        content = await index.open(await listed(index, stocked))

        assert content.is_whole
        assert content.size_bytes == len(stocked.content)
        assert await content.read() == stocked.content

    @pytest.mark.parametrize(
        "span",
        [
            pytest.param(Span(0, 1), id="the-first-byte"),
            pytest.param(Span(SIZE_BYTES - 1), id="the-last-byte"),
            pytest.param(Span(1000, 3100), id="a-part-over-several-chunks"),
            pytest.param(Span(17), id="all-but-the-beginning"),
            pytest.param(Span(0, SIZE_BYTES), id="all-of-it"),
            pytest.param(Span(SIZE_BYTES - 3, SIZE_BYTES + 1), id="one-past-the-end"),
        ],
    )
    async def test_a_span_is_exactly_that_part(self, index: Index, span: Span) -> None:
        expected = LARGEST.content[span.start : span.stop]

        content = await index.open(await listed(index, LARGEST), span)

        assert (content.size_bytes, content.start) == (SIZE_BYTES, span.start)
        assert content.stop == span.start + len(expected)
        assert await content.read() == expected

    @pytest.mark.parametrize("start", [SIZE_BYTES, SIZE_BYTES + 1, 10**15])
    async def test_a_span_that_begins_behind_the_end_can_not_be_satisfied(
        self, index: Index, start: int
    ) -> None:
        with pytest.raises(SpanNotSatisfiable) as refusal:
            await index.open(await listed(index, LARGEST), Span(start))

        assert refusal.value.size_bytes == SIZE_BYTES

    async def test_many_readers_at_once_do_not_disturb_each_other(self, index: Index) -> None:
        file = await listed(index, LARGEST)

        async def read() -> bytes:
            return await (await index.open(file)).read()

        assert set(await asyncio.gather(*(read() for _ in range(20)))) == {LARGEST.content}

    async def test_a_content_may_be_let_go_before_its_end(self, index: Index) -> None:
        file = await listed(index, LARGEST)
        content = await index.open(file)
        await anext(content.chunks)

        await close(content)

        assert await (await index.open(file)).read() == LARGEST.content

    @pytest.mark.parametrize(
        "stocked", [stocked for stocked in STOCK if stocked.metadata], ids=lambda s: s.file.filename
    )
    async def test_metadata_comes_as_it_stands_in_the_file(self, index: Index, stocked: Stocked) -> None:
        content = await index.open_metadata(await listed(index, stocked))

        assert await content.read() == stocked.metadata

    async def test_metadata_that_is_not_offered_is_no_such_file(self, index: Index) -> None:
        without = next(stocked for stocked in STOCK if stocked.metadata is None)

        with pytest.raises(NoSuchFile):
            await index.open_metadata(await listed(index, without))


async def listed(index: Index, stocked: Stocked) -> Distribution:
    """Return the file as ``index`` itself lists it: what it may be asked to open."""
    page = await index.page(stocked.project)
    return next(file for file in page.files if file.filename == stocked.file.filename)


async def close(content: Content) -> None:
    closing = getattr(content.chunks, "aclose", None)
    if closing is not None:
        await closing()


class NothingKnown:
    """A NameRule of a feed in which nobody ever uploaded anything."""

    def is_internal(self, name: ProjectName) -> bool:
        return False

    def uploaded(self, name: ProjectName) -> frozenset[str]:
        return frozenset()


class TestMemoryIndex(IndexContract):
    @pytest.fixture
    def index(self) -> Index:
        return MemoryIndex.of(STOCK)


class TestOverlay(IndexContract):
    @pytest.fixture
    def index(self) -> Index:
        upstream = [
            replace(stocked, file=replace(stocked.file, source=f"https://files.example/{number}"))
            for number, stocked in enumerate(STOCK[1::2])
        ]
        return Overlay(MemoryIndex.of(STOCK[::2]), MemoryIndex.of(upstream), NothingKnown())


class TestAdmitting(IndexContract):
    @pytest.fixture
    def index(self) -> Index:
        return Admitting(MemoryIndex.of(STOCK), "3.11.9")


class TestPermitted(IndexContract):
    @pytest.fixture
    def index(self) -> Index:
        def admit_all(page: ProjectPage) -> Mapping[str, Decision]:
            return {file.filename: Decision("open", ()) for file in page.files}

        return Permitted(MemoryIndex.of(STOCK), admit_all)


class TestPermittedWithMoreThanIsPermitted(IndexContract):
    @pytest.fixture
    def index(self) -> Index:
        """An index of the stock, once what policy refuses is left out."""
        refused = Decision("open", (Opinion("says", Verdict.REFUSE, "says no"),))
        more = [*STOCK, stocked_wheel("alpha", "9.9"), stocked_wheel("beta", "9.9")]
        stocked = {stocked.file.filename for stocked in STOCK}

        def admit_stock(page: ProjectPage) -> Mapping[str, Decision]:
            return {
                file.filename: Decision("open", ()) if file.filename in stocked else refused
                for file in page.files
            }

        return Permitted(MemoryIndex.of(more), admit_stock)


class TestStaged(IndexContract):
    @pytest.fixture
    async def index(self, tmp_path: Path) -> Index:
        blobs = Files(tmp_path)
        closure = STOCK[1::2]
        for stocked in closure:
            for content in (stocked.content, stocked.metadata):
                if content is not None:
                    async with blobs.receive() as incoming:
                        await incoming.write(content)
                        await incoming.keep()
        return Staged(
            MemoryIndex.of(STOCK[::2]), [(stocked.project, stocked.file) for stocked in closure], blobs
        )


class TestDestination(IndexContract):
    html_only = False

    @pytest.fixture
    async def index(self) -> AsyncIterator[Index]:
        async with Upstream(html_only=self.html_only) as server:
            for stocked in STOCK:
                offered: dict[str, Any] = {} if stocked.metadata else {"core_metadata": False}
                uploaded_at = stocked.file.uploaded_at
                server.add(
                    stocked.file.filename,
                    stocked.content,
                    requires_python=stocked.file.requires_python,
                    upload_time=None
                    if uploaded_at is None
                    else uploaded_at.isoformat().replace("+00:00", "Z"),
                    yanked=False if stocked.file.yanked is None else stocked.file.yanked or True,
                    **offered,
                )
            addresses = Addresses(f"{server.origin}/", server.url)
            settings = DestinationSettings(now=now, proxies=Proxies())
            async with Destination.opened(addresses, None, settings) as destination:
                yield destination


class TestDestinationWithoutJson(TestDestination):
    html_only = True
    states_sizes_and_times = False


async def test_what_is_staged_but_not_stored_is_no_such_file(tmp_path: Path) -> None:
    index = Staged(MemoryIndex(), [(LARGEST.project, LARGEST.file)], Files(tmp_path))
    file = await listed(index, LARGEST)

    for opening in (index.open(file, WHOLE), index.open_metadata(file)):
        with pytest.raises(NoSuchFile):
            await opening


async def test_a_staged_file_that_states_no_digest_is_no_such_file(tmp_path: Path) -> None:
    index = Staged(MemoryIndex(), [(LARGEST.project, replace(LARGEST.file, digest=None))], Files(tmp_path))

    with pytest.raises(NoSuchFile):
        await index.open(await listed(index, LARGEST))


def test_the_stock_is_what_it_says() -> None:
    assert all(parse_digest(stocked.file.digest or "") for stocked in STOCK)
    assert SIZE_BYTES > 5000
