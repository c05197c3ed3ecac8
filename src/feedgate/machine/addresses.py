"""The wire's paths, said once: server, pages, commands and VMs take them from here.

They are Azure Artifacts' own, so that its users change one host name. The
constants are templates (``{segment}``) that a router takes as they are;
the functions fill them, percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, unquote, urlsplit

from feedgate.machine.errors import MachineError

FEED = "/{organization}/_packaging/{feed}"  # {feed} may be FEED@VIEW
FEED_IN_PROJECT = "/{organization}/{project}/_packaging/{feed}"
SIMPLE = "/pypi/simple/"
PROJECT = "/pypi/simple/{name}/"
UPLOAD = "/pypi/upload"
DOWNLOAD = "/pypi/download/{name}/{version}/{filename}"

LIVE = "/-/live"
READY = "/-/ready"
HOLD = "/-/hold"

API = "/api/v1"
API_OPENAPI = API + "/openapi.json"
API_FEEDS = API + "/feeds"
API_FEED = API_FEEDS + "/{organization}/{feed}"
API_TARGETS = API_FEED + "/targets"
API_TARGET = API_TARGETS + "/{target}"
API_GRANTS = API_FEED + "/grants"
API_GRANT = API_GRANTS + "/{actor}"
API_DESTINATIONS = API_FEED + "/destinations"
API_DESTINATION = API_DESTINATIONS + "/{destination}"
API_HOLDS = API_FEED + "/holds"
API_HOLD_RELEASE = API_HOLDS + "/{hold}/release"
API_HOLD_REFUSAL = API_HOLDS + "/{hold}/refusal"
API_HOLD_CONFIRMATION = API_HOLDS + "/{hold}/confirmation"
API_SENDS = API_FEED + "/sends"
API_PROJECTS = API_FEED + "/projects"
API_PROJECT = API_PROJECTS + "/{name}"
API_YANK = API_PROJECT + "/{version}/yank"
API_PASSPORT = API_FEED + "/passport/{subject}"
API_FEED_SBOM = API_FEED + "/sbom"
API_UPLOADS = API_FEED + "/uploads"
API_FEED_RUNS = API_FEED + "/runs"
API_IMPORTS = API_FEED + "/imports"
API_IMPORT_FILES = API_IMPORTS + "/files"
API_FEED_LEDGER = API_FEED + "/ledger"
API_FEED_VERIFICATION = API_FEED_LEDGER + "/verification"
API_LEDGER = API + "/ledger"
API_VERIFICATION = API_LEDGER + "/verification"
API_ADVISORIES = API + "/advisories"
API_ADVISORY_MATCHES = API_ADVISORIES + "/match"
API_ADVISORY_SOURCE = API_ADVISORIES + "/sources/{source}"
API_ADVISORY_UPDATE = API_ADVISORY_SOURCE + "/update"
API_EXPOSURE = API + "/exposure"
API_TOKENS = API + "/tokens"
API_TOKEN = API_TOKENS + "/{token}"
API_RUNS = API + "/runs"
API_RUN = API_RUNS + "/{run}"
API_EVENTS = API_RUN + "/events"
API_REPORT = API_RUN + "/report"
API_RUN_SBOM = API_RUN + "/sbom"
API_RUN_FILES = API_RUN + "/files"
API_CANCEL = API_RUN + "/cancel"
API_RETRY = API_RUN + "/retry"

_READABLE = "@:!+"  # legal in a path as they are: views, serials, epochs, local versions
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?")


class InvalidAddress(MachineError):
    """A segment that no path may hold."""

    code = "invalid-address"
    exit_status = 2

    def __init__(self, segment: str) -> None:
        super().__init__(
            f"{segment!r} can not stand in a path: it is empty, a dot segment, or holds control characters",
            next_step="Use the name as the server shows it.",
        )


class InvalidFeedUrl(MachineError):
    """What was given is no feed's address."""

    code = "invalid-feed-url"
    exit_status = 2

    def __init__(self, *, reason: str) -> None:
        super().__init__(
            f"the feed's address can not be used: {reason}",
            next_step="Write https://HOST/ORGANIZATION/FEED, or the whole address of an index, "
            "which ends in a slash and mostly in /simple/.",
        )


@dataclass(frozen=True)
class FeedUrl:
    """Where a feed answers: ``origin`` is scheme, host and port, without a slash at its end."""

    SHORTHAND: ClassVar[str] = "https://HOST/ORGANIZATION/FEED"

    origin: str
    organization: str
    project: str | None
    feed: str
    view: str | None = None

    @property
    def host(self) -> str:
        """The host alone, in lower case, without port: what netrc is matched by."""
        return str(urlsplit(self.origin).hostname)

    @property
    def simple_url(self) -> str:
        """The address of the feed's list of projects, for ``index-url``."""
        return self.origin + simple_path(
            self.organization, self.feed, view=self.view, project_scope=self.project
        )


