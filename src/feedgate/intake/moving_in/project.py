"""One project on its way in from another index: its page read, the upstream asked once, each file judged as what it is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from feedgate.blobs.store import BlobStore
from feedgate.errors import Broken, FeedgateError, Forbidden, Invalid, Missing
from feedgate.feed.moving_in import Moving, conflict, would_move
from feedgate.formats.core_metadata import parse_core_metadata
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.gate.decide import decide_import, decide_upload
from feedgate.gate.facts import ByName
from feedgate.gate.look import Looks
from feedgate.gate.looked import Looked
from feedgate.intake.side_by_side import side_by_side
from feedgate.model.canonical import Json
from feedgate.model.decision import Decision, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename, Kind, parse_filename
from feedgate.model.feed import FeedProject, Origin, UpstreamRule
from feedgate.model.index import Index, NoSuchProject, ProjectPage, UpstreamUnavailable
from feedgate.model.moving_in import FileEnd, MovedFile, MovedProject
from feedgate.model.names import ProjectName
from feedgate.outside.fetcher import Stored
from feedgate.outside.receiving import ReceivingStore
from feedgate.policy.policies import Policy
from feedgate.records import distributions, projects
from feedgate.records.database import Database
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located

FILES_AT_ONCE: Final = 8

_ENDS: Final = {Verdict.HOLD: FileEnd.HELD, Verdict.REFUSE: FileEnd.REFUSED}


class Pages(Protocol):
    """What is copied, as far as a look beforehand goes."""

    def names(self) -> AsyncIterator[ProjectName]:
        """Yield the names of its projects."""
        ...

    async def page(self, name: ProjectName) -> ProjectPage:
        """Return what it lists of one; raises NoSuchProject, BadPage."""
        ...

    async def digest_known(self, file: Distribution) -> Digest | None:
        """Return a file's digest, None where it is not known before the file is fetched."""
        ...

    async def answers(self) -> bool:
        """Whether it answers at all."""
        ...


