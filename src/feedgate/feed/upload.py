"""Take a file by the legacy upload form: streamed, looked at, judged, and only then visible.

The same bytes again are a success; other bytes under a used name never are; a
refused upload spends nothing and leaves nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from packaging.version import Version

from feedgate.access.permissions import Permission
from feedgate.access.require import require, require_actor
from feedgate.blobs.store import AlsoHash, BlobStore, Incoming
from feedgate.errors import FeedgateError
from feedgate.feed.form_check import check_bytes, check_form
from feedgate.feed.sends import post_sends
from feedgate.feed.spent import NameSpent
from feedgate.feed.upload_errors import RELEASE_OPEN, ReleaseClosed, UploadHeld, UploadRefused, UploadTooLarge
from feedgate.feed.upload_way import UploadWay
from feedgate.formats.core_metadata import parse_core_metadata
from feedgate.formats.upload_form import FileBegins, FileChunk, FormLimits, UploadForm, UploadFormParser
from feedgate.gate.advisories import Advisories
from feedgate.gate.decide import decide_import, decide_upload
from feedgate.gate.facts import ByName
from feedgate.gate.look import Looks
from feedgate.gate.looked import Looked
from feedgate.model.access import Caller
from feedgate.model.decision import Decision, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, InvalidFilename, Kind, parse_filename
from feedgate.model.feed import Feed, FeedProject, Origin, Uploads, UpstreamRule
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunId
from feedgate.policy.document import read_policy
from feedgate.records import decisions, distributions, feeds, projects
from feedgate.records.database import Change, Database, Snapshot
from feedgate.records.decisions import Judged
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located


class Listing(Protocol):
    """An upstream that can be asked whether it lists a file."""

    async def find(self, name: ProjectName, digest: Digest) -> Distribution | None:
        """Return the file with that digest; raises UpstreamUnavailable where nobody can say."""
        ...


@dataclass(frozen=True, slots=True)
class UploadParts:
    """What taking an upload needs."""

    records: Database
    blobs: BlobStore
    looks: Looks
    upstream: Listing
    advisories: Advisories
    form_limits: FormLimits
    file_limit_bytes: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of an upload; ``serial`` is None where nothing changed, ``sends`` are the runs that send it on."""

    filename: str
    digest: Digest
    project: ProjectName
    version: str
    is_new: bool
    origin: Origin
    serial: Serial | None
    note: str | None = None
    sends: tuple[RunId, ...] = ()


@dataclass(frozen=True, slots=True)
class _Received:
    """A file whose every byte is there, and what was seen in it."""

    form: UploadForm
    incoming: Incoming
    looked: Looked
    version: str
    project: ProjectName
    requires_python: str | None


async def receive_upload(  # who, where, what, how, when
    parts: UploadParts,
    caller: Caller,
    path: FeedPath,
    *,
    content_type: str,
    chunks: AsyncIterator[bytes],
    way: UploadWay,
    clock: Callable[[], datetime],
) -> Uploaded:
    """Take one upload from the bytes of its form.

    Raises what is wrong with form or file (Invalid), NameSpent, ReleaseClosed, UploadRefused,
    UploadHeld, UploadTooLarge, UpstreamUnavailable, and what ``require`` raises.
    """
    located, feed = await asyncio.to_thread(_feed, parts.records, caller, path, way)
    parser = UploadFormParser(content_type, limits=parts.form_limits)
    async with parts.blobs.receive((AlsoHash.MD5, AlsoHash.BLAKE2_256)) as incoming:
        form = await _stream(parser, incoming, chunks, parts.file_limit_bytes, way)
        check_bytes(form, incoming)
        known = await asyncio.to_thread(_known, parts.records, located, form.filename, incoming.digest)
        if known is not None:
            return known
        received = await _look(parts, form, incoming)
        listed = await _listed(parts, located, feed, received, way) if way.is_moving else None
        if listed is None:
            _check_own_kind(form.filename)
        # In threads: a hostile METADATA takes seconds to read.
        known_by_name = ByName(await parts.advisories.current(), clock())
        decision = await asyncio.to_thread(_decide, feed, received, listed, known_by_name)
        if decision.verdict is not Verdict.ADMIT:
            error = await asyncio.to_thread(
                _keep_out, parts.records, located, caller, received, decision, clock()
            )
            raise error
        received = await asyncio.to_thread(_read, received)
        if not way.is_moving:  # only now: a private name must not leak for a file that is not taken
            listed = await _listed(parts, located, feed, received, way)
        if listed is None:
            await asyncio.to_thread(_check_own, parts.records, caller, located, received, way, clock())
        await incoming.keep()
        looked = await parts.looks.remember(received.looked)
        row = _row(replace(received, looked=looked), listed, incoming, clock())
        judged = Judged.of(row.file.filename, row.digest, decision)
        return await asyncio.to_thread(_publish, parts.records, caller, path, located, row, judged, clock())


