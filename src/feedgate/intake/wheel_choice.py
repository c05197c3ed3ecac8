"""Which of several wheels that fit a target its installer takes: the one whose tag comes first.

The resolver lists all that fit. An installer takes one, and that one is what
a closure has to bring; the order is the same in pip and uv (PEP 425).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from packaging import tags
from packaging.utils import BuildTag, InvalidWheelFilename, parse_wheel_filename

from feedgate.formats.pylock import LockedFile
from feedgate.model.names import ProjectName

_GLIBC = re.compile(r"(\w+)-manylinux_2_(\d+)")
_OTHER_NAMES = {
    "x86_64-manylinux2014": "x86_64-manylinux_2_17",
    "aarch64-manylinux2014": "aarch64-manylinux_2_17",
    "x86_64-unknown-linux-gnu": "x86_64-manylinux_2_28",
    "aarch64-unknown-linux-gnu": "aarch64-manylinux_2_28",
}
_OLD_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_WINDOWS = {"x86_64": "win_amd64", "aarch64": "win_arm64", "i686": "win32"}
_MACOS = (13, 0)  # what uv assumes


def choose_wheels(files: Iterable[LockedFile], *, python: str, platform: str) -> tuple[LockedFile, ...]:
    """Return one file a project, in the order in which projects come: what an installer takes there.

    ``python`` is exact (``3.11.9``), ``platform`` one of uv's names. Of wheels
    with equal tags the higher build number wins (PEP 427).
    """
    by_project: dict[ProjectName, list[LockedFile]] = {}
    for file in files:
        by_project.setdefault(file.project, []).append(file)
    order = _places(int(python.split(".")[1]), platform)
    return tuple(
        rivals[0] if len(rivals) == 1 else max(rivals, key=lambda file: _merit(file, order))
        for rivals in by_project.values()
    )


def _merit(file: LockedFile, places: Mapping[tags.Tag, int]) -> tuple[int, BuildTag]:
    try:
        _, _, build, wheel_tags = parse_wheel_filename(file.filename)
    except InvalidWheelFilename:
        return -len(places) - 1, ()
    return -min(places.get(tag, len(places)) for tag in wheel_tags), build


@lru_cache(maxsize=256)
def _places(minor: int, platform: str) -> Mapping[tags.Tag, int]:
    """Return the tags of CPython 3.``minor`` on ``platform``, each with its place, the best at 0."""
    platforms = list(_platforms(_OTHER_NAMES.get(platform, platform)))
    interpreter = f"cp3{minor}"
    ordered = [
        *tags.cpython_tags((3, minor), [interpreter], platforms),
        *tags.compatible_tags((3, minor), interpreter, platforms),
    ]
    places: dict[tags.Tag, int] = {}
    for place, tag in enumerate(ordered):
        places.setdefault(tag, place)
    return places


def _platforms(platform: str) -> Iterator[str]:
    """Yield the platforms of file names that ``platform`` runs, the best first."""
    architecture, _, rest = platform.partition("-")
    if match := _GLIBC.fullmatch(platform):
        for glibc in range(int(match[2]), _OLDEST_GLIBC[architecture] - 1, -1):
            yield f"manylinux_2_{glibc}_{architecture}"
            if glibc in _OLD_MANYLINUX:
                yield f"{_OLD_MANYLINUX[glibc]}_{architecture}"
        yield f"linux_{architecture}"
    elif rest == "unknown-linux-musl":
        yield from (f"musllinux_1_{musl}_{architecture}" for musl in (2, 1, 0))
        yield f"linux_{architecture}"
    elif rest == "pc-windows-msvc":
        yield _WINDOWS[architecture]
    elif rest == "apple-darwin":
        yield from tags.mac_platforms(_MACOS, "arm64" if architecture == "aarch64" else architecture)
