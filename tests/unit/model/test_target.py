"""Targets: an exact Python or every patch of a minor, on a platform that the resolver knows."""

import pytest
from packaging.markers import Marker
from packaging.tags import Tag

from feedgate.model.environment import marker_environment, tags_in_order
from feedgate.model.target import PLATFORMS, InvalidTarget, Target, parse_target


@pytest.mark.parametrize(
    ("raw", "python", "file_form", "is_bare"),
    [
        ("3.11@x86_64-manylinux_2_28", "3.11.99", "cp311-x86_64-manylinux_2_28", True),
        ("3.11.2@x86_64-manylinux_2_36", "3.11.2", "cp311_2-x86_64-manylinux_2_36", False),
        ("3.9.0@aarch64-apple-darwin", "3.9.0", "cp39_0-aarch64-apple-darwin", False),
        ("3.13@x86_64-pc-windows-msvc", "3.13.99", "cp313-x86_64-pc-windows-msvc", True),
    ],
)
def test_a_target_is_read_and_written_alike(raw: str, python: str, file_form: str, is_bare: bool) -> None:
    target = parse_target(raw)

    assert str(target) == raw
    assert (target.python, target.file_form, target.is_bare) == (python, file_form, is_bare)
    assert "." not in target.file_form
    assert "@" not in target.file_form


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_tags_and_an_environment(platform: str) -> None:
    target = parse_target(f"3.12@{platform}")

    assert Tag("py3", "none", "any") in tags_in_order(12, platform)
    assert Marker("python_version == '3.12'").evaluate({**marker_environment(target, target.python)})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "form"),
        ("3.11", "form"),
        ("@x86_64-manylinux_2_28", "form"),
        ("2.7@x86_64-manylinux_2_28", "form"),
        ("3@x86_64-manylinux_2_28", "form"),
        ("3.11.2.1@x86_64-manylinux_2_28", "form"),
        ("3.11@", "form"),
        ("3.11@x86_64-manylinux_2_28\n", "form"),
        ("3.11@x86_64 manylinux_2_28", "form"),
        ("3.11@X86_64-manylinux_2_28", "knows no platform 'X86_64-manylinux_2_28'"),
        ("cp311@x86_64-manylinux_2_28", "form"),
        ("3.11@plan9", "knows no platform 'plan9'"),
        ("3.11@x86_64-manylinux_2_99", "knows no platform"),
        ("host", "form"),
    ],
)
def test_what_is_no_target_is_refused(raw: str, reason: str) -> None:
    with pytest.raises(InvalidTarget) as raised:
        parse_target(raw)

    assert reason in raised.value.message


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("x86_64-manylinux_2_29", "x86_64-manylinux_2_28"),
        ("x86_64-manylinux_2_30", "x86_64-manylinux_2_28"),
        ("x86_64-manylinux_2_99", "x86_64-manylinux_2_40"),
        ("aarch64-manylinux_2_99", "aarch64-manylinux_2_40"),
        ("x86_64-manylinux_2_5", "x86_64-manylinux2014"),
        ("x86_64-manylinux_2_16", "x86_64-manylinux2014"),
        ("x86_64-manylinux2010", "x86_64-manylinux2014"),
        ("manylinux_2_28_x86_64", "x86_64-manylinux_2_28"),
        ("manylinux2014_aarch64", "aarch64-manylinux2014"),
        ("musllinux_1_2_x86_64", "x86_64-unknown-linux-musl"),
        ("linux_x86_64", "x86_64-unknown-linux-gnu"),
        ("win_amd64", "x86_64-pc-windows-msvc"),
        ("win32", "i686-pc-windows-msvc"),
        ("macosx_11_0_arm64", "aarch64-apple-darwin"),
        ("linux-arm64", "aarch64-unknown-linux-gnu"),
        ("X86_64-manylinux_2_28", "x86_64-manylinux_2_28"),
        ("x86-64-manylinux_2.28", "x86_64-manylinux_2_28"),
        ("x86_64-manilinux_2_28", "x86_64-manylinux_2_28"),
        ("x86_64-apple", "x86_64-apple-darwin"),
        ("x86_64", "x86_64-manylinux_2_28"),
        ("amd64", "x86_64-manylinux_2_28"),
        ("windows", "x86_64-pc-windows-msvc"),
        ("macos", "aarch64-apple-darwin"),
    ],
)
def test_the_platform_that_was_most_likely_meant_is_named(raw: str, meant: str) -> None:
    with pytest.raises(InvalidTarget) as raised:
        parse_target(f"3.11@{raw}")

    machine, others = meant.split("-", maxsplit=1)[0], raised.value.next_step
    assert others.startswith(f"Did you mean {meant}? For {machine} there are: ")
    assert {platform for platform in PLATFORMS if platform.startswith(f"{machine}-")} == set(
        others.partition("there are: ")[2].removesuffix(".").split(", ")
    )


