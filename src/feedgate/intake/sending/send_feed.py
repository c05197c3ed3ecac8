"""Step: have a destination list what a feed holds. Nothing is resolved, and the gate has seen all of it before."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar, Final

from packaging.utils import canonicalize_name

from feedgate.blobs.store import BlobStore
from feedgate.formats.core_metadata import CoreMetadata, parse_core_metadata
from feedgate.gate.look import Looks
from feedgate.gate.looked import Looked
from feedgate.intake.asked_destination import AskedDestination
from feedgate.intake.destinations import Destinations, tell_wait
from feedgate.intake.run_index import NoMetadata
from feedgate.intake.sending.feed_files import FeedFiles, files_of_projects, files_to_send
from feedgate.intake.sending.feed_order import FeedOrder, dependencies_of, environments_of, feed_order_of
from feedgate.intake.sending.order import Release
from feedgate.intake.sending.ranks import Closure, all_there, find_listed, release_of
from feedgate.intake.sending.saving import have_saved
from feedgate.intake.sending.sender import Sender
from feedgate.intake.sending.sent import GOOD, End, Sent, SentFile, keep_sent
from feedgate.intake.sending.there import in_words, read_pages, why_unreachable, with_our_bytes
from feedgate.intake.standing import SecretMissing
from feedgate.model.destination import Limits, parse_limits
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.run import Done, Event, Failed, Later, Outcome, Run, Tell
from feedgate.model.send_request import SendRequest
from feedgate.model.target import Target
from feedgate.outside.destination import Destination
from feedgate.outside.destination_peer import DestinationDenied, DestinationUnavailable
from feedgate.records import destinations, runs
from feedgate.records.database import Database, FeedId
from feedgate.records.distributions import Published

_MOST_TRIES: Final = 10
"""How often a send begins again that broke off in the middle: after an hour it stands in the way of later ones."""

_MOST_TRIES_AWAY: Final = 100
"""How often a destination is asked that does not answer, or does not know the secret: for about a day."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the run is to do, with what the standing destination says now."""

    feed: FeedId
    request: SendRequest
    accepted: frozenset[ProjectName]
    limits: Limits
    tries: int


@dataclass(frozen=True, slots=True)
class _Held:
    """The files to send and what each says of itself; ``asked`` are the names of those that the request is about."""

    files: FeedFiles
    asked: frozenset[str]
    metadata: Mapping[str, CoreMetadata]
    order: FeedOrder


