"""A destination: a foreign index that takes uploads, as a request names it and as it limits us."""

import re
from dataclasses import dataclass

from feedgate.errors import Invalid

_METADATA_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(B|KB|MB|GB|KiB|MiB|GiB)?")
_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}


class InvalidLimit(Invalid):
    """A text that states no limit of a destination."""

    code = "invalid-limit"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no limit of a destination (--limit)",
            next_step="Write metadata=2.1 for the newest metadata version that it takes, or size=500MB.",
        )


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a destination takes uploads, and where it answers simple pages; the latter ends with a slash."""

    upload_url: str
    read_url: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination takes at most; None = as far as we know, anything."""

    metadata_version: str | None = None
    size_bytes: int | None = None

    def narrowed(self, other: "Limits") -> "Limits":
        """Return what both allow."""
        versions = [limit for limit in (self.metadata_version, other.metadata_version) if limit is not None]
        sizes = [limit for limit in (self.size_bytes, other.size_bytes) if limit is not None]
        return Limits(min(versions, key=_ordered, default=None), min(sizes, default=None))

    def exceeded_by(
        self, *, metadata_version: str | None = None, size_bytes: int | None = None
    ) -> str | None:
        """Say in words what of a file is above these limits, None where nothing is; what is not known is not."""
        limit = self.metadata_version
        if (
            limit is not None
            and metadata_version is not None
            and _ordered(metadata_version) > _ordered(limit)
        ):
            return f"its metadata version is {metadata_version}, the destination takes {limit} at most"
        if self.size_bytes is not None and size_bytes is not None and size_bytes > self.size_bytes:
            return f"it has {size_bytes} bytes, the destination takes {self.size_bytes} at most"
        return None


def parse_limits(raw: tuple[str, ...]) -> Limits:
    """Read ``metadata=2.1`` and ``size=500MB`` (also KB, GB, KiB, MiB, GiB, or bytes); raises InvalidLimit."""
    found = Limits()
    for text in raw:
        what, _, value = text.partition("=")
        found = found.narrowed(_parse(what.strip(), value.strip(), text))
    return found


def _parse(what: str, value: str, text: str) -> Limits:
    if what == "metadata" and _METADATA_VERSION.fullmatch(value):
        return Limits(metadata_version=value)
    size = _SIZE.fullmatch(value)
    if what == "size" and size is not None:
        return Limits(size_bytes=int(float(size[1]) * _UNITS[size[2] or ""]))
    raise InvalidLimit(text)


def _ordered(version: str) -> tuple[int, ...]:
    """Return a metadata version as numbers: 2.10 is newer than 2.9."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())
