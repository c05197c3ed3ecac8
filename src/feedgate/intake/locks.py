"""What each target of a run installs: its pins with digests, addresses and markers, from what the steps kept."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.requirements import Requirement

from feedgate.blobs.store import BlobNotFound, BlobStore
from feedgate.errors import Invalid
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.intake.asked import Asked, words
from feedgate.intake.closure import walk
from feedgate.intake.kept import Fetched, Resolved, fetched_by, publication_by, resolved_by
from feedgate.intake.sending.sent import GOOD, Sent, sent_by
from feedgate.machine import addresses as paths
from feedgate.model.digest import Digest
from feedgate.model.environment import marker_environment
from feedgate.model.names import ProjectName
from feedgate.model.redaction import plain_address
from feedgate.model.resolution import Pin
from feedgate.model.run import Run, RunState
from feedgate.model.target import Target
from feedgate.records import inspections, runs
from feedgate.records.database import Database


@dataclass(frozen=True, slots=True)
class LockedPin:
    """One file of a closure: ``path`` at our server, ``address`` at the destination; ``marker`` None = always."""

    project: ProjectName
    version: str
    filename: str
    digest: Digest | None
    size_bytes: int | None
    uploaded_at: datetime | None
    marker: str | None
    path: str
    address: str | None


@dataclass(frozen=True, slots=True)
class TargetLock:
    """What one target installs, by project."""

    target: Target
    pins: tuple[LockedPin, ...]

    @property
    def requires_python(self) -> str:
        """The Pythons that it is for: one exact one, or every patch of a minor."""
        return f"=={self.target.python}" if self.target.patch is not None else f"==3.{self.target.minor}.*"

    @property
    def environment(self) -> str:
        """The marker of the machines that it is for."""
        found = marker_environment(self.target, self.target.python)
        named = ("sys_platform", "platform_machine", "implementation_name")
        return " and ".join(f"{name} == '{found[name]}'" for name in named)


@dataclass(frozen=True, slots=True)
class Locks:
    """A run's locks; ``installable`` = every file is at its address."""

    installable: bool
    targets: tuple[TargetLock, ...]


async def read_locks(records: Database, blobs: BlobStore, run: Run) -> Locks:
    """Return what each target of ``run`` installs, as far as it is resolved."""
    kept = await asyncio.to_thread(_kept, records, run)
    targets = []
    for target in run.targets:
        part = kept.resolved.get(str(target))
        if part is not None:
            digests = {pin.file.filename: _digest(pin, kept.fetched) for pin in part.pins}
            markers = await _markers(records, blobs, run, target, part, digests)
            pins = tuple(
                _pin(run, pin, digests[pin.file.filename], markers.get(pin.project), kept.addresses)
                for pin in part.pins
            )
            targets.append(TargetLock(target, pins))
    is_there = kept.is_published and run.state is RunState.PUBLISHED
    return Locks(is_there and _is_whole(run, targets), tuple(targets))


@dataclass(frozen=True, slots=True)
class _Kept:
    resolved: Mapping[str, Resolved]
    fetched: Fetched | None
    is_published: bool
    addresses: Mapping[str, str]


def _kept(records: Database, run: Run) -> _Kept:
    return _Kept(
        resolved_by(records, run.id),
        fetched_by(records, run.id),
        publication_by(records, run.id) is not None,
        {} if run.destination is None else _addresses(sent_by(records, run.id)),
    )


def _addresses(sent: Sent) -> Mapping[str, str]:
    """Return where the destination lists the files that it has with our bytes, by file name."""
    return {
        name: plain_address(file.address)
        for name, file in sent.files.items()
        # A good end that needs words: other bytes are there, and stay.
        if file.address is not None and file.end in GOOD and file.reason is None
    }


def _is_whole(run: Run, targets: Sequence[TargetLock]) -> bool:
    """Whether each target is there, and each of its files has a digest and an address to be fetched from."""
    pins = [pin for lock in targets for pin in lock.pins]
    return len(targets) == len(run.targets) and all(
        pin.digest is not None and (run.destination is None or pin.address is not None) for pin in pins
    )


def _digest(pin: Pin, fetched: Fetched | None) -> Digest | None:
    filename = pin.file.filename
    return pin.file.digest if fetched is None else fetched.digests.get(filename, pin.file.digest)