@pytest.mark.parametrize(
    "raw", ["plan9", "s390x-unknown-linux-gnu", "riscv64", "linux_i686", "-", "x" * 5000]
)
def test_where_no_platform_is_near_all_are_named(raw: str) -> None:
    with pytest.raises(InvalidTarget) as raised:
        parse_target(f"3.11@{raw}")

    assert raised.value.next_step == f"Choose one of: {', '.join(PLATFORMS)}."
    assert len(raised.value.message) < 300


def test_each_patch_of_a_bare_minor_can_be_named() -> None:
    assert [Target(11, None, "x86_64-manylinux_2_28").at(patch) for patch in (0, 7)] == ["3.11.0", "3.11.7"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("3.11.2@x86_64-manylinux_2_28", ("posix", "linux", "Linux", "x86_64")),
        ("3.11.2@aarch64-unknown-linux-musl", ("posix", "linux", "Linux", "aarch64")),
        ("3.11.2@x86_64-pc-windows-msvc", ("nt", "win32", "Windows", "AMD64")),
        ("3.11.2@i686-pc-windows-msvc", ("nt", "win32", "Windows", "x86")),
        ("3.11.2@aarch64-apple-darwin", ("posix", "darwin", "Darwin", "arm64")),
        ("3.11.2@x86_64-apple-darwin", ("posix", "darwin", "Darwin", "x86_64")),
    ],
)
def test_markers_see_the_targets_machine_and_not_this_one(
    raw: str, expected: tuple[str, str, str, str]
) -> None:
    environment = marker_environment(parse_target(raw), "3.11.2")

    seen = tuple(
        environment[key] for key in ("os_name", "sys_platform", "platform_system", "platform_machine")
    )
    assert seen == expected
    assert environment["python_full_version"] == environment["implementation_version"] == "3.11.2"
    assert environment["platform_release"] == environment["platform_version"] == ""


@pytest.mark.parametrize(
    ("platform", "taken", "not_taken"),
    [
        ("x86_64-manylinux_2_28", "manylinux_2_28_x86_64", "manylinux_2_29_x86_64"),
        ("x86_64-manylinux_2_28", "manylinux1_x86_64", "musllinux_1_1_x86_64"),
        ("x86_64-manylinux2014", "manylinux2014_x86_64", "manylinux_2_18_x86_64"),
        ("aarch64-manylinux_2_17", "manylinux2014_aarch64", "manylinux2010_aarch64"),
        ("x86_64-unknown-linux-musl", "musllinux_1_2_x86_64", "manylinux_2_17_x86_64"),
        ("x86_64-pc-windows-msvc", "win_amd64", "win32"),
        ("i686-pc-windows-msvc", "win32", "win_amd64"),
        ("aarch64-apple-darwin", "macosx_11_0_arm64", "macosx_11_0_x86_64"),
    ],
)
def test_a_wheel_is_for_the_platforms_that_its_tag_names(platform: str, taken: str, not_taken: str) -> None:
    tags = tags_in_order(11, platform)

    for python, abi in (("cp311", "cp311"), ("cp311", "abi3"), ("py3", "none")):
        assert Tag(python, abi, taken) in tags
        assert Tag(python, abi, not_taken) not in tags
    assert Tag("cp312", "cp312", taken) not in tags
    assert Tag("cp39", "abi3", taken) in tags


def test_a_nearer_tag_comes_first() -> None:
    tags = tags_in_order(11, "x86_64-manylinux_2_28")
    order = [
        Tag("cp311", "cp311", "manylinux_2_28_x86_64"),
        Tag("cp311", "cp311", "manylinux_2_17_x86_64"),
        Tag("cp311", "abi3", "manylinux_2_28_x86_64"),
        Tag("py3", "none", "manylinux_2_17_x86_64"),
        Tag("py3", "none", "any"),
    ]

    assert sorted(order, key=tags.__getitem__) == order


def test_an_unknown_platform_never_gets_this_machines_tags() -> None:
    with pytest.raises(ValueError, match="no tags are known"):
        tags_in_order(11, "riscv64-plan9")