async def _stream(
    parser: UploadFormParser,
    incoming: Incoming,
    chunks: AsyncIterator[bytes],
    limit_bytes: int,
    way: UploadWay,
) -> UploadForm:
    filename = ""
    async for chunk in chunks:
        for event in parser.feed(chunk):
            if isinstance(event, FileBegins):
                filename = event.filename
                parse_filename(filename)
                if way is not UploadWay.MOVED:
                    _check_own_kind(filename)
            elif isinstance(event, FileChunk):
                if incoming.size_bytes + len(event.content) > limit_bytes:
                    raise UploadTooLarge(filename, limit_bytes)
                await incoming.write(event.content)
    return parser.close()


def _check_own_kind(filename: str) -> None:
    """Raise InvalidFilename for an sdist of old, which only an upstream may list."""
    if parse_filename(filename).kind is Kind.SDIST and not filename.endswith(".tar.gz"):
        raise InvalidFilename(filename, "an sdist is a .tar.gz (PEP 625)")


async def _look(parts: UploadParts, form: UploadForm, incoming: Incoming) -> _Received:
    looked = await parts.looks.look_at(incoming.path, form.filename, incoming.digest)
    stem = parse_filename(form.filename)
    return _Received(form, incoming, looked, str(stem.version), stem.project, None)


def _read(received: _Received) -> _Received:
    """Take name, version and Requires-Python from the file itself, and hold the form against it."""
    metadata = parse_core_metadata(received.looked.metadata or b"", filename=received.form.filename)
    check_form(received.form, metadata)
    return replace(
        received,
        project=metadata.name,
        version=str(metadata.version),
        requires_python=metadata.requires_python,
    )


def _decide(feed: Feed, received: _Received, listed: Distribution | None, by_name: ByName) -> Decision:
    policy, filename = read_policy(feed.policy), received.form.filename
    stem = parse_filename(filename)
    advised = by_name.advised(stem.project, stem.version)
    if listed is None:
        return decide_upload(policy, filename, received.looked, advised, now=by_name.now)
    file = replace(listed, filename=filename)
    return decide_import(policy, file, received.looked, advised, now=by_name.now)


async def _listed(
    parts: UploadParts, located: Located, feed: Feed, received: _Received, way: UploadWay
) -> Distribution | None:
    """Return the file as the upstream lists it, where the upstream may be asked at all."""
    project = await asyncio.to_thread(_project, parts.records, located, received.project)
    if not _may_ask(project, feed, way):
        return None
    return await parts.upstream.find(received.project, received.looked.digest)


def _may_ask(project: FeedProject | None, feed: Feed, way: UploadWay) -> bool:
    if way is UploadWay.MOVED_OWN:
        return False
    if way is UploadWay.MOVED:  # also for a name that an earlier file made internal just now
        return project is None or project.upstream is not UpstreamRule.DENY
    if project is None:
        return way is UploadWay.IMPORTED or feed.uploads is not Uploads.INTERNAL
    return not project.is_internal


def _feed(records: Database, caller: Caller, path: FeedPath, way: UploadWay) -> tuple[Located, Feed]:
    with records.read() as view:
        located = require(view, caller, way.permission, path)
        feed = feeds.state(view, located)
    if feed is None:
        raise RuntimeError(f"{path}: found and without a state")
    return located, feed


def _project(records: Database, located: Located, name: ProjectName) -> FeedProject | None:
    with records.read(located.id) as snapshot:
        return projects.find(snapshot, located.id, name)


def _known(records: Database, located: Located, filename: str, digest: Digest) -> Uploaded | None:
    with records.read(located.id) as snapshot:
        first = distributions.spent(snapshot, located.id, [filename]).get(filename)
        row = distributions.find(snapshot, located.id, filename)
    if first is None:
        return None
    if first != digest or row is None:
        raise NameSpent(located.path, filename, first=first, now=digest)
    return Uploaded(filename, digest, row.project, row.version, is_new=False, origin=row.origin, serial=None)


def _keep_out(  # where, who, what, why, when
    records: Database,
    located: Located,
    caller: Caller,
    received: _Received,
    decision: Decision,
    now: datetime,
) -> FeedgateError:
    """Write the refusal into the ledger and return the error that says it."""
    filename = received.form.filename
    held = decision.verdict is Verdict.HOLD
    with records.change(located.id, Act.HELD if held else Act.REFUSED, require_actor(caller), now) as change:
        change.record(
            {"files": [{"filename": filename, "sha256": received.looked.digest, "reason": decision.reason}]}
        )
    return UploadHeld(filename, decision) if held else UploadRefused(filename, decision)


