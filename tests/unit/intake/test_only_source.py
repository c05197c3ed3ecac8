"""What has only source is never taken, and a newer version that was passed over for it is named."""

from collections.abc import Sequence

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from feedgate.index.admitting import LeftOut
from feedgate.intake.asked import Asked, words
from feedgate.intake.only_source import NoWheel, fits, lacks_wheels, only_source
from feedgate.intake.passed_over import Chosen, passed_over
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.run import RunKind
from feedgate.model.target import parse_target
from tests.doubles.memory_index import MemoryIndex, Stocked

LINUX = parse_target("3.11.5@x86_64-manylinux_2_28")
DEMO = ProjectName("demo")


def files(*names: str, requires_python: str | None = None, yanked: str | None = None) -> list[Distribution]:
    return [Distribution(name, None, requires_python=requires_python, yanked=yanked) for name in names]


def index(*listed: Distribution) -> MemoryIndex:
    return MemoryIndex.of(
        Stocked(parse_project_name(file.filename.split("-")[0]), file, b"", None) for file in listed
    )


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (files("demo-2.0.tar.gz"), {"2.0"}),
        (files("demo-2.0.zip"), {"2.0"}),
        (files("demo-2.0.tar.gz", "demo-2.0-py3-none-any.whl"), set()),
        (files("demo-2.0.tar.gz", "demo-2.0.0-py3-none-any.whl"), set()),
        (files("demo-2.0.tar.gz", "demo-2.0-cp311-cp311-win_amd64.whl"), {"2.0"}),
        (files("demo-2.0.tar.gz", "demo-2.0-cp39-abi3-manylinux_2_17_x86_64.whl"), set()),
        (files("demo-2.0.tar.gz", "demo-2.0-cp311-cp311-manylinux_2_99_x86_64.whl"), {"2.0"}),
        (files("demo-1.0.tar.gz", "demo-0.9.tar.gz"), set()),
        (files("demo-2.0.tar.gz", yanked=""), set()),
        (files("demo-2.0.tar.gz", requires_python=">=3.12"), set()),
        (files("demo-2.0.tar.gz", requires_python=">=3.11"), {"2.0"}),
        (files("demo-2.0.tar.gz") + files("demo-2.0-py3-none-any.whl", yanked="broken"), {"2.0"}),
        (files("demo-2.0.tar.gz") + files("demo-2.0-py3-none-any.whl", requires_python=">=3.12"), {"2.0"}),
        (files("demo-3.0.tar.gz", "demo-2.0.tar.gz"), {"2.0", "3.0"}),
        (files("odd name.tar.gz", "demo-two.tar.gz", "demo-2.0-odd.whl", "demo-2.0.exe"), set()),
        (files("demo-2.0-py3-none-any.whl"), set()),
        ([], set()),
    ],
)
def test_versions_above_the_pin_that_only_lack_a_wheel(
    listed: Sequence[Distribution], expected: set[str]
) -> None:
    found = only_source(listed, LINUX, newer_than=Version("1.0"))

    assert {str(version) for version in found} == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("demo-1.0-py3-none-any.whl", True),
        ("demo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", True),
        ("demo-1.0-cp310-cp310-manylinux_2_28_x86_64.whl", False),
        ("demo-1.0-py2-none-any.whl", False),
        ("demo-1.0.tar.gz", False),
        ("demo-1.0-odd.whl", False),
    ],
)
def test_a_wheel_fits_by_its_tags(filename: str, expected: bool) -> None:
    assert fits(filename, LINUX) is expected


def pin(version: str = "1.0") -> dict[ProjectName, Pin]:
    return {DEMO: Pin(DEMO, version, Distribution(f"demo-{version}-py3-none-any.whl", None))}


async def passed(
    *listed: Distribution,
    specifiers: str = "",
    pre: bool = False,
    pinned: str = "1.0",
    left_out: Sequence[LeftOut] = (),
) -> list[tuple[str, str]]:
    wheel = Distribution(f"demo-{pinned}-py3-none-any.whl", None)
    chosen = Chosen(LINUX, pin(pinned), {DEMO: [SpecifierSet(specifiers)]}, pre)
    found = await passed_over(index(wheel, *listed), chosen, {DEMO: left_out})
    return [(one.version, one.rule) for one in found]


async def test_the_newest_that_was_passed_over_is_named_with_target_and_reason() -> None:
    wheel = Distribution("demo-1.0-py3-none-any.whl", None)
    chosen = Chosen(LINUX, pin(), {}, allow_prereleases=False)

    found = await passed_over(index(wheel, *files("demo-1.5.tar.gz", "demo-2.0.tar.gz")), chosen, {})

    assert found == (PassedOver(DEMO, "2.0", str(LINUX), "source", f"demo 2.0 has only source for {LINUX}"),)


async def test_only_what_all_that_was_asked_for_admits_is_named() -> None:
    newer = files("demo-1.5.tar.gz", "demo-2.0.tar.gz", "demo-3.0rc1.tar.gz")

    assert await passed(*newer) == [("2.0", "source")]
    assert await passed(*newer, specifiers="<2") == [("1.5", "source")]
    assert await passed(*newer, specifiers="<1.5") == []
    assert await passed(*newer, pre=True) == [("3.0rc1", "source")]
    assert await passed(*files("demo-3.0rc2.tar.gz"), pinned="3.0rc1") == [("3.0rc2", "source")]


async def test_what_a_missing_fact_kept_out_is_named_by_its_own_rule() -> None:
    left_out = [
        LeftOut("demo-2.0-py3-none-any.whl", "upload-time", "no upload time"),
        LeftOut("demo-2.5-cp311-cp311-win_amd64.whl", "upload-time", "no upload time"),
        LeftOut("demo-0.5-py3-none-any.whl", "upload-time", "no upload time"),
        LeftOut("odd name.whl", "upload-time", "no upload time"),
    ]

    assert await passed(*files("demo-3.0.tar.gz"), left_out=left_out) == [
        ("3.0", "source"),
        ("2.0", "upload-time"),
    ]


async def lacking(*listed: Distribution, asked: str = "demo") -> tuple[NoWheel, ...]:
    request = words(Asked(RunKind.ADD, (asked,)), LINUX, "3.11.5")
    return await lacks_wheels(index(*listed), LINUX, [DEMO, ProjectName("absent")], request)


async def test_a_project_without_any_wheel_is_named_with_its_version_if_it_has_but_one() -> None:
    assert await lacking(*files("demo-1.0.tar.gz")) == (NoWheel("demo 1.0", is_only_source=True),)
    assert await lacking(*files("demo-1.0.tar.gz", "demo-2.0.tar.gz")) == (
        NoWheel("demo", is_only_source=True),
    )
    assert await lacking(*files("demo-1.0-py3-none-any.whl", "demo-2.0.tar.gz")) == ()


async def test_wheels_for_other_machines_alone_are_another_reason() -> None:
    assert await lacking(*files("demo-1.0-cp311-cp311-win_amd64.whl")) == (
        NoWheel("demo 1.0", is_only_source=False),
    )


async def test_what_the_request_or_python_rules_out_does_not_count() -> None:
    listed = [
        *files("demo-1.0-py3-none-any.whl", "demo-2.0.tar.gz"),
        *files("demo-3.0.tar.gz", requires_python=">=3.12"),
    ]

    assert await lacking(*listed, asked="demo>=2") == (NoWheel("demo 2.0", is_only_source=True),)
    assert await lacking(*listed, asked="demo>=3") == ()
