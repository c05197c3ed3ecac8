"""What has only source is never taken, and named where there is nothing else."""

from collections.abc import Sequence

import pytest
from packaging.version import Version

from feedgate.intake.asked import Asked, words
from feedgate.intake.only_source import NoWheel, fits, lacks_wheels, only_source
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName, parse_project_name
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
