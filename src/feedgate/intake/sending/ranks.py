"""Send a closure's files so that whatever a reader can see at any instant can be installed.

What a release depends on is there before it. A file that the destination does
not take keeps back what depends on it, and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeAlias

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.intake.sending.order import Order, Release
from feedgate.intake.sending.sent import GOOD, End, SentFile
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, name_key
from feedgate.model.index import ProjectPage
from feedgate.model.names import ProjectName
from feedgate.outside.delivery import Conflict, Delivery, Exceeds, Present, Refused, Sent, Spent
from feedgate.outside.destination_peer import DestinationDenied
from feedgate.records.distributions import Published

Deliver: TypeAlias = Callable[[Published, ProjectPage], Awaitable[Delivery]]
"""Sends one file; the page is what the destination lists of its project."""

_UNREADABLE: Final = (
    "the destination's page lists it already, and what it says of it can not be read (a sha256 that is none, say). "
    "Look at the page, and have whoever runs the destination mend it."
)


@dataclass(frozen=True, slots=True)
class Closure:
    """What is to be there in the end: ``rows``, what each says of itself, and in which order they go.

    ``accepted`` are names whose files may stay there with other bytes; what exceeds ``limits`` is not tried.
    """

    rows: tuple[Published, ...]
    metadata: Mapping[str, CoreMetadata]
    order: Order
    accepted: frozenset[ProjectName]
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class Sending:
    """One way through a closure: ``pages`` are the destination's, as they were before anything was sent.

    ``attempted`` are files that an earlier try of this run has sent, or, and no other run after it, was about to
    send: those that are there it has sent. ``attempting`` is told of files before they go, ``ended`` of each file's end.
    Afterwards ``limits`` and ``spent`` say what was learnt; where there is any of it, what was left is not sent, unless nothing
    else could be chosen (``chooses``).
    """

    closure: Closure
    pages: Mapping[ProjectName, ProjectPage | None]
    attempted: frozenset[str]
    deliver: Deliver
    attempting: Callable[[Collection[str]], Awaitable[None]]
    ended: Callable[[int], None]
    chooses: bool = True
    files: dict[str, SentFile] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    spent: dict[str, str] = field(default_factory=dict)
    _kept_back: dict[Release, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    @property
    def must_choose_anew(self) -> bool:
        """Whether the destination was seen not to take something that could be left out of the choice."""
        return self.chooses and (self.limits != Limits() or bool(self.spent))

    async def run(self) -> None:
        """Send what is missing, rank by rank."""
        by_release: dict[Release, list[Published]] = {}
        for row in self.closure.rows:
            by_release.setdefault(release_of(row), []).append(row)
        for row in self.closure.rows:
            self._look(row)
        for rank in self.closure.order.ranks:
            rows = [row for group in rank for release in sorted(group) for row in by_release.get(release, ())]
            await self._send_rank([row for row in rows if row.file.filename not in self.files])
            if self.must_choose_anew:
                return

    def _look(self, row: Published) -> None:
        """See from the page whether the file is there, or another one under its name."""
        page = self.pages.get(row.project)
        there = find_listed(page, row.file.filename)
        if there is None and page is not None and _is_unreadable(page, row.file.filename):
            self._is_not(row, End.REFUSED, _UNREADABLE)
        if there is None or there.digest is None:
            return
        if there.digest == row.digest:
            self._end(row, Present())
        else:
            self._end(row, Conflict(there.digest))

    async def _send_rank(self, rows: list[Published]) -> None:
        """Send the files of one rank: of each metadata version that was never taken one file goes ahead."""
        probes: dict[str, Published] = {}
        for row in rows:
            version = self._metadata_version(row)
            if version not in self._taken and release_of(row) not in self._kept_back:
                probes.setdefault(version, row)
        await self._send(list(probes.values()))
        if not self.must_choose_anew:
            await self._send([row for row in rows if row.file.filename not in self.files])

    async def _send(self, rows: list[Published]) -> None:
        going = []
        for row in rows:
            because = self._kept_back.get(release_of(row))
            if because is None:
                going.append(row)
            else:
                self.files[row.file.filename] = SentFile(End.KEPT_BACK, because)
        if not going:
            return
        await self.attempting([row.file.filename for row in going])
        tasks = [asyncio.ensure_future(self._send_one(row)) for row in going]
        try:
            await asyncio.gather(*tasks)
        finally:  # one that failed ends the others: nothing is sent behind the back of who sends it again
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_one(self, row: Published) -> None:
        listed = self.pages.get(row.project) or ProjectPage(row.project, (), "")
        exceeded = self._exceeded(row)
        if exceeded is not None and find_listed(listed, row.file.filename) is None:
            delivery: Delivery = Exceeds(Limits(), exceeded)
        else:
            delivery = await self._deliver(row, listed)
        self._end(row, delivery)
        self.ended(len(self.files))

    async def _deliver(self, row: Published, listed: ProjectPage) -> Delivery:
        try:
            return await self.deliver(row, listed)
        except DestinationDenied as denied:
            # Who could send others may not send this one; who can send nothing is told so at once.
            if denied.facts.get("status") != HTTPStatus.FORBIDDEN or not self._sends:
                raise
            return Refused(HTTPStatus.FORBIDDEN, denied.message, denied.next_step)

    def _exceeded(self, row: Published) -> str | None:
        return self.closure.limits.narrowed(self.limits).exceeded_by(
            metadata_version=self._metadata_version(row), size_bytes=row.size_bytes
        )

    @property
    def _sends(self) -> bool:
        return any(file.end is End.SENT for file in self.files.values())

    def _end(self, row: Published, delivery: Delivery) -> None:
        """Note what became of a file, and what follows from it."""
        name = row.file.filename
        match delivery:
            case Sent():
                self._is_there(row, End.SENT)
            case Present():
                self._is_there(row, End.SENT if name in self.attempted else End.PRESENT)
            case Conflict(there) if row.project in self.closure.accepted:
                self._is_there(row, End.PRESENT, f"other bytes are there and stay: {_both(row, there)}")
            case Conflict(there):
                self._is_not(row, End.CONFLICT, f"other bytes are there under this name: {_both(row, there)}")
            case Spent(words):
                self.spent[name] = words
                self._is_not(row, End.SPENT, words)
            case Exceeds(limits, words) if self.limits.narrowed(limits) != Limits():
                self.limits = self.limits.narrowed(limits)
                self._is_not(row, End.REFUSED, words)
            case Exceeds(_, words):
                self._is_not(row, End.REFUSED, words)
            case Refused(status, words, advice):
                self._is_not(row, End.REFUSED, f"answered {status}: {words}. {advice}".rstrip(". ") + ".")

    def _is_there(self, row: Published, end: End, reason: str | None = None) -> None:
        self._taken.add(self._metadata_version(row))
        self.files[row.file.filename] = SentFile(end, reason)

    def _is_not(self, row: Published, end: End, reason: str) -> None:
        self.files[row.file.filename] = SentFile(end, reason)
        for dependent in self.closure.order.dependents(release_of(row)):
            self._kept_back.setdefault(dependent, f"depends on {row.file.filename}, which is not there")

    def _metadata_version(self, row: Published) -> str:
        return self.closure.metadata[row.file.filename].metadata_version


def release_of(row: Published) -> Release:
    """Return the release that a file is of."""
    return row.project, row.version


def all_there(files: Iterable[SentFile]) -> bool:
    """Whether each of the files ended well."""
    return all(file.end in GOOD for file in files)


def find_listed(page: ProjectPage | None, filename: str) -> Distribution | None:
    """Return the file that a page lists under that name, however it is spelled there."""
    key = name_key(filename)
    files = () if page is None else page.files
    return next((file for file in files if name_key(file.filename) == key), None)


def _is_unreadable(page: ProjectPage, filename: str) -> bool:
    key = name_key(filename)
    return any(name_key(name) == key for name in page.unreadable)


def _both(row: Published, there: Digest) -> str:
    return f"there is sha256 {there}, ours is {row.digest}"
