"""What is left out of a page before the resolver sees it, per exact Python.

uv reads only the lower bound of Requires-Python (it takes ``<3.10`` on 3.11),
so what an installer would refuse must not be there to be chosen.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from feedgate.model.distribution import LONGEST_FILENAME, Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span
from feedgate.model.names import ProjectName
from feedgate.model.times import format_time

_NOTHING_STATED: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is left out because a fact about it is missing, not because of what the fact says.

    ``rule`` names the fact: ``requires-python`` or ``upload-time``.
    """

    filename: str
    rule: str
    reason: str


@lru_cache(maxsize=65536)
def admits_python(requires_python: str, python: str) -> bool | None:
    """Return whether ``requires_python`` contains the exact ``python``; None if it can not be read.

    Pre-releases of Python count as contained where the specifier's bounds hold.
    """
    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return None


class Admitting:
    """``source`` without the files that may not be chosen in one call of the resolver.

    Left out are files whose Requires-Python does not contain ``python``; files
    whose address is not http(s), or whose name is too long; upstream files uploaded at ``exclude_newer``
    (aware UTC) or later; and, for a name with stated ``hashes``
    (``sha256:…``), files that have none of them. A page tells sha256 only, so
    where sha384 or sha512 is stated too every file stays, and whoever fetches
    it compares. Files of our own store have no upload time to fear: what is in
    the feed is there by decision.

    ``left_out`` names, by project, the files that a missing or unreadable fact keeps out.
    """

    def __init__(
        self,
        source: Index,
        python: str,
        hashes: Mapping[ProjectName, frozenset[str]] | None = None,
        exclude_newer: datetime | None = None,
    ) -> None:
        self._source = source
        self._python = python
        self._hashes = hashes or {}
        self._exclude_newer = exclude_newer
        self.left_out: dict[ProjectName, tuple[LeftOut, ...]] = {}

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the source's names; a page may be empty when it is asked for."""
        return self._source.names()

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the source's page, less what may not be chosen."""
        page = await self._source.page(name)
        stated = self._hashes.get(name, _NOTHING_STATED)
        files, left_out = self._sift(page.files, stated)
        if left_out:
            self.left_out[name] = left_out
        return ProjectPage(
            name=page.name,
            files=files,
            validator=f"{page.validator}|{self._python}|{self._newest}|{','.join(sorted(stated))}",
            status=page.status,
            status_reason=page.status_reason,
        )

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file at the source."""
        return await self._source.open(file, span)

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA at the source."""
        return await self._source.open_metadata(file)

    @property
    def _newest(self) -> str:
        return "" if self._exclude_newer is None else format_time(self._exclude_newer)

    def _sift(
        self, files: tuple[Distribution, ...], stated: frozenset[str]
    ) -> tuple[tuple[Distribution, ...], tuple[LeftOut, ...]]:
        kept: list[Distribution] = []
        left_out: list[LeftOut] = []
        digests = _judgeable(stated)
        for file in files:
            if not _is_usable(file):
                continue
            if digests is not None and file.digest is not None and file.digest not in digests:
                continue
            if file.requires_python:
                admitted = admits_python(file.requires_python, self._python)
                if admitted is None:
                    left_out.append(
                        LeftOut(
                            file.filename,
                            "requires-python",
                            f"Requires-Python {file.requires_python!r} is no specifier (PEP 440)",
                        )
                    )
                if not admitted:
                    continue
            if self._exclude_newer is not None and file.source is not None:
                if file.uploaded_at is None:
                    left_out.append(
                        LeftOut(file.filename, "upload-time", "the upstream states no upload time")
                    )
                    continue
                if file.uploaded_at >= self._exclude_newer:
                    continue
            kept.append(file)
        return tuple(kept), tuple(left_out)


def _is_usable(file: Distribution) -> bool:
    """Whether the link can be followed and the name be taken: uv would choose one that is too long for us."""
    is_link = file.source is None or file.source.startswith(("https://", "http://"))
    return is_link and len(file.filename) <= LONGEST_FILENAME


def _judgeable(stated: frozenset[str]) -> frozenset[str] | None:
    """Return the sha256 digests among ``stated``, or None if a page can not judge by them alone."""
    if not stated or any(not entry.startswith("sha256:") for entry in stated):
        return None
    return frozenset(entry.removeprefix("sha256:") for entry in stated)
