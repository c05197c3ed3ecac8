"""Which addresses mean one index: an Azure feed's two, its views' and their other spellings are one place."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from feedgate.model.destination import Addresses

_PACKAGING: Final = "_packaging"
_AUTHORITY: Final = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """Scheme, host, port and path of an index.

    In Azure's layout the path is organization, project if there is one, and feed, without regard to
    case; in any other layout it is compared as it stands, but for empty segments.
    """

    scheme: str
    host: str
    port: int
    path: tuple[str, ...]


def has_plain_authority(url: str) -> bool:
    """Whether between scheme and path a host stands, perhaps a port, and surely no user information.

    Stricter than a parser: one takes ``https://user:a/b@host/`` for an address with a strange port, and would quote it.
    """
    return _AUTHORITY.fullmatch(re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)[0]) is not None


def place_of(url: str) -> IndexPlace | None:
    """Return the place that an address means, None for what is no address of a server; user information does not count."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    segments = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
    return IndexPlace(
        parts.scheme, host, port if port is not None else _PORTS[parts.scheme], _feed_path(segments)
    )


def places_of(addresses: Addresses) -> frozenset[IndexPlace]:
    """Return the places that mean a destination: where it is read, and where it takes uploads."""
    both = (place_of(addresses.upload_url), place_of(addresses.read_url))
    return frozenset(place for place in both if place is not None)


def _feed_path(segments: tuple[str, ...]) -> tuple[str, ...]:
    folded = tuple(segment.casefold() for segment in segments)
    if _PACKAGING not in folded[:-1]:
        return segments
    feed = folded.index(_PACKAGING) + 1
    return (*folded[:feed], folded[feed].partition("@")[0])
