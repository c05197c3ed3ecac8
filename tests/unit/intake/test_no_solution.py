"""Why there is no solution: the first cause that we know for sure, before the resolver's own prose."""

from collections.abc import Mapping, Sequence

import pytest

from feedgate.index.admitting import LeftOut
from feedgate.intake import uv
from feedgate.intake.asked import Asked, AskedFile, words
from feedgate.intake.no_solution import Sought, why_unsolvable
from feedgate.intake.uv import Unsolvable
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.run import Failed, RunKind
from feedgate.model.target import parse_target
from tests.doubles.memory_index import MemoryIndex, Stocked

LINUX = parse_target("3.11.5@x86_64-manylinux_2_28")
PROSE = "Because you require it, your requirements are unsatisfiable."
DEMO, PART = ProjectName("demo"), ProjectName("part")
ONES, TWOS = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def wheel(
    version: str, name: str = "demo", *, requires_python: str | None = None, yanked: str | None = None
) -> Distribution:
    filename = f"{name}-{version}-py3-none-any.whl"
    return Distribution(filename, None, requires_python=requires_python, yanked=yanked)


async def why(
    *listed: Distribution,
    asked: Sequence[str] = ("demo",),
    files: Sequence[AskedFile] = (),
    not_found: Sequence[str] = (),
    escapes: Sequence[str] = (),
    left_out: Mapping[ProjectName, Sequence[LeftOut]] | None = None,
) -> Failed:
    """Return how a request fails for LINUX of which the resolver found no solution among ``listed``."""
    index = MemoryIndex.of(
        Stocked(parse_project_name(file.filename.split("-")[0]), file, b"", None) for file in listed
    )
    request = words(Asked(RunKind.ADD, tuple(asked), tuple(files)), LINUX, LINUX.python)
    seen = uv.Asked(
        frozenset({parse_project_name(file.filename.split("-")[0]) for file in listed} | request.names),
        tuple(parse_project_name(name) for name in not_found),
        tuple(escapes),
    )
    return await why_unsolvable(Unsolvable(PROSE, seen), Sought(index, LINUX, request, left_out or {}))


def constraints(text: str) -> AskedFile:
    return AskedFile("constraints.txt", "constraints", text)


# ------------------------------------------------------------------ no wheel


async def test_what_has_only_source_is_named_with_what_can_be_done_and_the_resolvers_words() -> None:
    failed = await why(Distribution("demo-1.0.tar.gz", None))

    assert failed.code == "only-source"
    assert failed.reason.startswith(f"demo 1.0 has only source for {LINUX}. Next: ")
    assert failed.reason.endswith(f"The resolver says: {PROSE}")


async def test_wheels_for_other_machines_alone_are_told_from_source() -> None:
    failed = await why(Distribution("demo-1.0-cp311-cp311-win_amd64.whl", None))

    assert failed.code == "no-wheel"
    assert failed.reason.startswith(f"demo 1.0 has no wheel for {LINUX}. ")


async def test_of_several_without_a_wheel_each_is_named_and_source_gives_the_code() -> None:
    failed = await why(
        Distribution("part-1.0-cp311-cp311-win_amd64.whl", None), Distribution("demo-1.0.tar.gz", None)
    )

    assert failed.code == "only-source"
    assert f"demo 1.0 has only source for {LINUX}; part 1.0 has no wheel for {LINUX}. " in failed.reason


# ------------------------------------------------------------------ hashes


def hashed(version: str, digit: str | None) -> Distribution:
    digest = None if digit is None else Digest(digit * 64)
    return Distribution(f"demo-{version}-py3-none-any.whl", digest)


def stating(line: str) -> AskedFile:
    return AskedFile("request.txt", "requirements", line)


