"""Step: have the destination list the whole closure, and prove it there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, TypeAlias

from feedgate.blobs.store import BlobStore
from feedgate.errors import FeedgateError
from feedgate.formats.core_metadata import CoreMetadata
from feedgate.gate.look import Looks
from feedgate.index.described import Described
from feedgate.index.over_http import drop
from feedgate.index.remembered import Remembered
from feedgate.intake.asked import Asked, words
from feedgate.intake.destinations import Destinations
from feedgate.intake.kept import Proof
from feedgate.intake.learnt import keep_learnt
from feedgate.intake.order import Order, Release, order_of
from feedgate.intake.prove import Prove
from feedgate.intake.run_index import Faced, RunIndexes, asked_by
from feedgate.intake.saving import have_saved
from feedgate.intake.sending import Closure, Sending, all_there, find_listed, release_of
from feedgate.intake.sent import GOOD, End, Sent, SentFile, keep_sent, sent_by
from feedgate.intake.staging import Staging, stage
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.environment import marker_environment
from feedgate.model.index import NoSuchProject, ProjectPage
from feedgate.model.names import ProjectName
from feedgate.model.redaction import plain_address
from feedgate.model.run import Again, Done, Event, Failed, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.outside.delivery import Delivery, Outgoing
from feedgate.outside.destination import Destination
from feedgate.records.database import Database
from feedgate.records.distributions import Published

_MOST_ROUNDS: Final = 10
_MOST_NAMED: Final = 10

Pages: TypeAlias = Mapping[ProjectName, ProjectPage | None]


@dataclass(frozen=True, slots=True)
class Send:
    """Send what was published to the run's destination; what is there is not sent again."""

    name: ClassVar[str] = "send"

    records: Database
    blobs: BlobStore
    looks: Looks
    views: RunIndexes
    destinations: Destinations
    prove: Prove
    clock: Callable[[], datetime]

    async def __call__(self, run: Run, target: Target | None, tell: Tell) -> Outcome:
        """Send, confirm, and prove every target against the destination itself."""
        del target
        view = await self.views.of(run)
        if view.faced is None:
            raise RuntimeError("send is a step of runs with a destination")
        staging = await stage(view, self.records, self.blobs, self.looks, run, self.clock)
        async with self.destinations.sending(view.faced.destination):
            return await self._send(run, view.faced, staging, tell)

    async def _send(self, run: Run, faced: Faced, staging: Staging, tell: Tell) -> Outcome:
        destination = faced.destination
        sent = await asyncio.to_thread(sent_by, self.records, run.id)
        pages = await read_pages(destination, {row.project for row in staging.rows})
        asked = await asyncio.to_thread(asked_by, self.records, run)
        order = await asyncio.to_thread(_order, asked, run, staging)
        sending = self._sending(run, faced, staging, order, pages, sent, tell)
        await sending.run()
        sent = await asyncio.to_thread(sent_by, self.records, run.id)
        sent = replace(sent, files=sending.files, spent={**sent.spent, **sending.spent})
        await asyncio.to_thread(keep_sent, self.records, run.id, sent)
        if sending.must_choose_anew:
            return await self._begin_again(run, faced, sending.limits, sending.spent, in_words(sending.files))
        changed = {
            row.project
            for row in staging.rows
            if find_listed(pages.get(row.project), row.file.filename) is None
        }
        pages = {**pages, **await read_pages(destination, changed)}
        sent = replace(sent, files=with_addresses(sent.files, staging.rows, pages))
        await asyncio.to_thread(keep_sent, self.records, run.id, sent)
        if not all_there(sent.files.values()):
            return Failed("not-all-sent", in_words(sent.files))
        listed = [find_listed(pages.get(row.project), row.file.filename) for row in staging.rows]
        notes = await have_saved(destination, [file for file in listed if file is not None])
        sent = replace(sent, notes=notes)
        return await self._prove(run, faced, staging, pages, sent, tell)

    def _sending(  # what is sent, and what is known of the other side
        self, run: Run, faced: Faced, staging: Staging, order: Order, pages: Pages, sent: Sent, tell: Tell
    ) -> Sending:
        asked = faced.asked
        size_bytes = {row.file.filename: row.size_bytes for row in staging.rows}
        attempted = set(sent.attempted)

        async def deliver(row: Published, listed: ProjectPage) -> Delivery:
            return await faced.destination.deliver(
                await outgoing(self.blobs, row, row.file.metadata_digest), listed=listed
            )

        async def attempting(filenames: Collection[str]) -> None:
            attempted.update(filenames)
            await asyncio.to_thread(
                keep_sent, self.records, run.id, replace(sent, attempted=frozenset(attempted))
            )

        def ended(count: int) -> None:
            there = sum(size_bytes[name] for name in sending.files)
            facts = {
                "files": count,
                "of_files": len(size_bytes),
                "bytes": there,
                "of_bytes": sum(size_bytes.values()),
            }
            tell(Event("progress", facts))

        closure = Closure(
            rows=staging.rows,
            metadata=staging.metadata,
            order=order,
            accepted=asked.accepted,
        )
        sending = Sending(closure, pages, sent.attempted, deliver, attempting, ended)
        return sending

    async def _begin_again(
        self, run: Run, faced: Faced, limits: Limits, hidden: Mapping[str, str], reason: str
    ) -> Outcome:
        """Have the run choose anew, with what was learnt of the destination."""
        if faced.learnt.round >= _MOST_ROUNDS:
            return Failed(
                "destination-takes-too-little",
                f"{faced.asked.in_words}: after {_MOST_ROUNDS} rounds what was chosen still did not fit: {reason}",
            )
        learnt = faced.learnt.next_round(limits, hidden)
        await asyncio.to_thread(keep_learnt, self.records, run.id, learnt)
        self.views.close(run.id)
        return Again(reason)

    async def _prove(
        self, run: Run, faced: Faced, staging: Staging, pages: Pages, sent: Sent, tell: Tell
    ) -> Outcome:
        """Ask for each file, and resolve the request's own words from the destination alone."""
        unreachable = await why_unreachable(
            faced.destination, with_our_bytes(staging.rows, sent.files), pages
        )
        index = Described(Remembered(faced.destination, pages), staging.held, self.blobs)
        proofs: dict[str, Proof] = {}
        for target in run.targets:
            proof = await self.prove.of(run, target, staging, index)
            if unreachable is not None:
                proof = Proof(proved=False, reason=unreachable, escapes=proof.escapes)
            proofs[str(target)] = proof
            tell(Event("proved" if proof.proved else "not-proved", {"reason": proof.reason}))
        failed = [proof for proof in proofs.values() if not proof.proved]
        await asyncio.to_thread(
            keep_sent, self.records, run.id, replace(sent, proofs=proofs, is_complete=not failed)
        )
        if failed:
            return Failed(
                "not-proved-there",
                f"{faced.asked.in_words}: all files are there, but what was asked for can not be installed from it: "
                f"{failed[0].reason}. Next: look at the destination's page with a machine's own pip, then retry the run",
            )
        return Done()


