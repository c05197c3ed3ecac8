"""Which of several wheels that fit a target its installer takes: the one whose tag comes first.

The resolver lists all that fit. An installer takes one, and that one is what
a closure has to bring; the order is the same in pip and uv (PEP 425).
"""

from collections.abc import Iterable, Mapping

from packaging.tags import Tag
from packaging.utils import BuildTag, InvalidWheelFilename, parse_wheel_filename

from feedgate.formats.pylock import LockedFile
from feedgate.model.environment import tags_in_order
from feedgate.model.names import ProjectName


def choose_wheels(files: Iterable[LockedFile], *, python: str, platform: str) -> tuple[LockedFile, ...]:
    """Return one file a project, in the order in which projects come: what an installer takes there.

    ``python`` is exact (``3.11.9``), ``platform`` one of uv's names. Of wheels
    with equal tags the higher build number wins (PEP 427).
    """
    by_project: dict[ProjectName, list[LockedFile]] = {}
    for file in files:
        by_project.setdefault(file.project, []).append(file)
    order = tags_in_order(int(python.split(".")[1]), platform)
    return tuple(
        rivals[0] if len(rivals) == 1 else max(rivals, key=lambda file: _merit(file, order))
        for rivals in by_project.values()
    )


def _merit(file: LockedFile, places: Mapping[Tag, int]) -> tuple[int, BuildTag]:
    try:
        _, _, build, wheel_tags = parse_wheel_filename(file.filename)
    except InvalidWheelFilename:
        return -len(places) - 1, ()
    return -min(places.get(tag, len(places)) for tag in wheel_tags), build
