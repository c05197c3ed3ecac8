"""What a request asks the stand-in for, read from its path, and who asks."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from aiohttp import web
from packaging.utils import canonicalize_name

from tests.doubles.azure_answers import guid_of
from tests.doubles.azure_contents import short
from tests.doubles.azure_log import Kind, Seen
from tests.doubles.azure_manners import Role

Rest = Literal["", "feed", "packages"]


@dataclass(frozen=True)
class Place:
    """Where the feed is; each name may be written in any case, or be the GUID."""

    organization: str
    project: str | None
    feed: str

    @property
    def feed_guid(self) -> str:
        return guid_of(self.organization, self.project or "", self.feed)

    @property
    def project_guid(self) -> str:
        return guid_of(self.organization, self.project or "")

    def is_project(self, raw: str) -> bool:
        return self.project is not None and raw.casefold() in {self.project.casefold(), self.project_guid}

    def is_feed(self, raw: str) -> bool:
        return raw.casefold() in {self.feed.casefold(), self.feed_guid}


class Asked:
    """One request. ``is_here`` is False where its path leads to another feed, project or organization."""

    def __init__(self, request: web.BaseRequest, place: Place, passwords: Mapping[str, Role]) -> None:
        self.method = request.method
        self.headers = request.headers
        self.query = {name.casefold(): value for name, value in request.query.items()}
        self.origin = f"{request.scheme}://{request.host}"
        self.view = ""
        self.is_here = False
        self.is_legacy_host = request.host.casefold().startswith(f"{place.organization.casefold()}.pkgs.")
        self.release = ("", "")
        self.rest: Rest = ""
        self.seen = Seen("other", request.method, request.raw_path)
        self.role: Role | None = None
        self._place = place
        self._read_credentials(passwords)
        self._read_path([unquote(part) for part in request.rel_url.raw_path.split("/")[1:]])

    @property
    def identity(self) -> str:
        """How the service calls the caller."""
        return guid_of(self._place.organization, self.seen.username or "anonymous")

    def _read_credentials(self, passwords: Mapping[str, Role]) -> None:
        header = self.headers.get("Authorization")
        self.seen.has_credentials = header is not None
        scheme, _, value = (header or "").partition(" ")
        if scheme.casefold() == "bearer":
            self.role = passwords.get(value.strip())
        elif scheme.casefold() == "basic":
            try:
                username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return
            self.seen.username, self.role = username, passwords.get(password)

    def _read_path(self, parts: list[str]) -> None:
        if not self.is_legacy_host:
            if parts[0].casefold() != self._place.organization.casefold():
                return
            del parts[0]
        is_project_scoped = len(parts) > 1 and parts[1].casefold() in {"_packaging", "_apis"}
        if is_project_scoped and not self._place.is_project(parts[0]):
            return
        if is_project_scoped:
            del parts[0]
        match [parts[0].casefold() if parts else "", *parts[1:]]:
            case ["_packaging", feed, protocol, *rest] if protocol.casefold() == "pypi":
                self._read_feed(feed, is_project_scoped=is_project_scoped)
                self._read_pypi(rest)
            case ["_apis", *rest]:
                self._read_rest(rest, is_project_scoped=is_project_scoped)

    def _read_feed(self, raw: str, *, is_project_scoped: bool) -> None:
        feed, _, view = raw.partition("@")
        self.view = next(
            (
                name
                for name in ("local", "prerelease", "release")
                if view.casefold() in {name, self._view_guid(name)}
            ),
            view.casefold(),
        )
        self.is_here = self._place.is_feed(feed) and is_project_scoped == (self._place.project is not None)

    def _view_guid(self, view: str) -> str:
        return guid_of(self._place.feed_guid, view)

    def _read_pypi(self, rest: list[str]) -> None:
        match rest:
            case ["simple"] | ["simple", ""]:
                self._is("root", "")
            case ["simple", project] | ["simple", project, ""]:
                self._is("page", canonicalize_name(project))
            case ["upload"] | ["upload", ""]:
                self._is("upload", "")
            case ["download", project, version, filename]:
                self._is("download", filename)
                self.release = canonicalize_name(project), short(version)
            case _:
                self.is_here = False

    def _read_rest(self, rest: list[str], *, is_project_scoped: bool) -> None:
        match [part.casefold() for part in rest if part]:
            case [] | ["resourceareas"]:
                self.is_here = True
            case ["packaging", "feeds", _]:
                self._read_feed(rest[2], is_project_scoped=is_project_scoped)
                self.rest = "feed"
            case ["packaging", "feeds", _, "packages"]:
                self._read_feed(rest[2], is_project_scoped=is_project_scoped)
                self.rest = "packages"
        self._is("rest", self.rest)

    def _is(self, kind: Kind, what: str) -> None:
        self.seen.kind, self.seen.what = kind, what