def _pin(
    run: Run, pin: Pin, digest: Digest | None, marker: str | None, addresses: Mapping[str, str]
) -> LockedPin:
    file = pin.file
    return LockedPin(
        project=pin.project,
        version=pin.version,
        filename=file.filename,
        digest=digest,
        size_bytes=file.size_bytes,
        uploaded_at=file.uploaded_at,
        marker=marker,
        path=paths.download_path(
            run.feed.organization,
            run.feed.feed,
            None,
            pin.project,
            str(file.stem.version),
            file.filename,
        ),
        address=addresses.get(file.filename),
    )


async def _markers(  # whose closure, where it is kept, and for which machines
    records: Database,
    blobs: BlobStore,
    run: Run,
    target: Target,
    part: Resolved,
    digests: Mapping[str, Digest | None],
) -> dict[ProjectName, str]:
    """Return the markers of what only some patches of a bare minor need; others are always installed.

    Where a file's METADATA is not kept nothing is left out: more than is needed
    can be installed, less can not.
    """
    if len(part.pythons) <= 2:  # the first and the newest: no patch between was named by anything
        return {}
    members = await _members(records, blobs, part, digests)
    if members is None:
        return {}
    asked = await asyncio.to_thread(_asked, records, run)
    needed: dict[int, frozenset[ProjectName]] = {}
    for python in part.pythons:
        try:
            wanted = words(asked, target, python).wanted
        except Invalid:  # a lock that is not for this patch
            continue
        needed[_patch(python)] = _reached(wanted, members, target, python)
    found = {pin.project: _marker(pin.project, target, needed) for pin in part.pins}
    return {project: marker for project, marker in found.items() if marker is not None}


async def _members(
    records: Database, blobs: BlobStore, part: Resolved, digests: Mapping[str, Digest | None]
) -> dict[ProjectName, CoreMetadata] | None:
    stored = [digest for digest in digests.values() if digest is not None]
    where = await asyncio.to_thread(_metadata_digests, records, stored)
    members: dict[ProjectName, CoreMetadata] = {}
    for pin in part.pins:
        digest = digests[pin.file.filename]
        metadata_digest = None if digest is None else where.get(digest)
        if metadata_digest is None:
            return None
        try:
            raw = await (await blobs.open(metadata_digest)).read()
            members[pin.project] = parse_core_metadata(raw, filename=pin.file.filename)
        except (BlobNotFound, Invalid):
            return None
    return members


def _metadata_digests(records: Database, digests: Sequence[Digest]) -> dict[Digest, Digest | None]:
    with records.read() as view:
        return inspections.find_metadata(view, digests)


def _asked(records: Database, run: Run) -> Asked:
    with records.read() as view:
        return Asked.from_text(runs.request_text(view, run.id))


def _reached(
    wanted: Sequence[Requirement], members: Mapping[ProjectName, CoreMetadata], target: Target, python: str
) -> frozenset[ProjectName]:
    return frozenset(walk(wanted, members, marker_environment(target, python)).reached)


def _patch(python: str) -> int:
    return int(python.rpartition(".")[2])


def _marker(project: ProjectName, target: Target, needed: Mapping[int, frozenset[ProjectName]]) -> str | None:
    """Say on which patches the project is needed; None = on all, or on none that we know of.

    Between two patches that follow each other in ``needed`` nothing changes, so a
    stretch ends before the first patch on which the project is not needed.
    """
    patches = sorted(needed)
    stretches: list[tuple[int | None, int | None]] = []
    begun: int | None = None
    is_open = False
    for patch in patches:
        is_needed = project in needed[patch]
        if is_needed and not is_open:
            begun, is_open = (None if patch == patches[0] else patch), True
        elif not is_needed and is_open:
            stretches.append((begun, patch))
            is_open = False
    if is_open:
        stretches.append((begun, None))
    if not stretches or stretches == [(None, None)]:
        return None
    return " or ".join(_stretch(target, *stretch) for stretch in stretches)


def _stretch(target: Target, first: int | None, end: int | None) -> str:
    bounds = []
    if first is not None:
        bounds.append(f"python_full_version >= '{target.at(first)}'")
    if end is not None:
        bounds.append(f"python_full_version < '{target.at(end)}'")
    return " and ".join(bounds)