class Files(Pages, Protocol):
    """What is copied, with its bytes."""

    async def download(
        self, file: Distribution, blobs: ReceivingStore, *, progress: Callable[[int], None]
    ) -> Stored:
        """Bring a file into the store."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """Where an import happens: the feed, what it admits, and the upstream that knows other people's files."""

    records: Database
    blobs: BlobStore
    looks: Looks
    upstream: Index
    located: Located
    policy: Policy
    advisories: AdvisoryDatabase
    clock: Callable[[], datetime]
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the feed has of a project, and the names that are used up there; both by what all spellings of a name share."""

    project: FeedProject | None
    there: Mapping[str, Published]
    spent: Mapping[str, Digest]

    @property
    def is_the_feeds_own(self) -> bool:
        """Whether the upstream must not be asked: the name is the feed's own, and was never anybody else's."""
        if self.project is None or self.project.upstream is UpstreamRule.ALLOW:
            return False
        if self.project.upstream is UpstreamRule.DENY:
            return True
        has_imports = any(row.origin is Origin.IMPORTED for row in self.there.values())
        return self.project.origin is Origin.INTERNAL and not has_imports

    def end_of(self, file: Distribution, digest: Digest) -> MovedFile | None:
        """Return how it ends for a file whose name is used up, None where the name is free."""
        key = file.stem.key
        first, row = self.spent.get(key), self.there.get(key)
        if first is None:
            return None
        if first != digest:
            return conflict(file.filename, there=first, here=digest, size_bytes=file.size_bytes)
        if row is None:
            reason = f"these bytes, sha256 {digest}, were in the feed and were deleted there"
            return MovedFile(file.filename, FileEnd.CONFLICT, digest, file.size_bytes, reason=reason)
        return MovedFile(file.filename, FileEnd.PRESENT, digest, row.size_bytes, row.origin)


@dataclass(slots=True)
class _Sorted:
    """A page's files: of ``ends`` the page and the feed tell how it ends, ``open`` are all others."""

    ends: list[MovedFile] = field(default_factory=list)
    open: list[Distribution] = field(default_factory=list)
    yanks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What the upstream lists of a name; nothing where it was not asked."""

    by_digest: Mapping[Digest, Distribution] = field(default_factory=dict)
    filenames: frozenset[str] = frozenset()

    def has(self, file: Distribution, digest: Digest | None) -> bool:
        """Whether it lists the file; before a digest is known, the name has to do."""
        return file.filename in self.filenames if digest is None else digest in self.by_digest


async def look_at_project(ground: Ground, source: Pages, name: ProjectName, *, is_own: bool) -> MovedProject:
    """Return what would become of a project, as far as pages tell: no file is fetched, nothing is changed."""
    page = await _page(source, name)
    if isinstance(page, MovedProject):
        return page
    known = await asyncio.to_thread(_known, ground, name, page.files)
    upstream = await _listed_upstream(ground, name, ask=not (is_own or known.is_the_feeds_own))
    found = await _sort(source, name, page.files, known)
    files = list(found.ends)
    for file in found.open:
        digest = await source.digest_known(file)
        origin = Origin.IMPORTED if upstream.has(file, digest) else Origin.INTERNAL
        files.append(MovedFile(file.filename, FileEnd.NEW, digest, file.size_bytes, origin))
    return _seen(name, files, known, is_own=is_own)


async def bring_project(ground: Ground, source: Files, name: ProjectName, *, is_own: bool) -> Moving:
    """Fetch, look at and judge a project's files; one that can not be had stops none of the others.

    Raises UpstreamUnavailable where upstream or source do not answer, and what stops everything: no
    room, no right, no records.
    """
    page = await _page(source, name)
    if isinstance(page, MovedProject):
        return Moving(page)
    known = await asyncio.to_thread(_known, ground, name, page.files)
    upstream = await _listed_upstream(ground, name, ask=not (is_own or known.is_the_feeds_own))
    found = await _sort(source, name, page.files, known)
    bringing = _Bringing(ground, source, upstream, known)
    rows: list[Published] = []
    files = list(found.ends)
    async with aclosing(side_by_side(found.open, bringing.file, at_once=FILES_AT_ONCE)) as coming:
        async for brought in coming:
            if isinstance(brought, Published):
                rows.append(brought)
            else:
                files.append(brought)
    taken = [MovedFile(row.file.filename, FileEnd.TAKEN, origin=row.origin) for row in rows]
    seen = _seen(name, [*files, *taken], known, is_own=is_own)
    seen = replace(seen, files=tuple(sorted(files, key=lambda file: file.filename)))
    return Moving(seen, tuple(rows), found.yanks, is_own, ground.facts)


def _seen(name: ProjectName, files: Sequence[MovedFile], known: _Known, *, is_own: bool) -> MovedProject:
    is_internal, is_mixed = would_move(files, known.project, known.there.values(), is_own=is_own)
    by_name = tuple(sorted(files, key=lambda file: file.filename))
    return MovedProject(name, is_internal and bool(files), is_mixed, files=by_name)


async def _page(source: Pages, name: ProjectName) -> ProjectPage | MovedProject:
    """Return the page, or how it ended for a project without one that can be read."""
    try:
        return await source.page(name)
    except (NoSuchProject, Broken) as error:
        return MovedProject(name, reason=error.message)
    except (Forbidden, UpstreamUnavailable) as error:
        if not await source.answers():
            raise
        return MovedProject(name, reason=error.message)


async def _listed_upstream(ground: Ground, name: ProjectName, *, ask: bool) -> _Listed:
    if not ask:
        return _Listed()
    try:
        page = await ground.upstream.page(name)
    except NoSuchProject:
        return _Listed()
    by_digest = {file.digest: file for file in page.files if file.digest is not None}
    return _Listed(by_digest, frozenset(file.filename for file in page.files))


def _known(ground: Ground, name: ProjectName, files: Sequence[Distribution]) -> _Known:
    stems = {file.stem.key: file.filename for file in files if _no_name(file.filename) is None}
    with ground.records.read(ground.located.id) as snapshot:
        rows = distributions.of_project(snapshot, ground.located.id, name)
        spent = distributions.spent(snapshot, ground.located.id, list(stems.values()))
        return _Known(
            projects.find(snapshot, ground.located.id, name),
            {row.file.stem.key: row for row in rows},
            {parse_filename(filename).key: digest for filename, digest in spent.items()},
        )


async def _sort(source: Pages, name: ProjectName, files: Sequence[Distribution], known: _Known) -> _Sorted:
    """Tell apart what the page and the feed decide; of several spellings of one file the first counts."""
    found = _Sorted()
    by_filename: dict[str, Distribution] = {}
    doubled = set()
    for file in files:
        if by_filename.setdefault(file.filename, file).digest != file.digest:
            doubled.add(file.filename)
    by_key: dict[str, str] = {}
    for filename, file in sorted(by_filename.items()):
        end = _end_by_name(name, file, by_key)
        if filename in doubled:
            reason = f"{filename}: is listed more than once, with different bytes"
            end = MovedFile(filename, FileEnd.UNREADABLE, reason=reason)
        digest = None if end is not None else await source.digest_known(file)
        if digest is not None:
            end = known.end_of(file, digest)
        if end is None:
            found.open.append(file)
            continue
        found.ends.append(end)
        if end.end is FileEnd.PRESENT and file.yanked is not None:
            found.yanks[known.there[parse_filename(filename).key].file.filename] = file.yanked
    return found


def _end_by_name(name: ProjectName, file: Distribution, by_key: dict[str, str]) -> MovedFile | None:
    """Return how it ends for a file that its name alone keeps out; ``by_key`` are the names met so far."""
    reason = _no_name(file.filename)
    if reason is not None:
        return MovedFile(file.filename, FileEnd.UNREADABLE, file.digest, file.size_bytes, reason=reason)
    first = by_key.setdefault(file.stem.key, file.filename)
    if file.stem.project != name:
        reason = (
            f"{file.filename}: is listed among the files of {name}, and named as one of {file.stem.project}"
        )
    elif first != file.filename:
        reason = f"{file.filename}: is {first} under another spelling"
    return None if reason is None else _refused(file, file.digest, None, reason)


def _no_name(filename: str) -> str | None:
    """Return why a file's name is none of a distribution, None where it is one."""
    try:
        parse_filename(filename)
    except InvalidFilename as error:
        return error.message
    return None


