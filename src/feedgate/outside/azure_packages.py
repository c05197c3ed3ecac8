"""Which packages an Azure feed holds, as its REST interface lists them: its root page lists none.

The list is of what is saved in the feed, while its pages show what its upstream sources
would give as well.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from packaging.version import Version

from feedgate.errors import Unavailable
from feedgate.model.names import (
    InvalidName,
    InvalidVersionText,
    ProjectName,
    parse_project_name,
    parse_version,
)
from feedgate.outside.fetcher import Fetcher
from feedgate.outside.words import status_in_words

_VERSION: Final = "7.1-preview.1"
_AT_ONCE: Final = 500
_MOST: Final = 1_000_000
"""A service that never comes to the end of its list is believed so far."""

FoundT = TypeVar("FoundT")


class PackagesNotListed(Unavailable):
    """A feed whose names nobody tells: no page lists them, and neither does its REST interface."""

    code = "packages-not-listed"

    def __init__(self, source: str, *, reason: str) -> None:
        super().__init__(
            f"{source}: its pages list no projects, and its REST interface no packages ({reason})",
            next_step="Write the names into a file, one a line, and give it with --names FILE.",
        )


@dataclass(frozen=True, slots=True)
class AzurePackages:
    """The list of the feed at ``url``, its address in the REST interface; ``source`` is what errors call it."""

    fetcher: Fetcher
    url: str
    source: str

    async def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names as they come; raises PackagesNotListed, and what ``Fetcher.get_page`` raises."""
        async for package in self._listed({}):
            name = _name_of(package)
            if name is not None:
                yield name

    async def versions(self, name: ProjectName) -> frozenset[Version]:
        """Return the versions of ``name`` that are saved in the feed; none where it has no such package."""
        asked = {"packageNameQuery": name, "includeAllVersions": "true"}
        async for package in self._listed(asked):
            if _name_of(package) == name:
                return frozenset(_versions_of(package))
        return frozenset()

    async def _listed(self, asked: dict[str, str]) -> AsyncIterator[Any]:
        """Yield the packages, asked for some at a time; JSON of a stranger, so every shape may come."""
        skip = 0
        while skip < _MOST:
            packages = await self._part(asked, skip)
            for package in packages:
                yield package
            if len(packages) < _AT_ONCE:
                return
            skip += len(packages)

    async def _part(self, asked: dict[str, str], skip: int) -> list[Any]:
        query = {
            "protocolType": "PyPi",
            **asked,
            "$top": str(_AT_ONCE),
            "$skip": str(skip),
            "api-version": _VERSION,
        }
        answer = await self.fetcher.get_page(
            f"{self.url}/packages?{urlencode(query, safe='$')}",
            name="its list of packages",
            headers={"Accept": "application/json"},
        )
        if answer.status != HTTPStatus.OK:
            raise PackagesNotListed(self.source, reason=status_in_words(answer.status))
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise PackagesNotListed(self.source, reason="its answer is no JSON") from None
        packages = said.get("value") if isinstance(said, dict) else None
        if not isinstance(packages, list):
            raise PackagesNotListed(self.source, reason="its answer is no list")
        return packages


def _name_of(package: Any) -> ProjectName | None:
    return _read(package, ("normalizedName", "name"), parse_project_name, InvalidName)


def _versions_of(package: Any) -> Iterator[Version]:
    listed = package.get("versions")
    for version in listed if isinstance(listed, list) else ():
        if isinstance(version, dict) and version.get("isDeleted") is True:
            continue
        found = _read(version, ("normalizedVersion", "version"), parse_version, InvalidVersionText)
        if found is not None:
            yield found


def _read(
    said: Any, members: tuple[str, ...], parse: Callable[[str], FoundT], wrong: type[Exception]
) -> FoundT | None:
    for member in members:
        raw = said.get(member) if isinstance(said, dict) else None
        if isinstance(raw, str):
            try:
                return parse(raw)
            except wrong:
                continue
    return None
