"""Step: have the destination list the whole closure, and prove it there."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final

from feedgate.blobs.store import BlobStore
from feedgate.formats.core_metadata import CoreMetadata
from feedgate.gate.look import Looks
from feedgate.index.described import Described
from feedgate.index.remembered import Remembered
from feedgate.intake.asked import Asked, words
from feedgate.intake.destinations import Destinations
from feedgate.intake.kept import Proof
from feedgate.intake.learnt import keep_learnt
from feedgate.intake.prove import Prove
from feedgate.intake.run_index import Faced, RunIndexes, asked_by
from feedgate.intake.sending.order import Order, Release, order_of
from feedgate.intake.sending.ranks import Closure, all_there, find_listed, release_of
from feedgate.intake.sending.saving import have_saved
from feedgate.intake.sending.sender import Sender
from feedgate.intake.sending.sent import Sent, keep_sent, sent_by
from feedgate.intake.sending.there import Pages, in_words, read_pages, why_unreachable, with_our_bytes
from feedgate.intake.stage import stage
from feedgate.intake.staging import Staging
from feedgate.model.destination import Limits
from feedgate.model.environment import marker_environment
from feedgate.model.names import ProjectName
from feedgate.model.run import Again, Done, Event, Failed, Outcome, Run, Tell
from feedgate.model.target import Target
from feedgate.records.database import Database

_MOST_ROUNDS: Final = 10


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
        earlier = await asyncio.to_thread(sent_by, self.records, run.id)
        pages = await read_pages(destination, {row.project for row in staging.rows})
        stranger = await _stranger(faced, staging, pages)
        if stranger is not None:
            return await self._begin_again(run, faced, Limits(), {}, stranger)
        asked = await asyncio.to_thread(asked_by, self.records, run)
        order = await asyncio.to_thread(_order, asked, run, staging)
        closure = Closure(staging.rows, staging.metadata, order, faced.asked.accepted)
        sender = Sender(self.records, self.blobs)
        ended = await sender.send(run, closure, destination, pages, tell, chooses=True)
        sent = replace(earlier, files=ended.files, spent={**earlier.spent, **ended.spent})
        await asyncio.to_thread(keep_sent, self.records, run.id, sent)
        if ended.must_choose_anew:
            return await self._begin_again(run, faced, ended.limits, ended.spent, in_words(ended.files))
        if not all_there(sent.files.values()):
            return Failed("not-all-sent", in_words(sent.files))
        listed = [find_listed(ended.pages.get(row.project), row.file.filename) for row in staging.rows]
        notes = await have_saved(destination, [file for file in listed if file is not None])
        return await self._prove(run, faced, staging, ended.pages, replace(sent, notes=notes), tell)

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


async def _stranger(faced: Faced, staging: Staging, pages: Pages) -> str | None:
    """Say which name shows by now that it is the destination's own, though files of it were taken from the upstream."""
    chosen: dict[ProjectName, list[str]] = {}
    for row in staging.rows:
        chosen.setdefault(row.project, []).append(row.file.filename)
    for name, filenames in chosen.items():
        because = await faced.learning.stranger(name, pages.get(name), filenames)
        if because is not None:
            return f"{name}: {because}"
    return None


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
