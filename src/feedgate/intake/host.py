"""The target that the word ``host`` stands for: this machine, in uv's own platform names."""

import platform
import re
import sys
from dataclasses import dataclass
from enum import StrEnum

from packaging import tags

from feedgate.errors import Invalid
from feedgate.model.target import PLATFORMS, Target

_LINUX_TAG = re.compile(r"(manylinux|musllinux)_(\d+)_(\d+)_(\w+)")
_SAME_MACHINE = {"amd64": "x86_64", "arm64": "aarch64", "x86": "i686", "i386": "i686"}
_MANYLINUX = re.compile(r"(\w+)-manylinux_(\d+)_(\d+)")

_UV_ASSUMES_MUSL = (1, 2)
_UV_ASSUMES_MACOS = (13, 0)


class HostNotResolvable(Invalid):
    """uv has no platform that this machine satisfies."""

    code = "host-not-resolvable"

    def __init__(self, machine: str, system: str) -> None:
        super().__init__(
            f"host: the resolver has no platform that {system} on {machine} satisfies",
            next_step="Name the target of the machines that will install, for example 3.11@x86_64-manylinux_2_28.",
            facts={"machine": machine, "system": system},
        )


class System(StrEnum):
    """What decides which wheels run: the C library on Linux, else the system."""

    GLIBC = "glibc"
    MUSL = "musl"
    MACOS = "macOS"
    WINDOWS = "Windows"
    OTHER = "another system"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as its wheels see it; ``version`` is the C library's, on macOS the system's."""

    architecture: str
    system: System
    version: tuple[int, int] = (0, 0)


def highest_platform(machine: Machine) -> str:
    """Return the highest of uv's platform names that ``machine`` satisfies; raises HostNotResolvable."""
    architecture = _SAME_MACHINE.get(machine.architecture.lower(), machine.architecture.lower())
    found = None
    if machine.system is System.GLIBC:
        found = _highest_manylinux(architecture, machine.version)
    elif machine.system is System.MUSL and machine.version >= _UV_ASSUMES_MUSL:
        found = f"{architecture}-unknown-linux-musl"
    elif machine.system is System.MACOS and machine.version >= _UV_ASSUMES_MACOS:
        found = f"{architecture}-apple-darwin"
    elif machine.system is System.WINDOWS:
        found = f"{architecture}-pc-windows-msvc"
    if found not in PLATFORMS:
        raise HostNotResolvable(architecture, f"{machine.system} {machine.version[0]}.{machine.version[1]}")
    return found


def this_machine() -> Machine:
    """Return what this machine is, for wheels of the Python that runs us."""
    if sys.platform == "darwin":
        major, _, rest = platform.mac_ver()[0].partition(".")
        return Machine(platform.machine(), System.MACOS, (int(major), int(rest.partition(".")[0] or 0)))
    if sys.platform == "win32":
        return Machine(platform.machine(), System.WINDOWS)
    for tag in tags.platform_tags():  # the highest first
        if match := _LINUX_TAG.fullmatch(tag):
            family, major, minor, architecture = match.groups()
            system = System.GLIBC if family == "manylinux" else System.MUSL
            return Machine(architecture, system, (int(major), int(minor)))
    return Machine(platform.machine(), System.OTHER)


def host_target() -> Target:
    """Return this machine's target, with the exact Python that runs us; raises HostNotResolvable."""
    return Target(sys.version_info.minor, sys.version_info.micro, highest_platform(this_machine()))


def _highest_manylinux(architecture: str, glibc: tuple[int, int]) -> str | None:
    satisfied = [
        ((int(major), int(minor)), name)
        for name in PLATFORMS
        if (match := _MANYLINUX.fullmatch(name))
        for built_for, major, minor in [match.groups()]
        if built_for == architecture and (int(major), int(minor)) <= glibc
    ]
    return max(satisfied)[1] if satisfied else None
