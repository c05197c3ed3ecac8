"""The marker environment and the wheel tags of a target (PEP 508, PEP 425), as uv sees them."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms

from feedgate.model.target import Target

_MANYLINUX = re.compile(r"(\w+)-manylinux(?:_2_(\d+)|2014)")
_OLDEST_GLIBC = {"x86_64": 5}
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_UNKNOWN_LINUX_GLIBC = 28
_MUSL_MINOR = 2
_MACOS = {"x86_64": (13, 0), "aarch64": (13, 0)}
_WINDOWS = {"x86_64": "win_amd64", "aarch64": "win_arm64", "i686": "win32"}
_WINDOWS_MACHINE = {"x86_64": "AMD64", "aarch64": "ARM64", "i686": "x86"}


def marker_environment(target: Target, python: str) -> dict[str, str]:
    """Return what markers are evaluated in, for the exact ``python`` on the target's platform.

    ``platform_release`` and ``platform_version`` are empty: nobody knows them of a target.
    """
    machine = target.platform.split("-", 1)[0]
    os_name, sys_platform, system = "posix", "linux", "Linux"
    if "windows" in target.platform:
        os_name, sys_platform, system = "nt", "win32", "Windows"
        machine = _WINDOWS_MACHINE.get(machine, machine)
    elif "darwin" in target.platform:
        sys_platform, system = "darwin", "Darwin"
        machine = "arm64" if machine == "aarch64" else machine
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "python_full_version": python,
        "python_version": f"3.{target.minor}",
        "sys_platform": sys_platform,
    }


@lru_cache(maxsize=256)
def tags_in_order(minor: int, platform: str) -> Mapping[Tag, int]:
    """Return the tags of wheels that CPython 3.``minor`` on that platform installs, each with its place, the best at 0."""
    platforms = list(_platform_tags(platform))
    interpreter = f"cp3{minor}"
    ordered = [
        *cpython_tags((3, minor), [interpreter], platforms),
        *compatible_tags((3, minor), interpreter, platforms),
    ]
    places: dict[Tag, int] = {}
    for place, tag in enumerate(ordered):
        places.setdefault(tag, place)
    return places


def _platform_tags(platform: str) -> Iterator[str]:
    machine = platform.split("-", 1)[0]
    manylinux = _MANYLINUX.fullmatch(platform)
    if manylinux is not None:
        yield from _glibc_tags(machine, int(manylinux.group(2) or 17))
    elif platform.endswith("linux-gnu"):
        yield from _glibc_tags(machine, _UNKNOWN_LINUX_GLIBC)
    elif platform.endswith("linux-musl"):
        yield from (f"musllinux_1_{minor}_{machine}" for minor in range(_MUSL_MINOR, -1, -1))
        yield f"linux_{machine}"
    elif platform.endswith("windows-msvc"):
        yield _WINDOWS[machine]
    elif platform.endswith("apple-darwin"):
        yield from mac_platforms(_MACOS[machine], "arm64" if machine == "aarch64" else machine)
    else:
        # Without platforms packaging would name those of the machine that runs us.
        raise ValueError(f"{platform}: no tags are known for it")


def _glibc_tags(machine: str, newest: int) -> Iterator[str]:
    for minor in range(newest, _OLDEST_GLIBC.get(machine, 17) - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{machine}"
    yield f"linux_{machine}"
