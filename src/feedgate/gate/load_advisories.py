"""Load an advisory database: received, read within limits, held against the loaded one, and then current at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from feedgate.access.require import require_administrator
from feedgate.blobs.store import BlobStore
from feedgate.errors import Missing, TooLarge
from feedgate.formats.advisory_zip import ReadZip, read_advisory_zip
from feedgate.formats.compiled_advisories import compile_advisories
from feedgate.gate.advisory_admission import MOST_AHEAD, Ahead, check_replaces
from feedgate.model.access import Caller
from feedgate.model.advisory_source import MOST_KEPT_FINDINGS, AdvisorySource, LoadedAdvisories
from feedgate.model.digest import Digest
from feedgate.model.ledger import Act
from feedgate.model.times import format_time
from feedgate.records import advisories
from feedgate.records.database import Database

LARGEST_DATABASE_BYTES: Final = 512 * 1024 * 1024

_UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_YET: Final = Digest("")  # until the bytes are kept

Download = Callable[[str, str], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a source's database by the source's name and an address; its bytes come as they are read."""


class NoSuchAdvisorySource(Missing):
    """The settings name no source of advisories by that name."""

    code = "no-such-advisory-source"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"{name[:80]!r}: there is no advisory source of that name",
            next_step=f"Name one of: {', '.join(known) or '(none)'}. The setting advisories.sources has more.",
            facts={"source": name[:80], "known": list(known)},
        )


class AdvisoriesTooLarge(TooLarge):
    """An advisory database with more bytes than any has."""

    code = "advisories-too-large"

    def __init__(self, source: str, *, limit_bytes: int) -> None:
        super().__init__(
            f"advisory source {source}: the database has more than {limit_bytes // 1024**2} MiB",
            next_step="Nothing was changed. Look whether it is the right file: of PyPI alone, one zip of OSV records.",
            facts={"source": source, "limit": limit_bytes},
        )


@dataclass(frozen=True, slots=True)
class LoadParts:
    """What loading needs; ``sources`` are those of the settings."""

    records: Database
    blobs: BlobStore
    sources: tuple[AdvisorySource, ...]
    download: Download
    limit_bytes: int = LARGEST_DATABASE_BYTES


@dataclass(frozen=True, slots=True)
class Loading:
    """What a source has now; ``is_new`` = it was not loaded before."""

    source: AdvisorySource
    loaded: LoadedAdvisories
    is_new: bool


async def load_advisories(
    parts: LoadParts,
    caller: Caller,
    source: str,
    chunks: AsyncIterator[bytes],
    *,
    force: bool,
    clock: Callable[[], datetime],
) -> Loading:
    """Load the zip that ``chunks`` are; the same bytes again change nothing.

    Raises NoSuchAdvisorySource, AdvisoriesTooLarge, HostileAdvisoryZip, without ``force`` what
    ``check_replaces`` raises, and what ``require_administrator`` raises.
    """
    actor = require_administrator(caller)
    return await _take(parts, actor, find_source(parts.sources, source), chunks, force=force, clock=clock)


async def update_advisories(
    parts: LoadParts,
    caller: Caller,
    source: str,
    *,
    url: str | None = None,
    force: bool,
    clock: Callable[[], datetime],
) -> Loading:
    """Fetch a source's database, or what lies at ``url``, and load it.

    Raises what ``load_advisories`` does, and what fetching does.
    """
    actor = require_administrator(caller)
    found = find_source(parts.sources, source)
    async with parts.download(found.name, url or found.url) as chunks:
        return await _take(parts, actor, found, chunks, force=force, clock=clock)


def find_source(sources: Sequence[AdvisorySource], name: str) -> AdvisorySource:
    """Return the source of that name; raises NoSuchAdvisorySource."""
    for source in sources:
        if source.name == name:
            return source
    raise NoSuchAdvisorySource(name, [source.name for source in sources])


@dataclass(frozen=True, slots=True)
class _Read:
    """A database as it was read: what its row says, and its compiled form."""

    loaded: LoadedAdvisories
    ahead: Ahead | None
    compiled: bytes


async def _take(
    parts: LoadParts,
    actor: str,
    source: AdvisorySource,
    chunks: AsyncIterator[bytes],
    *,
    force: bool,
    clock: Callable[[], datetime],
) -> Loading:
    async with parts.blobs.receive() as incoming:
        async for chunk in chunks:
            await incoming.write(chunk)
            if incoming.size_bytes > parts.limit_bytes:
                raise AdvisoriesTooLarge(source.name, limit_bytes=parts.limit_bytes)
        known = await asyncio.to_thread(_find, parts.records, source.name)
        if known is not None and known.digest == incoming.digest:
            return Loading(source, known, is_new=False)
        now = clock()
        read = await asyncio.to_thread(_read, incoming.path, source.name, now)
        if not force:
            check_replaces(read.loaded, read.ahead, known, now=now)
        digest = await incoming.keep()
    async with parts.blobs.receive() as incoming:
        await incoming.write(read.compiled)
        compiled = await incoming.keep()
    whole = replace(read, loaded=replace(read.loaded, digest=digest, compiled=compiled))
    return await asyncio.to_thread(_record, parts.records, actor, source, whole, force=force, now=now)


def _find(records: Database, source: str) -> LoadedAdvisories | None:
    with records.read() as view:
        return advisories.find(view, source)


def _read(path: Path, source: str, now: datetime) -> _Read:
    found = read_advisory_zip(path, source)
    late = [one.modified for one in found.advisories if one.modified > now + MOST_AHEAD]
    ahead = Ahead(len(late), max(late)) if late else None
    return _Read(_row(found, source, now), ahead, compile_advisories(found.advisories))


def _row(found: ReadZip, source: str, now: datetime) -> LoadedAdvisories:
    dates = [one.modified for one in found.advisories if one.modified <= now + MOST_AHEAD]
    return LoadedAdvisories(
        source=source,
        digest=_NOT_YET,
        compiled=_NOT_YET,
        dated_at=max(dates, default=_UNDATED),
        loaded_at=now,
        records=len(found.advisories),
        withdrawn=sum(one.withdrawn is not None for one in found.advisories),
        malware=sum(one.is_malware for one in found.advisories),
        finding_count=len(found.findings),
        findings=found.findings[:MOST_KEPT_FINDINGS],
    )


def _record(
    records: Database, actor: str, source: AdvisorySource, read: _Read, *, force: bool, now: datetime
) -> Loading:
    """Make it current in one entry, unless meanwhile another was loaded that it may not take the place of."""
    loaded = read.loaded
    with records.change(None, Act.ADVISORIES_LOADED, actor, now) as change:
        known = advisories.find(change, source.name)
        if known is not None and known.digest == loaded.digest:
            return Loading(source, known, is_new=False)
        if not force:
            check_replaces(loaded, read.ahead, known, now=now)
        advisories.put(change, loaded)
        change.record(
            {
                "source": source.name,
                "sha256": loaded.digest,
                "before": None if known is None else known.digest,
                "dated": format_time(loaded.dated_at),
                "records": loaded.records,
                "withdrawn": loaded.withdrawn,
                "malware": loaded.malware,
                "forced": force,
            }
        )
    return Loading(source, loaded, is_new=True)
