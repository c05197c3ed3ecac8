"""What a person hands to ``connect``: a feed at our paths, or any other simple index at its own.

Azure Artifacts' paths are ours too, but its older hosts and its server put other
parts before them; devpi, pypiserver and the rest have paths of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Union
from urllib.parse import quote, urlsplit

from feedgate.machine.addresses import SIMPLE, FeedUrl, InvalidFeedUrl, parse_feed_url, split_origin
from feedgate.machine.azure_web_page import indexes_of_web_page, which_index
from feedgate.machine.errors import MachineError

_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}")
_SHORTHAND_LENGTHS = (2, 3)  # ORGANIZATION[/PROJECT]/FEED
_BEFORE_OUR_FEEDS = (1, 2)  # ORGANIZATION[/PROJECT]/_packaging
_INDEX_ENDS = ("simple", "+simple")  # PEP 503's usual name, devpi's
_AFTER_A_FEED: tuple[list[str], ...] = ([], ["pypi"], ["pypi", "simple"], ["pypi", "upload"])
_LEGAL_IN_PATHS = "/%:@!$&'()*+,;=~"  # RFC 3986; the letters, digits and -._ are quote's own
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]|%(?:[01][0-9A-Fa-f]|7[Ff])")


class WebPageOfFeed(MachineError):
    """A page for people where the address of an index belongs."""

    code = "web-page-of-a-feed"
    exit_status = 2

    def __init__(self, indexes: tuple[str, ...]) -> None:
        super().__init__(
            "the address is a page of Azure DevOps for people, and no index", next_step=which_index(indexes)
        )


@dataclass(frozen=True)
class IndexUrl:
    """A simple index whose path is not one of ours; ``path`` is percent-encoded and ends in a slash."""

    origin: str
    path: str

    @property
    def host(self) -> str:
        """The host alone, in lower case, without port: what netrc is matched by."""
        return str(urlsplit(self.origin).hostname)

    @property
    def simple_url(self) -> str:
        """The address of the list of projects, for ``index-url``."""
        return self.origin + self.path


IndexAddress = Union[FeedUrl, IndexUrl]


def unencrypted(index: IndexAddress) -> str | None:
    """Return the warning for an index that is asked in the clear over a network, None for any other."""
    parts = urlsplit(index.simple_url)
    host = parts.hostname or ""
    if (
        parts.scheme != "http"
        or host == "localhost"
        or host.endswith(".localhost")
        or _LOOPBACK.fullmatch(host)
    ):
        return None
    return (
        f"warning: http://{parts.netloc} is not encrypted: whoever is on the way can read the token and change what is "
        "installed. Give its https:// address if it has one."
    )


def parse_index_url(url: str) -> IndexAddress:
    """Return the index that ``url`` means; raises InvalidFeedUrl and WebPageOfFeed, which never show a credential.

    ``http(s)://HOST/ORGANIZATION[/PROJECT]/FEED`` without a slash at its end is a feed of
    Feedgate, an address with ``_packaging/FEED`` in it becomes that of its pages
    (PEP 503), and anything else is taken as it is.
    """
    indexes = indexes_of_web_page(url)
    if indexes:
        raise WebPageOfFeed(indexes)
    origin, path = split_origin(url.strip())
    segments = path.strip("/").split("/")
    if "_packaging" in segments:
        return _packaged(url, origin, segments)
    if not path.endswith("/") and len(segments) in _SHORTHAND_LENGTHS and segments[-1] not in _INDEX_ENDS:
        return parse_feed_url(url)
    return IndexUrl(origin, _encoded(segments))


def _packaged(url: str, origin: str, segments: list[str]) -> IndexAddress:
    marker = segments.index("_packaging")
    if marker in _BEFORE_OUR_FEEDS:
        return parse_feed_url(url)
    if len(segments) == marker + 1:
        raise InvalidFeedUrl(reason="no feed's name comes after /_packaging/")
    if segments[marker + 2 :] not in _AFTER_A_FEED:
        raise InvalidFeedUrl(reason="it goes on after /pypi/simple/")
    return IndexUrl(origin, _encoded(segments[: marker + 2] + SIMPLE.strip("/").split("/")))


def _encoded(segments: list[str]) -> str:
    if any(segment in ("", ".", "..") for segment in segments):
        raise InvalidFeedUrl(reason="it names no index: a part of its path is empty or dots")
    path = "/" + "/".join(segments) + "/"
    if _LONE_PERCENT.search(path) or _CONTROL.search(path):
        raise InvalidFeedUrl(reason="a part of its path can not be read")
    return quote(path, safe=_LEGAL_IN_PATHS)
