"""Indexes in memory: what the others are laid over, measured by and compared with.

``STOCK`` is what every index under contract is filled with; ``MemoryIndex`` is
the plainest Index there is, and it writes down what it was asked.
"""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from feedgate.errors import FeedgateError
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import (
    WHOLE,
    Content,
    NoSuchFile,
    NoSuchProject,
    ProjectPage,
    Span,
    SpanNotSatisfiable,
    Status,
)
from feedgate.model.names import ProjectName, parse_project_name

UPLOADED_AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
CHUNK_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Stocked:
    """One file with its bytes; ``metadata`` is None where none is offered beside it."""

    project: ProjectName
    file: Distribution
    content: bytes
    metadata: bytes | None


def digest_of(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest())


def metadata_of(
    project: str, version: str, *, requires: Sequence[str] = (), requires_python: str | None = None
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "".join(f"{line}\n" for line in lines).encode()


def wheel_bytes(project: str, version: str, metadata: bytes, *, padding_bytes: int = 0) -> bytes:
    """Return a wheel that an installer can read; ``padding_bytes`` make it larger than one chunk."""
    stem = f"{project.replace('-', '_')}-{version}"
    members = {
        f"{stem.partition('-')[0]}/__init__.py": b"#" * padding_bytes,
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: stock\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{stem}.dist-info/RECORD"]).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as wheel:
        for name, content in [*members.items(), (f"{stem}.dist-info/RECORD", record)]:
            wheel.writestr(zipfile.ZipInfo(name, (2024, 5, 17, 9, 30, 0)), content)
    return archive.getvalue()


@dataclass(frozen=True, slots=True)
class Facts:
    """What an index states of a wheel besides its name and digest."""

    requires: Sequence[str] = ()
    requires_python: str | None = None
    uploaded_at: datetime | None = UPLOADED_AT
    yanked: str | None = None
    source: str | None = None
    offers_metadata: bool = True
    states_digest: bool = True
    states_size: bool = True
    padding_bytes: int = 0


def stocked_wheel(project: str, version: str, facts: Facts = Facts()) -> Stocked:
    """Make a pure wheel of ``project`` and what an index states of it."""
    name = parse_project_name(project)
    metadata = metadata_of(project, version, requires=facts.requires, requires_python=facts.requires_python)
    content = wheel_bytes(project, version, metadata, padding_bytes=facts.padding_bytes)
    file = Distribution(
        filename=f"{project.replace('-', '_')}-{version}-py3-none-any.whl",
        digest=digest_of(content) if facts.states_digest else None,
        size_bytes=len(content) if facts.states_size else None,
        requires_python=facts.requires_python,
        uploaded_at=facts.uploaded_at,
        metadata_digest=digest_of(metadata) if facts.offers_metadata else None,
        yanked=facts.yanked,
        source=facts.source,
    )
    return Stocked(name, file, content, metadata if facts.offers_metadata else None)


STOCK = (
    stocked_wheel("alpha", "1.0", Facts(requires=["beta>=1"], requires_python=">=3.8", padding_bytes=5000)),
    stocked_wheel("alpha", "1.1+local.2", Facts(requires_python=">=3.9,<4")),
    stocked_wheel("alpha", "2.0rc1"),
    stocked_wheel("beta", "1.0", Facts(yanked="broken on Mondays")),
    stocked_wheel("beta", "1.1", Facts(yanked="")),
    stocked_wheel("beta", "1.2", Facts(offers_metadata=False)),
    stocked_wheel("gamma-delta", "0.1"),
)
"""Three projects: a wheel of several chunks, a local version, a pre-release, yanked ones, one without METADATA."""


@dataclass(slots=True)
class MemoryIndex:
    """An Index of ``stock``. It answers at once, with ``faults`` for the names that have one.

    ``asked`` lists what it was asked, in order: ``page NAME``, ``open FILENAME``,
    ``metadata FILENAME``. While ``gate`` is closed, pages wait for it.
    """

    stock: list[Stocked] = field(default_factory=list)
    faults: dict[ProjectName, FeedgateError] = field(default_factory=dict)
    statuses: dict[ProjectName, tuple[Status, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    @classmethod
    def of(cls, stock: Iterable[Stocked]) -> "MemoryIndex":
        return cls(list(stock))

    async def names(self) -> AsyncIterator[ProjectName]:
        for name in sorted({stocked.project for stocked in self.stock}):
            yield name

    async def page(self, name: ProjectName) -> ProjectPage:
        self.asked.append(f"page {name}")
        if self.gate is not None:
            await self.gate.wait()
        if name in self.faults:
            raise self.faults[name]
        files = tuple(stocked.file for stocked in self.stock if stocked.project == name)
        if not files:
            raise NoSuchProject(name, index="memory")
        status, reason = self.statuses.get(name, (Status.ACTIVE, None))
        validator = digest_of(repr((files, status, reason)).encode())
        return ProjectPage(name, files, validator, status, reason)

    async def open(self, file: Distribution, span: Span = WHOLE) -> Content:
        self.asked.append(f"open {file.filename}")
        return content_of(self._find(file).content, span)

    async def open_metadata(self, file: Distribution) -> Content:
        self.asked.append(f"metadata {file.filename}")
        metadata = self._find(file).metadata
        if metadata is None:
            raise NoSuchFile(file.filename, index="memory")
        return content_of(metadata)

    def _find(self, file: Distribution) -> Stocked:
        for stocked in self.stock:
            if stocked.file.filename == file.filename:
                return stocked
        raise NoSuchFile(file.filename, index="memory")


def content_of(whole: bytes, span: Span = WHOLE) -> Content:
    """Return ``span`` of ``whole`` in chunks of CHUNK_BYTES; raises SpanNotSatisfiable."""
    if span is not WHOLE and span.start >= len(whole):
        raise SpanNotSatisfiable(len(whole))
    stop = len(whole) if span.stop is None else min(span.stop, len(whole))
    return Content(len(whole), span.start, stop, _chunks(whole[span.start : stop]))


async def _chunks(part: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(part), CHUNK_BYTES):
        yield part[start : start + CHUNK_BYTES]
