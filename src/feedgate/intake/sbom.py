"""A run's bill of materials: its closure over all targets, with what needs what on each of them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from feedgate.errors import Invalid
from feedgate.feed.sbom import SbomParts, of_database, read_metadata, stated_licence
from feedgate.formats.core_metadata import CoreMetadata
from feedgate.formats.cyclonedx import SUBJECT, ListedFile, ListedRelease, Sbom, purl
from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.intake.asked import Asked, words
from feedgate.intake.closure import REQUEST, walk
from feedgate.intake.kept import Fetched, Resolved, fetched_by, publication_by, resolved_by
from feedgate.intake.request import show_run
from feedgate.model.access import Caller
from feedgate.model.digest import Digest
from feedgate.model.environment import marker_environment
from feedgate.model.feed import Origin
from feedgate.model.names import ProjectName
from feedgate.model.redaction import plain_address
from feedgate.model.resolution import Pin
from feedgate.model.run import Run
from feedgate.model.target import Target
from feedgate.records import runs
from feedgate.records.database import Database


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the run kept: the pins of all targets by file name, their digests, and what was asked."""

    run: Run
    asked: Asked | None
    resolved: Mapping[str, Resolved]
    pins: Mapping[str, Pin]
    digests: Mapping[str, Digest]
    serial: int | None


async def run_sbom(parts: SbomParts, caller: Caller, run_id: str) -> Sbom:
    """Return the closure of a run, as far as it is resolved; raises NoSuchRun.

    What each member needs is known of those alone whose METADATA is kept: of a plan, which fetches
    nothing, of none but those that the feed had.
    """
    kept = await asyncio.to_thread(_kept, parts.records, caller, run_id)
    database = await parts.advisories.current()
    metadata = await read_metadata(parts, [(digest, name) for name, digest in kept.digests.items()])
    return await asyncio.to_thread(_sbom, kept, database, metadata)


def _kept(records: Database, caller: Caller, run_id: str) -> _Kept:
    run = show_run(records, caller, run_id)
    resolved = resolved_by(records, run.id)
    fetched = fetched_by(records, run.id)
    publication = publication_by(records, run.id)
    pins = {pin.file.filename: pin for part in resolved.values() for pin in part.pins}
    return _Kept(
        run,
        _asked(records, run) if resolved else None,
        resolved,
        pins,
        dict(_digests(pins, fetched)),
        None if publication is None else publication.serial,
    )


def _asked(records: Database, run: Run) -> Asked:
    with records.read() as view:
        return Asked.from_text(runs.request_text(view, run.id))


def _digests(pins: Mapping[str, Pin], fetched: Fetched | None) -> Iterator[tuple[str, Digest]]:
    for name, pin in pins.items():
        digest = pin.file.digest if fetched is None else fetched.digests.get(name, pin.file.digest)
        if digest is not None:
            yield name, digest


def _sbom(kept: _Kept, database: AdvisoryDatabase, metadata: Mapping[Digest, CoreMetadata]) -> Sbom:
    requires: defaultdict[str, set[str]] = defaultdict(set)
    whole = {SUBJECT}
    by_release: defaultdict[tuple[ProjectName, str], list[Pin]] = defaultdict(list)
    for pin in kept.pins.values():
        by_release[pin.project, str(pin.file.stem.version)].append(pin)
    for target in kept.run.targets:
        part = kept.resolved.get(str(target))
        if part is not None and kept.asked is not None:
            for parent, needed in _edges(kept, kept.asked, target, part, metadata):
                requires[parent].update(needed)
    spoken = {}
    for (name, version), pins in by_release.items():
        found = [
            metadata.get(kept.digests[one.file.filename]) for one in pins if one.file.filename in kept.digests
        ]
        spoken[name, version] = next((one for one in found if one is not None), None)
        if len(found) == len(pins) and None not in found:
            whole.add(purl(name, version))
            requires.setdefault(purl(name, version), set())
    return Sbom(
        subject=str(kept.run.feed),
        version=kept.run.id,
        releases=tuple(
            _release(name, version, pins, kept.digests, spoken[name, version], database)
            for (name, version), pins in by_release.items()
        ),
        requires={parent: frozenset(needed) for parent, needed in requires.items()},
        whole=frozenset(whole),
        properties=list(_properties(kept, database)),
    )


def _properties(kept: _Kept, database: AdvisoryDatabase) -> Iterator[tuple[str, str]]:
    yield "feed", str(kept.run.feed)
    yield "run", kept.run.id
    yield "state", kept.run.state.value
    if kept.serial is not None:
        yield "serial", str(kept.serial)
    for target in kept.run.targets:
        yield "target", str(target)
    yield from of_database(database)


def _release(
    name: ProjectName,
    version: str,
    pins: Sequence[Pin],
    digests: Mapping[str, Digest],
    metadata: CoreMetadata | None,
    database: AdvisoryDatabase,
) -> ListedRelease:
    first = pins[0]
    return ListedRelease(
        project=name,
        version=version,
        files=tuple(
            ListedFile(
                pin.file.filename,
                digests.get(pin.file.filename),
                None if pin.file.source is None else plain_address(pin.file.source),
            )
            for pin in pins
        ),
        licence=stated_licence(metadata),
        origin=(Origin.INTERNAL if first.internal else Origin.IMPORTED).value,
        yanked=first.file.yanked,
        vulnerabilities=database.match(name, version),
    )


def _edges(
    kept: _Kept, asked: Asked, target: Target, part: Resolved, metadata: Mapping[Digest, CoreMetadata]
) -> Iterator[tuple[str, set[str]]]:
    """Yield what needs what on one target, on any of the exact Pythons that were proved there."""
    references = {pin.project: purl(pin.project, str(pin.file.stem.version)) for pin in part.pins}
    members = {
        pin.project: metadata[digest]
        for pin in part.pins
        if (digest := kept.digests.get(pin.file.filename)) in metadata and digest is not None
    }
    for python in part.pythons or (target.python,):
        try:
            wanted = words(asked, target, python).wanted
        except Invalid:  # a lock that is not for this patch
            continue
        for parent, needed in walk(wanted, members, marker_environment(target, python)).requires.items():
            reference = SUBJECT if parent == REQUEST else references[ProjectName(parent)]
            yield reference, {references[name] for name in needed if name in references}