async def test_a_name_of_which_no_file_has_a_stated_hash_is_named() -> None:
    failed = await why(hashed("1.0", "2"), asked=(), files=[stating(f"demo==1.0 --hash={ONES}")])

    assert failed.code == "hash-not-stated"
    assert failed.reason.startswith("demo: no file has one of the hashes that the request states for it. ")


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        pytest.param([hashed("1.0", "2")], f"demo==1.0 --hash={ONES} --hash={TWOS}", id="one-of-two-fits"),
        pytest.param([hashed("1.0", None)], f"demo==1.0 --hash={ONES}", id="the-page-tells-no-hash"),
        pytest.param([hashed("1.0", "2")], f"demo==1.0 --hash=sha512:{'1' * 128}", id="of-another-kind"),
        pytest.param([hashed("1.0", "2")], "demo==1.0", id="none-is-stated"),
        pytest.param([], f"demo==1.0 --hash={ONES}", id="nobody-has-the-name"),
    ],
)
async def test_where_a_file_may_have_a_stated_hash_that_is_not_the_cause(
    listed: Sequence[Distribution], line: str
) -> None:
    assert (await why(*listed, asked=(), files=[stating(line)])).code == "unsolvable"


async def test_a_hash_that_only_another_version_has_does_not_count() -> None:
    failed = await why(
        hashed("1.0", "2"), hashed("2.0", "1"), asked=(), files=[stating(f"demo==1.0 --hash={ONES}")]
    )

    assert failed.code == "hash-not-stated"


# ------------------------------------------------------------------ names


async def test_an_asked_name_that_nobody_has_is_named() -> None:
    failed = await why(wheel("1.0", "part"), asked=("part", "demo"), not_found=["demo"])

    assert failed.code == "no-such-project"
    assert failed.reason.startswith("demo: neither the feed nor the upstream has a project of that name. ")


async def test_a_missing_name_that_only_a_dependency_wants_is_left_to_the_resolvers_words() -> None:
    failed = await why(wheel("1.0"), not_found=["part"])

    assert failed == Failed("unsolvable", f"no set of versions fits {LINUX}: {PROSE}")


# ------------------------------------------------------------------ versions


async def test_a_version_that_nobody_has_is_answered_with_the_newest_that_there_is() -> None:
    failed = await why(wheel("1.0"), wheel("3.1.1"), wheel("3.1"), asked=("demo==99.1",))

    assert failed.code == "no-such-version"
    assert failed.reason.startswith(
        "demo==99.1: there is no such version; the newest to choose from is 3.1.1. Next: "
    )


@pytest.mark.parametrize(
    ("listed", "newest"),
    [
        pytest.param([wheel("1.0"), wheel("2.0rc1")], "1.0", id="a-final-one-before-a-pre-release"),
        pytest.param(
            [wheel("2.0rc1"), wheel("2.0rc2")], "2.0rc2", id="a-pre-release-where-there-is-no-other"
        ),
        pytest.param([wheel("1.0"), wheel("2.0", yanked="")], "1.0", id="not-a-yanked-one"),
        pytest.param(
            [wheel("1.0rc1"), wheel("2.0", yanked="")], "1.0rc1", id="rather-unfinished-than-yanked"
        ),
        pytest.param([wheel("2.0", yanked="broken")], "2.0", id="a-yanked-one-where-there-is-no-other"),
        pytest.param([wheel("1.9"), wheel("1.10")], "1.10", id="as-versions-and-not-as-words"),
        pytest.param(
            [wheel("1.0"), Distribution("demo-two-py3-none-any.whl", None)], "1.0", id="what-has-a-version"
        ),
    ],
)
async def test_the_newest_is_what_a_person_would_call_so(listed: Sequence[Distribution], newest: str) -> None:
    failed = await why(*listed, asked=("demo==99.1",))

    assert f"choose from is {newest}. " in failed.reason


async def test_all_that_the_request_says_of_a_name_counts_together() -> None:
    failed = await why(
        wheel("1.0"), wheel("2.0"), asked=("demo>=2", "Demo!=2.0"), files=[constraints("demo<3")]
    )

    assert failed.code == "no-such-version"
    assert "demo!=2.0,<3,>=2: there is no such version; the newest" in failed.reason