async def outgoing(blobs: BlobStore, row: Published, metadata_digest: str | None) -> Outgoing:
    """Return the file as it is sent; ``metadata_digest`` is where our store has what it says of itself."""
    metadata = b"" if not metadata_digest else await (await blobs.open(Digest(metadata_digest))).read()

    async def chunks() -> AsyncIterator[bytes]:
        content = await blobs.open(row.digest)
        try:
            async for chunk in content.chunks:
                yield chunk
        finally:  # an upload may be cut short
            await drop(content)

    return Outgoing(
        project=row.project,
        version=row.version,
        filename=row.file.filename,
        digest=row.digest,
        size_bytes=row.size_bytes,
        metadata=metadata,
        open=chunks,
    )


async def _stranger(faced: Faced, pages: Pages) -> str | None:
    """Say which name shows by now that it is the destination's own, though it was taken from the upstream."""
    for name, page in pages.items():
        filename = await faced.learning.became_internal(name, page)
        if filename is not None:
            return f"{name}: {filename} is there now, and the upstream lists no such file"
    return None


async def read_pages(destination: Destination, names: Collection[ProjectName]) -> Pages:
    """Return what the destination lists now of each name, None where it has no page."""
    in_order = sorted(names)
    found = await asyncio.gather(*(_page_or_none(destination, name) for name in in_order))
    return dict(zip(in_order, found, strict=True))


async def _page_or_none(destination: Destination, name: ProjectName) -> ProjectPage | None:
    try:
        return await destination.page(name)
    except NoSuchProject:
        return None


def with_addresses(
    files: Mapping[str, SentFile], rows: Iterable[Published], pages: Pages
) -> Mapping[str, SentFile]:
    """Return the files' ends with the address at which the destination lists each."""
    projects = {row.file.filename: row.project for row in rows}
    listed = {name: find_listed(pages.get(projects[name]), name) for name in files}
    return {
        name: replace(file, address=None if (there := listed[name]) is None else _plain(there.source))
        for name, file in files.items()
    }


def _plain(address: str | None) -> str | None:
    return None if address is None else plain_address(address)


def _order(asked: Asked, run: Run, staging: Staging) -> Order:
    """Return the order for all that the promise covers: every exact Python of each target, and the words' own extras."""
    exact = [(target, python) for target in run.targets for python in staging.resolved[str(target)].pythons]
    wanted = [line for target in run.targets for line in words(asked, target, target.python).wanted]
    environments = [marker_environment(target, python) for target, python in exact]
    return order_of(_members(staging), environments, wanted)


def _members(staging: Staging) -> Mapping[Release, list[CoreMetadata]]:
    """Return what each release of the closure says of itself, file by file."""
    members: dict[Release, list[CoreMetadata]] = {}
    for row in staging.rows:
        members.setdefault(release_of(row), []).append(staging.metadata[row.file.filename])
    return members


def with_our_bytes(rows: Iterable[Published], files: Mapping[str, SentFile]) -> list[Published]:
    """Return those of ``rows`` in whose place no other bytes were accepted."""
    accepted = {name for name, file in files.items() if file.end is End.PRESENT and file.reason is not None}
    return [row for row in rows if row.file.filename not in accepted]


async def why_unreachable(destination: Destination, rows: Iterable[Published], pages: Pages) -> str | None:
    """Return why one of the files can not be had from the destination, None where all can."""

    async def fault(row: Published) -> str | None:
        listed = find_listed(pages.get(row.project), row.file.filename)
        if listed is None:
            return f"{row.file.filename}: is not on the destination's page"
        try:
            size_bytes = await destination.size_of(listed)
        except FeedgateError as error:
            return error.message
        if size_bytes != row.size_bytes:
            return f"{row.file.filename}: has {size_bytes} bytes there, and {row.size_bytes} here"
        return None

    found = await asyncio.gather(*(fault(row) for row in rows))
    return next((reason for reason in found if reason is not None), None)


def in_words(files: Mapping[str, SentFile]) -> str:
    """Name the files that are not there, and why; those that wait for them are counted."""
    named = [
        f"{name}: {file.reason}" for name, file in files.items() if file.end not in {*GOOD, End.KEPT_BACK}
    ]
    waiting = sum(1 for file in files.values() if file.end is End.KEPT_BACK)
    more = len(named) - _MOST_NAMED
    text = "; ".join(named[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return text + (f"; {waiting} files that depend on them were kept back" if waiting else "")
