"""What both steps that send have in common: see what is there, announce each file in the records, send it, look again."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass

from feedgate.blobs.store import BlobStore
from feedgate.index.over_http import drop
from feedgate.intake.sending.ranks import Closure, Sending
from feedgate.intake.sending.sent import End, SentFile, keep_ends, sent_by
from feedgate.intake.sending.there import Pages, missing_of, read_pages, with_addresses
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.index import ProjectPage
from feedgate.model.run import Event, Run, RunId, Tell
from feedgate.outside.delivery import Delivery, Outgoing
from feedgate.outside.destination import Destination
from feedgate.records import send_attempts
from feedgate.records.database import Database
from feedgate.records.distributions import Published


@dataclass(frozen=True, slots=True)
class Ended:
    """How one way through a closure ended: each file's end, and the destination's pages after it.

    ``limits`` and ``spent`` are what was learnt; where ``must_choose_anew``, files without an end were not sent.
    """

    files: Mapping[str, SentFile]
    pages: Pages
    limits: Limits
    spent: Mapping[str, str]
    must_choose_anew: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends closures; one run at a time may send to a destination (``Destinations.sending``)."""

    records: Database
    blobs: BlobStore

    async def send(
        self, run: Run, closure: Closure, destination: Destination, pages: Pages, tell: Tell, *, chooses: bool
    ) -> Ended:
        """Send what is missing by ``pages``, which were just read; ``chooses`` as for ``Sending``."""
        upload_url = destination.addresses.upload_url
        names = frozenset(row.file.filename for row in closure.rows)
        last = await asyncio.to_thread(self._last_of, upload_url, names)
        own = await asyncio.to_thread(self._sent_by, run.id)
        own |= {name for name, other in last.items() if other == run.id}
        size_bytes = {row.file.filename: row.size_bytes for row in closure.rows}

        async def deliver(row: Published, listed: ProjectPage) -> Delivery:
            return await destination.deliver(await self._outgoing(row), listed=listed)

        async def attempting(filenames: Collection[str]) -> None:
            await asyncio.to_thread(self._note_attempts, upload_url, filenames, run.id)

        def ended(count: int) -> None:
            facts = {
                "files": count,
                "of_files": len(size_bytes),
                "bytes": sum(size_bytes[name] for name in sending.files),
                "of_bytes": sum(size_bytes.values()),
            }
            tell(Event("progress", facts))

        sending = Sending(closure, pages, own, deliver, attempting, ended, chooses=chooses)
        try:
            await sending.run()
        finally:  # what broke off has sent something all the same
            others = _of_others(run.id, last, sending.files)
            await asyncio.to_thread(keep_ends, self.records, run.id, sending.files, others)
        if not sending.must_choose_anew:
            pages = await _pages_after(destination, closure, pages)
        files = with_addresses(sending.files, closure.rows, pages)
        return Ended(files, pages, sending.limits, sending.spent, sending.must_choose_anew)

    def _last_of(self, upload_url: str, filenames: Collection[str]) -> Mapping[str, RunId]:
        with self.records.read() as view:
            return send_attempts.last_of(view, upload_url, filenames)

    def _sent_by(self, run: RunId) -> frozenset[str]:
        files = sent_by(self.records, run).files
        return frozenset(name for name, file in files.items() if file.end is End.SENT)

    def _note_attempts(self, upload_url: str, filenames: Collection[str], run: RunId) -> None:
        with self.records.note() as note:
            send_attempts.put(note, upload_url, filenames, run)

    async def _outgoing(self, row: Published) -> Outgoing:
        """Return the file as it is sent, with what it says of itself where that lies in the store."""
        metadata_digest = row.file.metadata_digest
        metadata = b""
        if metadata_digest:
            metadata = await (await self.blobs.open(Digest(metadata_digest))).read()

        async def chunks() -> AsyncIterator[bytes]:
            content = await self.blobs.open(row.digest)
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


async def _pages_after(destination: Destination, closure: Closure, before: Pages) -> Pages:
    """Return the pages after a send; one by which all files of a project were confirmed is not read again."""
    changed = {row.project for row in missing_of(closure.rows, before)}
    looks = {name: destination.last_look(name) for name in changed}
    not_confirmed = {row.project for row in missing_of(closure.rows, {**before, **looks})}
    return {**before, **looks, **await read_pages(destination, not_confirmed & changed)}


def _of_others(
    run: RunId, last: Mapping[str, RunId], files: Mapping[str, SentFile]
) -> Mapping[RunId, Collection[str]]:
    """Return by run the files that are there though this one did not send them: the last who was about to did.

    A run that was killed, and whose command's credentials ended with it, never looks again itself.
    """
    found: dict[RunId, list[str]] = {}
    for name, file in files.items():
        other = last.get(name)
        if other is not None and other != run and file.end is End.PRESENT and file.reason is None:
            found.setdefault(other, []).append(name)
    return found