@dataclass(frozen=True, slots=True)
class SendFeed:
    """Send files of the feed to a destination; what is there is not sent again.

    To a standing destination a run waits that can not be sent now; a command's own has somebody who waits.
    """

    name: ClassVar[str] = "send"

    records: Database
    blobs: BlobStore
    looks: Looks
    destinations: Destinations

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Send, confirm, and ask for each file."""
        del target
        asked = await asyncio.to_thread(self._asked, run)
        most_tries = _MOST_TRIES_AWAY
        try:
            destination = await self._open(run, asked)
            await destination.check(tell=tell_wait(destination.name, tell))
            most_tries = _MOST_TRIES
            held = await self._held(run, asked)
            async with self.destinations.sending(destination):
                return await self._send(run, asked, destination, held, tell)
        except (SecretMissing, DestinationUnavailable) as error:
            if asked.request.name is None or asked.tries >= most_tries:
                raise
            tell(Event("waits", {"reason": f"waits: {error.message}"}))
            return Later(error.message)
        except DestinationDenied as error:
            # Tokens expire, and what comes in their place is as good as one that was missing. A right that
            # the holder lacks (403) is nothing that comes by itself.
            is_unknown = error.facts["status"] == HTTPStatus.UNAUTHORIZED
            if asked.request.name is None or not is_unknown or asked.tries >= _MOST_TRIES_AWAY:
                raise
            reason = f"{error.message}; its secret is not valid there, and is read anew at each try"
            tell(Event("waits", {"reason": f"waits: {reason}"}))
            return Later(reason)

    def _asked(self, run: Run) -> _Asked:
        with self.records.read() as view:
            request = SendRequest.from_text(runs.request_text(view, run.id))
            feed = runs.feed_of(view, run.id)
            tries = runs.tries(view, run.id)
            standing = None if request.name is None else destinations.find(view, feed, request.name)
        accepted, limits = request.accept_existing, request.limits
        if standing is not None:
            accepted, limits = accepted + standing.accept_existing, limits + standing.limits
        return _Asked(
            feed, request, frozenset(map(parse_project_name, accepted)), parse_limits(limits), tries
        )

    async def _open(self, run: Run, asked: _Asked) -> Destination:
        request = asked.request
        there = AskedDestination(name=request.name, upload_url=request.upload_url, read_url=request.read_url)
        return await self.destinations.of(run.id, asked.feed, there)

    async def _held(self, run: Run, asked: _Asked) -> _Held:
        files = await asyncio.to_thread(files_to_send, self.records, asked.feed, asked.request)
        looked = await self._look(files.rows)
        metadata = {row.file.filename: _says(row, looked) for row in files.rows}
        names = frozenset(metadata)
        if asked.request.filenames is not None:
            files = await self._with_dependencies(run, asked, files, looked, metadata)
        order = await asyncio.to_thread(_order, run, files.rows, metadata)
        rows = tuple(_described(row, looked) for row in files.rows)
        return _Held(replace(files, rows=rows), names, metadata, order)

    async def _with_dependencies(
        self,
        run: Run,
        asked: _Asked,
        files: FeedFiles,
        looked: dict[Digest, Looked],
        metadata: dict[str, CoreMetadata],
    ) -> FeedFiles:
        """Return ``files`` and those of the feed that they depend on, of which an earlier send may have failed.

        Adds to ``looked`` and ``metadata`` what is seen on the way.
        """
        rows = list(files.rows)
        seen: set[ProjectName] = set()
        while more := _required(metadata.values()) - seen:
            seen |= more
            found = await asyncio.to_thread(
                files_of_projects, self.records, asked.feed, asked.request.serial, more
            )
            new = [row for row in found if row.file.filename not in metadata]
            looked.update(await self._look(new))
            with_metadata = [row for row in new if looked[row.digest].metadata is not None]
            metadata.update({row.file.filename: _says(row, looked) for row in with_metadata})
            rows.extend(with_metadata)
        order = await asyncio.to_thread(_order, run, rows, metadata)
        carried = dependencies_of(order, map(release_of, files.rows))
        added = (row for row in rows[len(files.rows) :] if release_of(row) in carried)
        return replace(files, rows=(*files.rows, *added))

    async def _look(self, rows: Sequence[Published]) -> dict[Digest, Looked]:
        named = [(row.digest, row.file.filename) for row in rows]
        return dict(await self.looks.look_all(named, seen=lambda _count: None))

    async def _send(
        self, run: Run, asked: _Asked, destination: Destination, held: _Held, tell: Tell
    ) -> Outcome:
        rows = held.files.rows
        closure = Closure(rows, held.metadata, held.order, asked.accepted, asked.limits)
        pages = await read_pages(destination, {row.project for row in rows})
        sender = Sender(self.records, self.blobs)
        ended = await sender.send(run, closure, destination, pages, tell, chooses=False)
        files, pages = ended.files, ended.pages
        is_there = all_there(file for name, file in files.items() if name in held.asked)
        needless = _not_taken(files) if is_there else {}
        files = {name: file for name, file in files.items() if name not in needless}
        sent = Sent(files=files, spent=ended.spent, notes=_notes(held, files, needless))
        await asyncio.to_thread(keep_sent, self.records, run.id, sent)
        if not is_there:
            return Failed("not-all-sent", in_words(sent.files))
        rows = tuple(row for row in rows if row.file.filename in files)
        listed = [find_listed(pages.get(row.project), row.file.filename) for row in rows]
        saved = await have_saved(destination, [file for file in listed if file is not None])
        sent = replace(sent, notes=(*sent.notes, *saved))
        reason = await why_unreachable(destination, with_our_bytes(rows, sent.files), pages)
        if reason is not None:
            return Failed(
                "not-there-afterwards",
                f"{asked.request.in_words}: all files are listed, but: {reason}. "
                f"Next: look at the destination's page, then: feedgate run retry {run.id}",
            )
        await asyncio.to_thread(keep_sent, self.records, run.id, replace(sent, is_complete=True))
        return Done()


def _says(row: Published, looked: Mapping[Digest, Looked]) -> CoreMetadata:
    raw = looked[row.digest].metadata
    if raw is None:
        raise NoMetadata(row.file.filename)
    return parse_core_metadata(raw, filename=row.file.filename)


def _described(row: Published, looked: Mapping[Digest, Looked]) -> Published:
    """Return the row with where our store has what the file says of itself, an sdist's too."""
    return replace(row, file=replace(row.file, metadata_digest=looked[row.digest].metadata_digest))


def _required(files: Iterable[CoreMetadata]) -> set[ProjectName]:
    """Return every name that the files require, wherever and with whatever extra."""
    return {canonicalize_name(one.name) for metadata in files for one in metadata.requires_dist}


def _order(run: Run, rows: Sequence[Published], metadata: Mapping[str, CoreMetadata]) -> FeedOrder:
    members: dict[Release, list[CoreMetadata]] = {}
    for row in rows:
        members.setdefault(release_of(row), []).append(metadata[row.file.filename])
    return feed_order_of(members, environments_of(run.targets, members))


def _not_taken(files: Mapping[str, SentFile]) -> Mapping[str, SentFile]:
    return {name: file for name, file in files.items() if file.end not in GOOD}


def _notes(held: _Held, files: Mapping[str, SentFile], needless: Mapping[str, SentFile]) -> tuple[str, ...]:
    notes = []
    along = [name for name, file in files.items() if name not in held.asked and file.end is End.SENT]
    if held.files.yanked:
        notes.append(f"yanked, and so not sent: {', '.join(held.files.yanked)}")
    if along:
        notes.append(f"sent along, since they are depended on: {', '.join(sorted(along))}")
    if needless:
        notes.append(f"not there, and what was sent can do without: {in_words(needless)}")
    return tuple(notes)