async def test_what_only_the_constraints_say_of_a_dependency_is_not_called_the_cause() -> None:
    """It may be that nothing that can be chosen needs the name."""
    failed = await why(wheel("1.0"), wheel("1.0", "part"), files=[constraints("part==99.1")])

    assert failed.code == "unsolvable"


@pytest.mark.parametrize("marker", ["python_version < '3.11'", "sys_platform == 'win32'"])
async def test_what_is_asked_for_other_targets_alone_does_not_count(marker: str) -> None:
    one, other = f"demo==99.1 ; {marker}", "demo==1.0"

    assert (await why(wheel("1.0"), asked=(one, other))).code == "unsolvable"
    assert (await why(wheel("1.0"), asked=(one,))).code == "unsolvable"


async def test_pre_releases_that_fit_are_left_to_the_resolvers_words() -> None:
    assert (await why(wheel("1.0"), wheel("2.0rc1"), asked=("demo>=2.0rc1",))).code == "unsolvable"


async def test_what_a_missing_fact_kept_out_is_named_beside_the_newest() -> None:
    left_out = {
        DEMO: [LeftOut("demo-2.0-py3-none-any.whl", "upload-time", "the upstream states no upload time")]
    }

    failed = await why(wheel("1.0"), asked=("demo==2.0",), left_out=left_out)

    assert "is 1.0; left out: demo-2.0-py3-none-any.whl: the upstream states no upload time. Next: " in (
        failed.reason
    )


# ------------------------------------------------------------------ Pythons


async def test_versions_for_other_pythons_alone_are_named_with_the_python_they_ask_for() -> None:
    failed = await why(
        wheel("1.0", requires_python=">=3.8"),
        wheel("2.0", requires_python=">=3.12"),
        wheel("2.1", requires_python=">=3.13"),
        asked=("demo>=2",),
    )

    assert failed.code == "python-not-admitted"
    assert failed.reason.startswith(f"demo>=2: no version is for {LINUX}; 2.1 asks for Python >=3.13. Next: ")


async def test_a_project_that_is_for_other_pythons_altogether_is_named_too() -> None:
    failed = await why(wheel("1.0", requires_python="<3"))

    assert failed.reason.startswith(f"demo: no version is for {LINUX}; 1.0 asks for Python <3. Next: ")


async def test_one_version_for_this_python_is_enough() -> None:
    listed = [wheel("2.0", requires_python=">=3.12"), wheel("1.0", requires_python=">=3.11.5")]

    assert (await why(*listed)).code == "unsolvable"


# ------------------------------------------------------------------ elsewhere, and whatever else


async def test_an_attempt_to_get_out_is_said_with_the_resolvers_words() -> None:
    failed = await why(wheel("1.0"), escapes=["CONNECT files.example:443", "GET http://a.example/"])

    assert failed == Failed(
        "escape",
        "a link or requirement leads elsewhere: CONNECT files.example:443, GET http://a.example/. " + PROSE,
    )


async def test_a_name_that_nobody_has_is_the_cause_before_an_attempt_to_get_out() -> None:
    failed = await why(not_found=["demo"], escapes=["CONNECT files.example:443"])

    assert failed.code == "no-such-project"


@pytest.mark.parametrize(("count", "end"), [(1, ""), (3, ""), (4, "; and 1 more"), (9, "; and 6 more")])
async def test_of_what_was_left_out_three_files_are_named_and_the_rest_counted(count: int, end: str) -> None:
    left_out = {
        PART: [
            LeftOut(f"part-{number}.0-py3-none-any.whl", "upload-time", "no upload time")
            for number in range(count)
        ]
    }

    failed = await why(wheel("1.0"), left_out=left_out)

    named = "; ".join(f"part-{number}.0-py3-none-any.whl: no upload time" for number in range(min(count, 3)))
    assert failed == Failed("unsolvable", f"no set of versions fits {LINUX}: {PROSE}\nLeft out: {named}{end}")
