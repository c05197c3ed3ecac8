"""The Index protocol: what upstream, feed, view and proof have in common.

An Index knows nothing of HTTP and makes no links, so indexes stack; who
mounts one over HTTP (``index/over_http.py``) makes the links.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from feedgate.errors import Broken, Missing, Unavailable
from feedgate.model.distribution import Distribution
from feedgate.model.names import ProjectName


class NoSuchProject(Missing):
    """The index holds nothing under that name."""

    code = "no-such-project"

    def __init__(self, name: ProjectName, *, index: str) -> None:
        super().__init__(
            f"{name}: {index} has no project of that name",
            next_step="Check the spelling, or bring it in with: feedgate add",
            facts={"name": name},
        )


class NoSuchFile(Missing):
    """The index lists no such file, or offers no metadata beside it."""

    code = "no-such-file"

    def __init__(self, filename: str, *, index: str) -> None:
        super().__init__(
            f"{filename}: {index} has no such file",
            next_step="Read the project's page again; the file may have been removed.",
            facts={"filename": filename},
        )


class UpstreamUnavailable(Unavailable):
    """The upstream did not answer; nobody can say whether the project exists."""

    code = "upstream-unavailable"

    def __init__(
        self, what: str, *, reason: str, index: str = "the upstream", next_step: str | None = None
    ) -> None:
        super().__init__(
            f"{what}: {index} did not answer ({reason})",
            next_step=next_step or f"Nothing was changed. Try again when {index} answers.",
            facts={"what": what},
        )


class BadPage(Broken):
    """The upstream answered with something that is no page of a simple index."""

    code = "bad-page"

    def __init__(
        self, what: str, *, reason: str, index: str = "the upstream", address_setting: str = "upstream.url"
    ) -> None:
        super().__init__(
            f"{what}: the page of {index} can not be read ({reason})",
            next_step=f"Check that {address_setting} is a simple index (PEP 503, 691).",
            facts={"what": what},
        )
        self.what = what
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Span:
    """A range of bytes: from ``start`` to before ``stop``, None = to the end."""

    start: int = 0
    stop: int | None = None


WHOLE = Span()


class SpanNotSatisfiable(Exception):
    """The span begins behind the end of a content of ``size_bytes`` (416)."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"the content has {size_bytes} bytes")
        self.size_bytes = size_bytes


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes on their way: ``chunks`` yields exactly ``stop - start`` bytes.

    ``size_bytes`` is the size of the whole, ``start`` and ``stop`` say which part of it
    this is. Who takes a Content iterates it to the end or calls ``aclose`` on it.
    """

    size_bytes: int
    start: int
    stop: int
    chunks: AsyncIterator[bytes]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start == 0 and self.stop == self.size_bytes

    async def read(self) -> bytes:
        """Return all of it; for small things such as METADATA."""
        return b"".join([chunk async for chunk in self.chunks])


class Status(StrEnum):
    """A project's status (PEP 792)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """What an index lists of a project; ``validator`` changes exactly when the page does.

    ``unreadable`` are the names of files that it lists too and that could not be read: a digest that is none, say.
    """

    name: ProjectName
    files: tuple[Distribution, ...]
    validator: str
    status: Status = Status.ACTIVE
    status_reason: str | None = None
    unreadable: tuple[str, ...] = ()


class Index(Protocol):
    """Four methods that stack: names, a page, a file, its metadata."""

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield every project's name, in order."""
        ...

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return the page; raises NoSuchProject, UpstreamUnavailable, BadPage."""
        ...

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        """Open the file's bytes; raises NoSuchFile, UpstreamUnavailable, SpanNotSatisfiable."""
        ...

    async def open_metadata(self, file: Distribution) -> Content:
        """Open the METADATA beside the file; raises NoSuchFile, UpstreamUnavailable."""
        ...