def _check_own(  # where, who, what, how, when
    records: Database, caller: Caller, located: Located, received: _Received, way: UploadWay, now: datetime
) -> None:
    """Raise what keeps out a file that the upstream does not list.

    An imported name is taken by Owners alone; ReleaseClosed for a file that comes too late.
    """
    with records.read(located.id) as snapshot:
        if _takes_imported_name(snapshot, located, received.project):
            require(snapshot, caller, Permission.PROJECT_TAKE, located.path)
        rows = distributions.of_project(snapshot, located.id, received.project)
    release = [row.published_at for row in rows if Version(row.version) == Version(received.version)]
    if release and now - min(release) > RELEASE_OPEN and not way.is_moving:
        raise ReleaseClosed(received.form.filename, min(release))


def _row(received: _Received, listed: Distribution | None, incoming: Incoming, now: datetime) -> Published:
    is_wheel = parse_filename(received.form.filename).kind is Kind.WHEEL
    file = Distribution(
        filename=received.form.filename,
        digest=received.looked.digest,
        size_bytes=incoming.size_bytes,
        requires_python=received.requires_python,
        uploaded_at=now if listed is None else listed.uploaded_at,
        # An sdist's metadata is not offered: installers trust only what a build says (PEP 658).
        metadata_digest=received.looked.metadata_digest if is_wheel else None,
        yanked=None if listed is None else listed.yanked,
    )
    return Published(
        project=received.project,
        version=received.version,
        file=file,
        digest=received.looked.digest,
        size_bytes=incoming.size_bytes,
        origin=Origin.INTERNAL if listed is None else Origin.IMPORTED,
        source=None if listed is None else listed.source,
        published_at=now,
    )


def _publish(  # where, who, what, why, when
    records: Database,
    caller: Caller,
    path: FeedPath,
    located: Located,
    row: Published,
    judged: Judged,
    now: datetime,
) -> Uploaded:
    filename = row.file.filename
    with records.change(located.id, Act.UPLOADED, require_actor(caller), now) as change:
        require(change, caller, Permission.DISTRIBUTION_UPLOAD, path)
        first = distributions.spent(change, located.id, [filename]).get(filename)
        if first is not None:
            known = distributions.find(change, located.id, filename)
            if first != row.digest or known is None:
                raise NameSpent(located.path, filename, first=first, now=row.digest)
            # Somebody else brought the same bytes meanwhile: a success with nothing to do.
            return Uploaded(
                filename,
                row.digest,
                known.project,
                known.version,
                is_new=False,
                origin=known.origin,
                serial=None,
            )
        note = _settle_project(change, caller, path, located, row)
        distributions.publish(change, located.id, [row])
        serial = change.record(
            {
                "project": row.project,
                "version": row.version,
                "origin": row.origin.value,
                "files": [{"filename": filename, "sha256": row.digest}],
                "decision": decisions.to_json(judged),
            }
        )
        return Uploaded(
            filename,
            row.digest,
            row.project,
            row.version,
            is_new=True,
            origin=row.origin,
            serial=serial,
            note=note,
            sends=post_sends(change, located, [filename]),
        )


def _settle_project(
    change: Change, caller: Caller, path: FeedPath, located: Located, row: Published
) -> str | None:
    """Say what the upload makes of its name; taking an imported name needs an Owner."""
    project = projects.find(change, located.id, row.project)
    if project is None:
        projects.put(change, located.id, FeedProject(row.project, row.origin))
        if row.origin is Origin.IMPORTED:
            return None
        return (
            f"{row.project} is now internal to {located.path}: no upstream is asked for it. To change that: "
            f"feedgate project set {row.project} -f {located.path} --upstream allow"
        )
    if row.origin is Origin.INTERNAL and project.origin is Origin.IMPORTED:
        is_taken = _takes_imported_name(change, located, row.project)
        if is_taken:
            require(change, caller, Permission.PROJECT_TAKE, path)
        projects.put(change, located.id, replace(project, origin=Origin.INTERNAL))
        return f"{row.project} {'was imported and ' if is_taken else ''}is now internal to {located.path}"
    return None


def _takes_imported_name(view: Snapshot | Change, located: Located, name: ProjectName) -> bool:
    """Whether an own file would make a name the feed's own that it imported: that takes an Owner.

    Whatever a person said of the name's upstream: denying it gives nobody the right to the name.
    """
    project = projects.find(view, located.id, name)
    is_imported = project is not None and project.origin is Origin.IMPORTED
    return is_imported and distributions.was_imported(view, located.id, name)
