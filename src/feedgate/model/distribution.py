"""A distribution: one file of a release, as a page lists it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import packaging.utils
from packaging.utils import canonicalize_version, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from feedgate.errors import Invalid
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName

LONGEST_FILENAME = 255


class Kind(StrEnum):
    """What a distribution is (PEP 427, PEP 625)."""

    WHEEL = "wheel"
    SDIST = "sdist"


class InvalidFilename(Invalid):
    """A file name that is neither a wheel's nor an sdist's."""

    code = "invalid-filename"

    def __init__(self, filename: str, reason: str) -> None:
        super().__init__(
            f"{filename[:300]!r} is no name of a distribution: {reason}",
            next_step="Build it anew with a current build backend; it names wheels by PEP 427 and sdists by PEP 625.",
        )


@dataclass(frozen=True, slots=True)
class Stem:
    """What a file name alone says.

    ``key`` is what all spellings of one name share: ``Demo-1.0-py3-none-any.whl``
    and ``demo-1.0.0-py3-none-any.whl`` are the same file of the same release.
    """

    project: ProjectName
    version: Version
    kind: Kind
    key: str


@lru_cache(maxsize=65536)
def parse_filename(filename: str) -> Stem:
    """Return what ``filename`` says; raises InvalidFilename.

    Wheels by PEP 427, sdists as ``.tar.gz`` by PEP 625; old sdists as ``.zip``
    are read too, since PyPI still lists them.
    """
    if len(filename) > LONGEST_FILENAME:
        raise InvalidFilename(filename, f"longer than {LONGEST_FILENAME} characters")
    if not filename.isascii() or not filename.isprintable() or "/" in filename or "\\" in filename:
        raise InvalidFilename(filename, "only printable ASCII without slashes may stand there")
    try:
        if filename.endswith(".whl"):
            project, version, build, tags = parse_wheel_filename(filename)
            parts = (*map(str, build), *sorted(map(str, tags)), "whl")
            return Stem(project, version, Kind.WHEEL, _key(project, version, *parts))
        project, version = parse_sdist_filename(filename)
    except (packaging.utils.InvalidWheelFilename, packaging.utils.InvalidSdistFilename) as error:
        raise InvalidFilename(filename, str(error)) from error
    extension = filename.rpartition(".")[2]
    return Stem(project, version, Kind.SDIST, _key(project, version, extension))


def name_key(filename: str) -> str:
    """Return what all spellings of a file's name share; of a name that is no distribution's its letters."""
    try:
        return parse_filename(filename).key
    except InvalidFilename:
        return filename.casefold()


def _key(project: ProjectName, version: Version, *rest: str) -> str:
    return "-".join([project, canonicalize_version(version), *rest])


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file as an index lists it (PEP 503, 658, 592, 700); no link.

    ``digest`` is None where an HTML page states none. ``size_bytes`` and
    ``uploaded_at`` (aware UTC) are None where the upstream states none.
    ``metadata_digest`` is the digest of the METADATA offered beside the file, "" if it
    is offered without one, None if it is not offered. ``yanked`` is None, or
    the reason, which may be empty. ``source`` is the absolute address at the
    upstream; None for what our own store holds.
    """

    filename: str
    digest: Digest | None
    size_bytes: int | None = None
    requires_python: str | None = None
    uploaded_at: datetime | None = None
    metadata_digest: str | None = None
    yanked: str | None = None
    source: str | None = None

    @property
    def stem(self) -> Stem:
        """What the name says; raises InvalidFilename (old pages list such files)."""
        return parse_filename(self.filename)
