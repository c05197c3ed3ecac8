"""What the real resolver chooses from the real listener, over indexes in memory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from feedgate.index.admitting import Admitting
from feedgate.index.loopback import Mount
from feedgate.intake.uv import IndexFault, ResolverFailed, Solved, Unsolvable, Wanted
from feedgate.model.distribution import Distribution
from feedgate.model.index import UpstreamUnavailable
from feedgate.model.names import parse_project_name
from tests.builders.resolver import LINUX, Bench, index_of, resolver_bench
from tests.doubles.memory_index import Facts, MemoryIndex, Stocked, digest_of, stocked_wheel

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with resolver_bench(tmp_path) as opened:
        yield opened


def sdist(project: str, version: str) -> Stocked:
    stocked = stocked_wheel(project, version, Facts(offers_metadata=False))
    return replace(stocked, file=replace(stocked.file, filename=f"{project}-{version}.tar.gz"))


# --------------------------------------------------------------------------------- what comes out


async def test_a_request_resolves_with_what_it_needs(bench: Bench) -> None:
    index = index_of(
        ("app", "2.0", Facts(requires=["lib>=1"])), ("app", "1.0"), ("lib", "1.5"), ("lib", "0.5")
    )

    answer = await bench.compile(index, "app")

    assert isinstance(answer, Solved)
    assert [(file.project, file.version) for file in answer.files] == [("app", "2.0"), ("lib", "1.5")]
    for file in answer.files:
        stocked = next(each for each in index.stock if each.file.filename == file.filename)
        assert (file.sha256, file.size_bytes) == (stocked.file.digest, stocked.file.size_bytes)
    assert answer.asked.names == {"app", "lib"}
    assert (answer.asked.not_found, answer.asked.escapes) == ((), ())


async def test_only_metadata_is_fetched_where_it_is_offered(bench: Bench) -> None:
    index = index_of(("app", "1.0", Facts(padding_bytes=100_000)))

    await bench.versions(index, "app")

    assert not [question for question in index.asked if question.startswith("open")]


@pytest.mark.parametrize("states_size", [True, False])
async def test_without_offered_metadata_it_is_read_out_of_the_wheel(bench: Bench, states_size: bool) -> None:
    facts = Facts(
        requires=["lib"],
        offers_metadata=False,
        states_size=states_size,
        padding_bytes=300_000,
        source="https://files.example/app.whl",
    )

    assert await bench.versions(index_of(("app", "1.0", facts), ("lib", "1.0")), "app") == {
        "app": "1.0",
        "lib": "1.0",
    }


async def test_a_file_without_a_digest_is_hashed_by_us_and_then_chosen(bench: Bench) -> None:
    index = index_of(("app", "1.0", Facts(states_digest=False)))
    content = index.stock[0].content

    async def resolve(file: Distribution) -> Distribution:
        return replace(file, digest=digest_of(content), size_bytes=len(content))

    answer = await bench.compile(Mount(index, resolve_digest=resolve), "app")

    assert isinstance(answer, Solved)
    assert [file.sha256 for file in answer.files] == [digest_of(content)]


async def test_of_several_wheels_that_fit_the_installers_choice_comes_out(bench: Bench) -> None:
    index = index_of(("app", "1.0"))
    best = "app-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    for filename in (
        best,
        "app-1.0-cp38-abi3-manylinux_2_17_x86_64.whl",
        "app-1.0-cp311-cp311-win_amd64.whl",
    ):
        index.stock.append(replace(index.stock[0], file=replace(index.stock[0].file, filename=filename)))

    answer = await bench.compile(index, "app")

    assert isinstance(answer, Solved)
    assert [file.filename for file in answer.files] == [best]


async def test_an_empty_request_is_solved_with_nothing(bench: Bench) -> None:
    assert await bench.versions(MemoryIndex()) == {}


# --------------------------------------------------------------------------- what may be chosen


@pytest.mark.parametrize("refused", ["<3.10", "!=3.11.*", "!=3.11.7", "<=3.11"])
async def test_what_an_installer_would_refuse_is_not_chosen(bench: Bench, refused: str) -> None:
    index = index_of(("app", "2.0", Facts(requires_python=refused)), ("app", "1.0"))

    assert await bench.versions(Admitting(index, "3.11.7"), "app") == {"app": "1.0"}


@pytest.mark.parametrize(
    ("python", "expected"), [("3.11.2", True), ("3.11.3", False), ("3.11.0", True), ("3.11.99", False)]
)
async def test_markers_on_patch_numbers_are_met_at_the_exact_python(
    bench: Bench, python: str, expected: bool
) -> None:
    facts = Facts(requires=["backport; python_full_version < '3.11.3'"])
    index = index_of(("app", "1.0", facts), ("backport", "1.0"))

    assert ("backport" in await bench.versions(index, "app", python=python)) is expected


async def test_the_newest_with_only_source_is_passed_over(bench: Bench) -> None:
    index = index_of(("app", "1.0"))
    index.stock.append(sdist("app", "2.0"))

    assert await bench.versions(index, "app") == {"app": "1.0"}
    assert not [question for question in index.asked if "tar.gz" in question]


async def test_only_source_is_no_solution(bench: Bench) -> None:
    answer = await bench.compile(MemoryIndex.of([sdist("app", "1.0")]), "app")

    assert isinstance(answer, Unsolvable)
    assert answer.asked.names == {"app"}


async def test_files_newer_than_a_moment_are_not_there(bench: Bench) -> None:
    source = "https://files.example/app.whl"
    later = Facts(uploaded_at=NOON, source=source)
    index = index_of(("app", "1.0", Facts(source=source)), ("app", "2.0", later))

    assert await bench.versions(Admitting(index, "3.11.7", exclude_newer=NOON), "app") == {"app": "1.0"}


async def test_constraints_bound_what_they_name_and_bring_nothing(bench: Bench) -> None:
    index = index_of(("app", "1.0"), ("app", "2.0"), ("other", "1.0"))
    constraints = [Requirement("app<2"), Requirement("other==1.0")]

    assert await bench.versions(index, "app", constraints=constraints) == {"app": "1.0"}


async def test_pre_releases_come_only_where_they_are_asked_for(bench: Bench) -> None:
    index = index_of(("app", "1.0"), ("app", "2.0rc1"))

    assert await bench.versions(index, "app") == {"app": "1.0"}
    assert await bench.versions(index, "app", allow_prereleases=True) == {"app": "2.0rc1"}


async def test_a_preference_is_kept_where_it_satisfies(bench: Bench) -> None:
    index = index_of(("app", "1.0", Facts(requires=["lib"])), ("lib", "1.0"), ("lib", "2.0"))
    preferences = [(parse_project_name("lib"), "1.0"), (parse_project_name("unknown"), "7")]

    assert (await bench.versions(index, "app", preferences=preferences))["lib"] == "1.0"
    assert (await bench.versions(index, "app", "lib>1", preferences=preferences))["lib"] == "2.0"
    assert (await bench.versions(index, "app"))["lib"] == "2.0"


async def test_what_an_earlier_call_left_in_the_folder_is_no_preference(bench: Bench) -> None:
    wanted = Wanted([Requirement("app")], "3.11.7", LINUX)
    seen = []
    for index in (index_of(("app", "1.0")), index_of(("app", "1.0"), ("app", "2.0"))):
        answer = await bench.uv.compile(Mount(index), wanted, working_directory=bench.folder)
        assert isinstance(answer, Solved)
        seen += [file.version for file in answer.files]

    assert seen == ["1.0", "2.0"]


# ---------------------------------------------------------------------------- no solution, faults


async def test_an_impossible_request_is_answered_in_words(bench: Bench) -> None:
    index = index_of(("app", "1.0", Facts(requires=["lib>=2"])), ("lib", "1.0"))

    answer = await bench.compile(index, "app")

    assert isinstance(answer, Unsolvable)
    assert "lib>=2" in answer.reason
    assert "invalid" not in answer.reason
    assert "\x1b" not in answer.reason


async def test_names_that_the_index_lacks_are_told(bench: Bench) -> None:
    index = index_of(("app", "2.0", Facts(requires=["missing"])), ("app", "1.0"))

    older = await bench.compile(index, "app")
    none = await bench.compile(index, "missing")

    assert isinstance(older, Solved)
    assert older.asked.not_found == ("missing",)
    assert isinstance(none, Unsolvable)
    assert none.asked.not_found == ("missing",)


async def test_a_dependency_whose_page_does_not_come_never_means_an_older_parent(bench: Bench) -> None:
    index = index_of(("app", "2.0", Facts(requires=["lib"])), ("app", "1.0"), ("lib", "1.0"))
    lib = parse_project_name("lib")
    index.faults[lib] = UpstreamUnavailable("lib", reason="it answered 503")

    answer = await bench.compile(index, "app")

    assert isinstance(answer, IndexFault)
    assert answer.faults == {lib: index.faults[lib]}


async def test_metadata_that_is_offered_and_not_there_is_the_indexs_fault(bench: Bench) -> None:
    index = index_of(("app", "1.0"))
    index.stock[0] = replace(index.stock[0], metadata=None)

    answer = await bench.compile(index, "app")

    assert isinstance(answer, IndexFault)
    assert list(answer.faults) == ["app"]


async def test_a_direct_url_deep_in_a_dependency_is_no_solution_and_leads_nowhere(bench: Bench) -> None:
    facts = Facts(requires=["evil @ https://evil.example/evil-1.0-py3-none-any.whl"])

    answer = await bench.compile(index_of(("app", "1.0", facts)), "app")

    assert isinstance(answer, Unsolvable)
    assert "evil" in answer.reason


async def test_what_is_neither_a_solution_nor_none_is_an_error_with_uvs_words(bench: Bench) -> None:
    with pytest.raises(ResolverFailed) as failure:
        await bench.compile(index_of(("app", "1.0")), "app", platform="vax-vms")

    assert failure.value.facts["status"] == 2
    assert "vax-vms" in failure.value.message