def _refused(file: Distribution, digest: Digest | None, origin: Origin | None, reason: str) -> MovedFile:
    return MovedFile(file.filename, FileEnd.REFUSED, digest, file.size_bytes, origin, reason)


@dataclass(frozen=True, slots=True)
class _Bringing:
    """Brings the files of one project, each for itself."""

    ground: Ground
    source: Files
    upstream: _Listed
    known: _Known

    async def file(self, file: Distribution) -> Published | MovedFile:
        """Return the file as a row of the feed, or how else it ended."""
        try:
            stored = await self.source.download(file, self.ground.blobs, progress=_unheard)
        except (Broken, Invalid, Missing) as error:
            return _not_had(file, error)
        except (Forbidden, UpstreamUnavailable) as error:
            if not await self.source.answers():
                raise
            return _not_had(file, error)
        end = self.known.end_of(file, stored.digest) if file.digest is None else None
        if end is not None:
            return replace(end, size_bytes=stored.size_bytes)
        looked = await self.ground.looks.look(stored.digest, file.filename)
        # In a thread: a hostile METADATA takes seconds to read.
        return await asyncio.to_thread(self._judged, replace(file, size_bytes=stored.size_bytes), looked)

    def _judged(self, file: Distribution, looked: Looked) -> Published | MovedFile:
        """Judge a file as an import with the upstream's facts where that lists its digest, else as an upload."""
        listed = self.upstream.by_digest.get(looked.digest)
        origin = Origin.INTERNAL if listed is None else Origin.IMPORTED
        if listed is None and looked.kind is Kind.SDIST and not file.filename.endswith(".tar.gz"):
            reason = f"{file.filename}: an sdist of one's own is a .tar.gz (PEP 625)"
            return _refused(file, looked.digest, origin, reason)
        decision = self._decision(file, listed, looked)
        if decision.verdict is not Verdict.ADMIT:
            end = _ENDS[decision.verdict]
            return MovedFile(file.filename, end, looked.digest, file.size_bytes, origin, decision.reason)
        if looked.metadata is None:
            reason = f"{file.filename}: holds no METADATA that can be read"
            return _refused(file, looked.digest, origin, reason)
        return _row(file, listed, looked, looked.metadata, self.ground.clock())

    def _decision(self, file: Distribution, listed: Distribution | None, looked: Looked) -> Decision:
        now, stem = self.ground.clock(), file.stem
        advised = ByName(self.ground.advisories, now).advised(stem.project, stem.version)
        if listed is None:
            return decide_upload(self.ground.policy, file.filename, looked, advised, now=now)
        as_listed = replace(listed, filename=file.filename)
        return decide_import(self.ground.policy, as_listed, looked, advised, now=now)


def _not_had(file: Distribution, error: FeedgateError) -> MovedFile:
    return MovedFile(file.filename, FileEnd.UNREADABLE, file.digest, file.size_bytes, reason=error.message)


def _row(
    file: Distribution, listed: Distribution | None, looked: Looked, raw: bytes, now: datetime
) -> Published:
    """Return the file as the feed will list it: its Requires-Python is its own, its time the oldest that is known of it."""
    metadata = parse_core_metadata(raw, filename=file.filename)
    stem = file.stem
    uploaded_at = (None if listed is None else listed.uploaded_at) or file.uploaded_at
    size_bytes = file.size_bytes or 0
    kept = Distribution(
        filename=file.filename,
        digest=looked.digest,
        size_bytes=size_bytes,
        requires_python=metadata.requires_python,
        uploaded_at=now if listed is None and uploaded_at is None else uploaded_at,
        # An sdist's metadata is not offered: installers trust only what a build says (PEP 658).
        metadata_digest=looked.metadata_digest if stem.kind is Kind.WHEEL else None,
        yanked=file.yanked if listed is None or file.yanked is not None else listed.yanked,
    )
    return Published(
        project=stem.project,
        version=str(metadata.version if listed is None else stem.version),
        file=kept,
        digest=looked.digest,
        size_bytes=size_bytes,
        origin=Origin.INTERNAL if listed is None else Origin.IMPORTED,
        source=None if listed is None else listed.source,
        published_at=now,
    )


def _unheard(_bytes: int) -> None:
    """Whole projects are counted, not bytes."""
