"""Which of several wheels that fit an installer takes."""

import sys
from collections.abc import Iterable

import pytest
from packaging import tags

from feedgate.formats.pylock import LockedFile
from feedgate.intake.host import System, highest_platform, this_machine
from feedgate.intake.wheel_choice import choose_wheels
from feedgate.model.names import parse_project_name
from feedgate.model.target import PLATFORMS

LINUX = "x86_64-manylinux_2_28"
BCRYPT = [
    "bcrypt-5.0.0-cp38-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    "bcrypt-5.0.0-cp38-abi3-manylinux_2_28_x86_64.whl",
    "bcrypt-5.0.0-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    "bcrypt-5.0.0-cp39-abi3-manylinux_2_28_x86_64.whl",
]


def locked(filenames: Iterable[str]) -> list[LockedFile]:
    return [
        LockedFile(
            project=parse_project_name(filename.split("-")[0]),
            version="5.0.0",
            filename=filename,
            url=f"http://index.example/{filename}",
            sha256=None,
            size_bytes=None,
        )
        for filename in filenames
    ]


def chosen(filenames: Iterable[str], python: str = "3.11.9", platform: str = LINUX) -> list[str]:
    return [file.filename for file in choose_wheels(locked(filenames), python=python, platform=platform)]


@pytest.mark.parametrize(
    ("platform", "filenames", "expected"),
    [
        pytest.param(LINUX, BCRYPT, BCRYPT[3], id="newest-abi-then-newest-glibc"),
        pytest.param(LINUX, BCRYPT[::-1], BCRYPT[3], id="whatever-the-order"),
        pytest.param("x86_64-manylinux2014", BCRYPT[::2], BCRYPT[2], id="an-older-glibc"),
        pytest.param("x86_64-unknown-linux-gnu", BCRYPT, BCRYPT[3], id="uvs-other-name-for-2.28"),
        pytest.param(
            LINUX,
            ["a-5.0.0-py3-none-any.whl", "a-5.0.0-cp311-cp311-manylinux_2_17_x86_64.whl"],
            "a-5.0.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            id="compiled-before-pure",
        ),
        pytest.param(
            LINUX,
            ["a-5.0.0-2-py3-none-any.whl", "a-5.0.0-10-py3-none-any.whl", "a-5.0.0-py3-none-any.whl"],
            "a-5.0.0-10-py3-none-any.whl",
            id="the-highest-build-by-number",
        ),
        pytest.param(
            "x86_64-unknown-linux-musl",
            ["a-5.0.0-py3-none-any.whl", "a-5.0.0-cp311-cp311-musllinux_1_1_x86_64.whl"],
            "a-5.0.0-cp311-cp311-musllinux_1_1_x86_64.whl",
            id="musl",
        ),
        pytest.param(
            "x86_64-pc-windows-msvc",
            ["a-5.0.0-py3-none-any.whl", "a-5.0.0-cp311-cp311-win_amd64.whl"],
            "a-5.0.0-cp311-cp311-win_amd64.whl",
            id="windows",
        ),
        pytest.param(
            "aarch64-apple-darwin",
            ["a-5.0.0-cp311-cp311-macosx_10_9_universal2.whl", "a-5.0.0-cp311-cp311-macosx_11_0_arm64.whl"],
            "a-5.0.0-cp311-cp311-macosx_11_0_arm64.whl",
            id="macos",
        ),
        pytest.param(
            LINUX,
            ["a-5.0.0-py3-none-any.whl", "a-not-a-wheel-name.whl"],
            "a-5.0.0-py3-none-any.whl",
            id="a-name-that-says-nothing-comes-last",
        ),
        pytest.param(
            LINUX, ["a-not-a-wheel-name.whl"], "a-not-a-wheel-name.whl", id="nothing-to-choose-from"
        ),
    ],
)
def test_one_wheel_is_chosen(platform: str, filenames: list[str], expected: str) -> None:
    assert chosen(filenames, platform=platform) == [expected]


def test_each_project_keeps_one_file_in_the_order_they_came() -> None:
    assert chosen(["b-5.0.0-py3-none-any.whl", *BCRYPT, "a-5.0.0-py3-none-any.whl"]) == [
        "b-5.0.0-py3-none-any.whl",
        BCRYPT[3],
        "a-5.0.0-py3-none-any.whl",
    ]


def test_an_abi_newer_than_the_python_is_not_preferred() -> None:
    assert chosen(BCRYPT, python="3.8.20") == [BCRYPT[1]]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_prefers_its_own_wheel_to_a_pure_one(platform: str) -> None:
    def wheel(tag: str) -> str:
        return f"a-5.0.0-cp311-cp311-{tag}.whl"

    own = {
        "manylinux": "manylinux_2_17_{}",
        "linux-gnu": "manylinux_2_17_{}",
        "linux-musl": "musllinux_1_0_{}",
        "windows": "win_{}",
        "apple": "macosx_11_0_{}",
    }
    form = next(form for part, form in own.items() if part in platform)
    architecture = platform.partition("-")[0]
    if "windows" in platform:
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(architecture, "")
    elif "apple" in platform and architecture == "aarch64":
        architecture = "arm64"
    tag = form.format(architecture) if architecture else "win32"

    assert chosen(["a-5.0.0-py3-none-any.whl", wheel(tag)], platform=platform) == [wheel(tag)]


@pytest.mark.skipif(this_machine().system is not System.GLIBC, reason="its tags are not uv's to name")
def test_the_order_on_this_machine_is_its_installers_own() -> None:
    platform = highest_platform(this_machine())
    architecture, newest = platform.partition("-")[0], int(platform.rpartition("_")[2])
    named = {f"manylinux_2_{glibc}_{architecture}" for glibc in range(5, newest + 1)}
    minor = sys.version_info.minor
    python = f"3.{minor}.0"
    own = [tag for tag in tags.sys_tags() if tag.interpreter == f"cp3{minor}" and tag.platform in named]
    wheels = [f"a-5.0.0-{tag}.whl" for tag in own]

    ranked = []
    while wheels:
        ranked += chosen(wheels[::-1], python, platform)
        wheels.remove(ranked[-1])

    assert ranked == [f"a-5.0.0-{tag}.whl" for tag in own]
