"""A destination over the upstream, of which nothing is remembered: the pages tell whose a name is."""

from dataclasses import dataclass, replace

import pytest

from feedgate.index.learning_overlay import LearningOverlay, Said
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import NoSuchProject, ProjectPage, UpstreamUnavailable
from feedgate.model.names import ProjectName, parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, Stocked, stocked_wheel

ACME = parse_project_name("acme-core")
NOTHING_SAID = Said()


def there(project: str, version: str, *, padding_bytes: int = 0, states_digest: bool = True) -> Stocked:
    source = f"https://feed.example/{project}-{version}.whl"
    return stocked_wheel(
        project, version, Facts(source=source, padding_bytes=padding_bytes, states_digest=states_digest)
    )


def upstream_wheel(project: str, version: str, *, padding_bytes: int = 0) -> Stocked:
    source = f"https://files.example/{project}-{version}.whl"
    return stocked_wheel(project, version, Facts(source=source, padding_bytes=padding_bytes))


async def never(file: Distribution) -> Digest:
    raise AssertionError(f"{file.filename} was fetched")


def overlay(
    destination: list[Stocked],
    upstream: MemoryIndex,
    said: Said = NOTHING_SAID,
    known: dict[str, str] | None = None,
) -> LearningOverlay:
    async def digest_of(file: Distribution) -> Digest:
        return Digest((known or {})[file.source or ""])

    return LearningOverlay(MemoryIndex.of(destination), upstream, said, never if known is None else digest_of)


async def versions(index: LearningOverlay, name: ProjectName = ACME) -> list[str]:
    return [str(file.stem.version) for file in (await index.page(name)).files]


async def test_a_name_whose_files_are_all_the_upstreams_too_was_imported_and_is_the_union() -> None:
    index = overlay(
        [there("acme-core", "1.0")],
        MemoryIndex.of([upstream_wheel("acme-core", "1.0"), upstream_wheel("acme-core", "9.9")]),
    )

    assert await versions(index) == ["1.0", "9.9"]
    assert not index.is_internal(ACME)
    assert index.lists(ACME, upstream_wheel("acme-core", "1.0").file)
    assert not index.lists(ACME, upstream_wheel("acme-core", "9.9").file)


async def test_a_name_unknown_upstream_is_the_destinations_own_and_the_file_that_says_so_is_named() -> None:
    index = overlay([there("acme-core", "1.0")], MemoryIndex())

    assert await versions(index) == ["1.0"]
    assert index.internal[ACME].startswith("acme_core-1.0-py3-none-any.whl is there")


async def test_one_file_with_other_bytes_makes_the_whole_name_internal() -> None:
    index = overlay(
        [there("acme-core", "1.0"), there("acme-core", "2.0", padding_bytes=9)],
        MemoryIndex.of([upstream_wheel("acme-core", v) for v in ("1.0", "2.0", "9.9")]),
    )

    assert await versions(index) == ["1.0", "2.0"]
    assert "acme_core-2.0" in index.internal[ACME]
    page = await index.page(ACME)
    assert all(index.is_at_destination(file) for file in page.files)


async def test_a_name_that_matches_a_pattern_is_never_asked_upstream() -> None:
    upstream = MemoryIndex.of([upstream_wheel("acme-core", "9.9")])
    index = overlay([there("acme-core", "1.0")], upstream, Said(internal=("acme-*",)))

    assert await versions(index) == ["1.0"]
    assert upstream.asked == []
    assert "acme-*" in index.internal[ACME]


async def test_a_pattern_holds_where_the_destination_has_nothing() -> None:
    upstream = MemoryIndex.of([upstream_wheel("acme-core", "9.9")])
    index = overlay([], upstream, Said(internal=("acme-*",)))

    with pytest.raises(NoSuchProject):
        await index.page(ACME)
    assert upstream.asked == []


async def test_a_name_that_is_internal_to_the_feed_is_never_asked_upstream_whatever_the_request_says() -> (
    None
):
    upstream = MemoryIndex.of([upstream_wheel("acme-core", "9.9")])
    index = LearningOverlay(
        MemoryIndex.of([there("acme-core", "1.0")]),
        upstream,
        Said(upstream_allowed=frozenset({ACME})),
        never,
        {ACME}.__contains__,
    )

    assert await versions(index) == ["1.0"]
    assert upstream.asked == []
    assert "internal to the feed" in index.internal[ACME]


async def test_without_a_pattern_the_upstreams_page_is_read_once() -> None:
    upstream = MemoryIndex.of([upstream_wheel("acme-core", "9.9")])
    index = overlay([there("acme-core", "1.0", padding_bytes=3)], upstream)

    assert await versions(index) == await versions(index) == ["1.0"]
    assert upstream.asked == ["page acme-core"]


async def test_an_allowed_name_is_both_but_never_the_upstreams_files_beside_a_release_of_ones_own() -> None:
    index = overlay(
        [there("acme-core", "1.0", padding_bytes=7)],
        MemoryIndex.of([upstream_wheel("acme-core", "1.0"), upstream_wheel("acme-core", "9.9")]),
        Said(internal=("acme-*",), upstream_allowed=frozenset({ACME})),
    )

    page = await index.page(ACME)

    assert [index.is_at_destination(file) for file in page.files] == [True, False]
    assert [str(file.stem.version) for file in page.files] == ["1.0", "9.9"]
    assert not index.is_internal(ACME)


async def test_an_upstream_that_does_not_answer_is_no_no() -> None:
    upstream = MemoryIndex(faults={ACME: UpstreamUnavailable("acme-core", reason="503")})

    with pytest.raises(UpstreamUnavailable):
        await overlay([there("acme-core", "1.0")], upstream).page(ACME)


