"""A feed's bill of materials: its releases at one serial, as their metadata and the advisories speak of them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from packaging.version import Version

from feedgate.access.permissions import Permission
from feedgate.access.require import require
from feedgate.blobs.store import BlobNotFound, BlobStore
from feedgate.errors import Invalid
from feedgate.feed.index import check_serial
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.formats.cyclonedx import ListedFile, ListedRelease, Sbom, StatedLicence
from feedgate.gate.advisories import Advisories
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.access import Caller
from feedgate.model.digest import Digest
from feedgate.model.distribution import Kind, parse_filename
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.redaction import plain_address
from feedgate.records import distributions, inspections
from feedgate.records.database import Database
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located

_READ_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class SbomParts:
    """What a bill of materials is made from."""

    records: Database
    blobs: BlobStore
    advisories: Advisories


async def feed_sbom(parts: SbomParts, caller: Caller, path: FeedPath, serial: int | None) -> Sbom:
    """Return what the feed holds, or held at ``serial``; raises UnknownSerial, and what ``require`` raises.

    A feed has many versions of a project, so of what a release needs nothing is said.
    """
    located, at, rows = await asyncio.to_thread(_rows, parts.records, caller, path, serial)
    database = await parts.advisories.current()
    by_release: defaultdict[tuple[ProjectName, str], list[Published]] = defaultdict(list)
    for row in rows:
        by_release[row.project, str(Version(row.version))].append(row)
    # What a release's files say of its licence is the same; one is read, a wheel where there is one.
    spoken_by = {release: min(files, key=_is_spoken_by) for release, files in by_release.items()}
    metadata = await read_metadata(parts, [(row.digest, row.file.filename) for row in spoken_by.values()])
    releases = await asyncio.to_thread(
        lambda: tuple(
            listed_release(name, version, files, metadata.get(spoken_by[name, version].digest), database)
            for (name, version), files in by_release.items()
        )
    )
    return Sbom(
        subject=str(located.path),
        version=f"serial {at}",
        releases=releases,
        properties=[("feed", str(located.path)), ("serial", str(at)), *of_database(database)],
    )


def listed_release(
    name: ProjectName,
    version: str,
    files: Sequence[Published],
    metadata: CoreMetadata | None,
    database: AdvisoryDatabase,
) -> ListedRelease:
    """Return a release as a bill lists it; ``files`` are rows of one release, at least one."""
    first = files[0]
    return ListedRelease(
        project=name,
        version=version,
        files=tuple(
            ListedFile(
                row.file.filename, row.digest, None if row.source is None else plain_address(row.source)
            )
            for row in files
        ),
        licence=stated_licence(metadata),
        origin=first.origin.value,
        yanked=first.file.yanked,
        vulnerabilities=database.match(name, version),
    )


def stated_licence(metadata: CoreMetadata | None) -> StatedLicence:
    """Return what the metadata say of the licence; nothing where there are none."""
    if metadata is None:
        return StatedLicence()
    return StatedLicence(metadata.license_expression, metadata.license, metadata.classifiers)


def of_database(database: AdvisoryDatabase) -> list[tuple[str, str]]:
    """Return which advisory database was asked, as properties: without one, no vulnerabilities is no good news."""
    if not database.is_loaded:
        return [("advisories", "none loaded")]
    return [(f"advisories:{source}", digest) for source, digest in sorted(database.digests.items())]


async def read_metadata(
    parts: SbomParts, files: Iterable[tuple[Digest, str]]
) -> Mapping[Digest, CoreMetadata]:
    """Return the METADATA of files by digest, of those that were looked at and say something that can be read."""
    names = dict(files)
    where = await asyncio.to_thread(_where, parts.records, list(names))
    gate = asyncio.Semaphore(_READ_AT_ONCE)

    async def read(digest: Digest, metadata: Digest) -> tuple[Digest, CoreMetadata] | None:
        async with gate:
            try:
                raw = await (await parts.blobs.open(metadata)).read()
                return digest, await asyncio.to_thread(parse_core_metadata, raw, filename=names[digest])
            except (BlobNotFound, Invalid):
                return None

    found = await asyncio.gather(
        *(read(digest, metadata) for digest, metadata in where.items() if metadata is not None)
    )
    return dict(one for one in found if one is not None)


def _where(records: Database, digests: Sequence[Digest]) -> dict[Digest, Digest | None]:
    with records.read() as view:
        return inspections.find_metadata(view, digests)


def _rows(
    records: Database, caller: Caller, path: FeedPath, serial: int | None
) -> tuple[Located, int, tuple[Published, ...]]:
    with records.read() as view:
        located = require(view, caller, Permission.FEED_READ, path)
    at = None if serial is None else check_serial(records, located, serial)
    with records.read(located.id, at) as snapshot:
        return located, snapshot.at, tuple(distributions.all_of(snapshot, located.id))


def _is_spoken_by(row: Published) -> tuple[bool, str]:
    return parse_filename(row.file.filename).kind is not Kind.WHEEL, row.file.filename