def fill(route: str, **segments: str) -> str:
    """Return ``route`` with each ``{segment}`` percent-encoded in its place; raises InvalidAddress."""
    return route.format(**{key: _segment(value) for key, value in segments.items()})


def simple_path(
    organization: str, feed: str, *, view: str | None = None, project_scope: str | None = None
) -> str:
    """Return the path of the feed's list of projects (PEP 503)."""
    return _in_feed(SIMPLE, organization, feed, view, project_scope)


def project_path(
    organization: str,
    feed: str,
    name: str,
    *,
    view: str | None = None,
    project_scope: str | None = None,
) -> str:
    """Return the path of one project's page; ``name`` is normalized already (PEP 503)."""
    return _in_feed(PROJECT, organization, feed, view, project_scope, name=name)


def upload_path(organization: str, feed: str, *, project_scope: str | None = None) -> str:
    """Return the path that takes the legacy upload form; views take none."""
    return _in_feed(UPLOAD, organization, feed, None, project_scope)


def download_path(
    organization: str,
    feed: str,
    view: str | None,
    name: str,
    version: str,
    filename: str,
    *,
    project_scope: str | None = None,
) -> str:
    """Return the path of a file; ``filename`` may end in ``.metadata`` (PEP 658)."""
    return _in_feed(
        DOWNLOAD, organization, feed, view, project_scope, name=name, version=version, filename=filename
    )


def download_link(name: str, version: str, filename: str) -> str:
    """Return the link to a file as a project's page writes it: relative, so it keeps scope and view."""
    return "../.." + fill(DOWNLOAD, name=name, version=version, filename=filename)[len("/pypi") :]


def split_view(segment: str) -> tuple[str, str | None]:
    """Return feed and view of a path's decoded ``FEED[@VIEW]``."""
    feed, at, view = segment.partition("@")
    return feed, view if at else None


def parse_feed_url(url: str) -> FeedUrl:
    """Return the feed that ``url`` means; raises InvalidFeedUrl, which never shows a credential.

    Takes ``http(s)://HOST/ORGANIZATION[/PROJECT]/FEED[@VIEW]`` and Azure Artifacts' whole
    addresses, ``…/_packaging/FEED[@VIEW]/pypi/simple/`` or ``…/pypi/upload``.
    """
    origin, path = split_origin(url.strip())
    segments = [_decoded(segment) for segment in path.strip("/").split("/")]
    if "_packaging" in segments:
        marker = segments.index("_packaging")
        rest = segments[marker + 2 :]
        if rest not in ([], ["pypi"], ["pypi", "simple"], ["pypi", "upload"]):
            raise InvalidFeedUrl(reason="it goes on after /pypi/simple/")
        segments = segments[:marker] + segments[marker + 1 : marker + 2]
    if len(segments) not in (2, 3):
        raise InvalidFeedUrl(reason="it does not name one organization and one feed")
    feed, view = split_view(segments[-1])
    if "" in (feed, view):
        raise InvalidFeedUrl(reason="feed or view is empty")
    return FeedUrl(
        origin=origin,
        organization=segments[0],
        project=segments[1] if len(segments) == 3 else None,
        feed=feed,
        view=view,
    )


def split_origin(url: str) -> tuple[str, str]:
    """Return origin and path of an http(s) address, the path as it was written; raises InvalidFeedUrl."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidFeedUrl(reason="host or port can not be read") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidFeedUrl(reason="it does not begin with https:// or http://")
    if "@" in parts.netloc:
        raise InvalidFeedUrl(
            reason="it holds credentials; give the token on standard input or in FEEDGATE_READ_TOKEN"
        )
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise InvalidFeedUrl(reason="it has a query or a fragment")
    host = parts.hostname or ""
    if ":" in host:
        raise InvalidFeedUrl(reason="pip finds no netrc entry for an IPv6 address; use a host name")
    if not _HOST.fullmatch(host):
        raise InvalidFeedUrl(reason="the host is no host name")
    origin = f"{parts.scheme}://{host}"
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        origin += f":{port}"
    return origin, parts.path


def _in_feed(
    route: str,
    organization: str,
    feed: str,
    view: str | None,
    project_scope: str | None,
    **segments: str,
) -> str:
    shown = feed if view is None else f"{feed}@{view}"
    if project_scope is None:
        return fill(FEED + route, organization=organization, feed=shown, **segments)
    return fill(
        FEED_IN_PROJECT + route, organization=organization, project=project_scope, feed=shown, **segments
    )


def _segment(raw: str) -> str:
    if raw in ("", ".", "..") or any(ord(character) < 32 or ord(character) == 127 for character in raw):
        raise InvalidAddress(raw)
    return quote(raw, safe=_READABLE)


def _decoded(segment: str) -> str:
    try:
        decoded = unquote(segment, errors="strict")
        _segment(decoded)
    except (UnicodeDecodeError, InvalidAddress) as error:
        raise InvalidFeedUrl(reason="a part of its path is empty or can not be read") from error
    if "/" in decoded or "\\" in decoded:
        raise InvalidFeedUrl(reason="a part of its path holds a slash")
    return decoded