async def test_a_name_of_neither_is_no_such_project() -> None:
    with pytest.raises(NoSuchProject, match="neither the destination nor the upstream"):
        await overlay([], MemoryIndex()).page(ACME)


@pytest.mark.parametrize("same", [True, False])
async def test_a_page_without_digests_has_the_files_of_the_same_name_fetched_and_compared(
    *, same: bool
) -> None:
    file = there("acme-core", "1.0", states_digest=False)
    public = upstream_wheel("acme-core", "1.0")
    known = {file.file.source or "": str(public.file.digest) if same else "0" * 64}
    index = overlay([file], MemoryIndex.of([public, upstream_wheel("acme-core", "2.0")]), known=known)

    assert await versions(index) == (["1.0", "2.0"] if same else ["1.0"])


async def test_a_file_without_digest_and_of_another_name_needs_no_fetching_to_be_ones_own() -> None:
    index = overlay(
        [there("acme-core", "1.0", states_digest=False)], MemoryIndex.of([upstream_wheel("acme-core", "2.0")])
    )

    assert await versions(index) == ["1.0"]


async def test_a_page_without_files_makes_the_name_internal_for_it_may_be_a_page_to_sign_in_at() -> None:
    class Empty(MemoryIndex):
        async def page(self, name: ProjectName) -> ProjectPage:
            return ProjectPage(name, (), "")

    upstream = MemoryIndex.of([upstream_wheel("acme-core", "9.9")])
    index = LearningOverlay(Empty(), upstream, NOTHING_SAID, never)

    assert await versions(index) == []
    assert "lists no file" in index.internal[ACME]


async def test_a_name_that_was_imported_and_shows_a_file_of_its_own_now_is_told() -> None:
    index = overlay([], MemoryIndex.of([upstream_wheel("acme-core", "9.9")]))
    assert await versions(index) == ["9.9"]

    def now(*files: Stocked) -> ProjectPage:
        return ProjectPage(ACME, tuple(one.file for one in files), "")

    chosen = ["acme_core-9.9-py3-none-any.whl"]
    assert await index.stranger(ACME, None, chosen) is None
    assert await index.stranger(ACME, now(there("acme-core", "9.9")), chosen) is None
    found = await index.stranger(ACME, now(there("acme-core", "9.9"), there("acme-core", "1.0")), chosen)
    assert found == "acme_core-1.0-py3-none-any.whl is there now, and the upstream lists no such file"
    unreadable = replace(now(there("acme-core", "9.9")), unreadable=("acme_core-1.0.tar.gz",))
    assert "acme_core-1.0.tar.gz is there now" in str(await index.stranger(ACME, unreadable, chosen))


async def test_what_was_chosen_before_the_name_was_learnt_to_be_internal_is_told() -> None:
    """A run that goes on after a kill learns anew, and has its closure from before."""
    index = overlay([there("acme-core", "1.0")], MemoryIndex.of([upstream_wheel("acme-core", "9.9")]))
    now = ProjectPage(ACME, (there("acme-core", "1.0").file,), "")

    assert await index.stranger(ACME, now, ["Acme_Core-1.0-py3-none-any.whl"]) is None
    found = await index.stranger(ACME, now, ["acme_core-9.9-py3-none-any.whl"])
    assert found is not None
    assert found.startswith("acme_core-9.9-py3-none-any.whl is not among")
    assert await index.stranger(ACME, None, ["acme_core-1.0-py3-none-any.whl"]) is not None


@dataclass
class PartlyReadable(MemoryIndex):
    """Has a file more than can be read."""

    unreadable: tuple[str, ...] = ("acme_core-1.0-py3-none-any.whl",)

    async def page(self, name: ProjectName) -> ProjectPage:
        return replace(await super().page(name), unreadable=self.unreadable)


async def test_a_file_that_can_not_be_read_is_one_of_the_destinations_own() -> None:
    upstream = MemoryIndex.of([upstream_wheel("acme-core", version) for version in ("2.0", "9.9")])
    index = LearningOverlay(PartlyReadable([there("acme-core", "2.0")]), upstream, NOTHING_SAID, never)

    assert await versions(index) == ["2.0"]
    assert index.internal[ACME].startswith("acme_core-1.0-py3-none-any.whl is there, and what")


async def test_a_file_that_can_not_be_read_hinders_nobody_who_allowed_the_upstream() -> None:
    upstream = MemoryIndex.of([upstream_wheel("acme-core", version) for version in ("2.0", "9.9")])
    said = Said(upstream_allowed=frozenset({ACME}))
    index = LearningOverlay(PartlyReadable([there("acme-core", "2.0")]), upstream, said, never)

    assert await versions(index) == ["2.0", "9.9"]
    assert index.internal == {}


async def test_what_is_no_distribution_by_its_name_is_the_destinations_own() -> None:
    odd = there("acme-core", "2.0", states_digest=False)
    odd = replace(odd, file=replace(odd.file, filename="acme-core.installer.exe"))
    upstream = MemoryIndex.of([upstream_wheel("acme-core", version) for version in ("2.0", "9.9")])
    index = overlay([there("acme-core", "2.0"), odd], upstream)

    await index.page(ACME)
    assert index.internal[ACME].startswith("acme-core.installer.exe is there")


async def test_versions_are_those_of_the_destination_alone_less_yanked_ones() -> None:
    yanked = there("acme-core", "1.1")
    yanked = replace(yanked, file=replace(yanked.file, yanked="broken"))
    index = overlay([there("acme-core", "1.0"), yanked], MemoryIndex.of([upstream_wheel("acme-core", "9.9")]))
    await index.page(ACME)

    assert index.versions() == {(ACME, "1.0")}
