"""The target that ``host`` stands for."""

import sys

import pytest

from feedgate.intake.host import HostNotResolvable, Machine, System, highest_platform, host_target
from feedgate.model.target import parse_target


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        pytest.param(Machine("x86_64", System.GLIBC, (2, 36)), "x86_64-manylinux_2_36", id="debian-12"),
        pytest.param(
            Machine("aarch64", System.GLIBC, (2, 39)), "aarch64-manylinux_2_39", id="ubuntu-24.04-arm"
        ),
        pytest.param(Machine("x86_64", System.GLIBC, (2, 28)), "x86_64-manylinux_2_28", id="rhel-8"),
        pytest.param(
            Machine("x86_64", System.GLIBC, (2, 30)), "x86_64-manylinux_2_28", id="between-two-names"
        ),
        pytest.param(Machine("x86_64", System.GLIBC, (2, 17)), "x86_64-manylinux_2_17", id="the-oldest"),
        pytest.param(Machine("x86_64", System.GLIBC, (2, 41)), "x86_64-manylinux_2_40", id="newer-than-all"),
        pytest.param(
            Machine("x86_64", System.GLIBC, (3, 0)), "x86_64-manylinux_2_40", id="the-absurd-glibc-3"
        ),
        pytest.param(Machine("x86_64", System.MUSL, (1, 2)), "x86_64-unknown-linux-musl", id="alpine"),
        pytest.param(Machine("arm64", System.MACOS, (14, 5)), "aarch64-apple-darwin", id="apple-silicon"),
        pytest.param(Machine("x86_64", System.MACOS, (13, 0)), "x86_64-apple-darwin", id="the-oldest-macos"),
        pytest.param(Machine("AMD64", System.WINDOWS), "x86_64-pc-windows-msvc", id="windows"),
        pytest.param(Machine("ARM64", System.WINDOWS), "aarch64-pc-windows-msvc", id="windows-on-arm"),
        pytest.param(Machine("x86", System.WINDOWS), "i686-pc-windows-msvc", id="windows-32-bit"),
    ],
)
def test_host_is_the_highest_platform_that_the_machine_satisfies(machine: Machine, expected: str) -> None:
    assert highest_platform(machine) == expected


@pytest.mark.parametrize(
    "machine",
    [
        pytest.param(Machine("x86_64", System.GLIBC, (2, 16)), id="older-than-all"),
        pytest.param(Machine("riscv64", System.GLIBC, (2, 39)), id="unknown-architecture"),
        pytest.param(Machine("i686", System.GLIBC, (2, 36)), id="linux-32-bit"),
        pytest.param(Machine("x86_64", System.MUSL, (1, 1)), id="musl-older-than-uv-assumes"),
        pytest.param(Machine("x86_64", System.MACOS, (12, 7)), id="macos-older-than-uv-assumes"),
        pytest.param(Machine("amd64", System.OTHER), id="freebsd"),
        pytest.param(Machine("", System.GLIBC, (2, 36)), id="nothing-known"),
    ],
)
def test_a_machine_that_satisfies_none_is_named(machine: Machine) -> None:
    with pytest.raises(HostNotResolvable) as refusal:
        highest_platform(machine)

    assert refusal.value.code == "host-not-resolvable"
    assert str(machine.system) in refusal.value.message


def test_this_machine_is_a_target_with_its_exact_python() -> None:
    target = host_target()

    assert parse_target(str(target)) == target
    assert target.python == ".".join(map(str, sys.version_info[:3]))
