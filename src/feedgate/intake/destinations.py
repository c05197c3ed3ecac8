"""The destinations that this worker's runs read and send to: a command's own, and feeds' standing ones."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from feedgate.errors import Missing, Unavailable
from feedgate.intake.asked_destination import AskedDestination
from feedgate.model.destination import Addresses
from feedgate.model.run import Event, RunId, Tell
from feedgate.model.secret import Secret
from feedgate.model.standing_destination import StandingDestination
from feedgate.outside.destination import Destination
from feedgate.records.database import FeedId

UserAndPassword: TypeAlias = tuple[str, Secret]
OpenDestination: TypeAlias = Callable[
    [Addresses, UserAndPassword | None], AbstractAsyncContextManager[Destination]
]
FindStanding: TypeAlias = Callable[[FeedId, str], tuple[StandingDestination, UserAndPassword | None]]
"""Gives a feed's standing destination with its credentials as they are now; may raise and may wait."""


def tell_wait(name: str, tell: Tell) -> Callable[[float], None]:
    """Return what tells a run's followers that a destination is waited for, and for how long at most."""

    def waits(seconds: float) -> None:
        tell(Event("waits", {"reason": f"{name} does not answer", "at_most_seconds": seconds}))

    return waits


class CredentialsAreGone(Unavailable):
    """A run whose destination was a command's own, taken up by a server that this command did not start."""

    code = "destination-credentials-gone"

    def __init__(self, destination: str) -> None:
        super().__init__(
            f"{destination}: was the destination of a command that has ended, and its credentials ended with it",
            next_step="Give the same command again; what was sent already is not sent twice.",
        )


class DestinationRemoved(Missing):
    """A run to a standing destination that its feed has no more."""

    code = "destination-removed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: the feed has no standing destination of that name any more",
            next_step="Add it again with: feedgate destination add, then retry the run.",
        )


@dataclass(frozen=True, slots=True)
class Own:
    """The destination of the command that started this server: held in memory, and nowhere else."""

    addresses: Addresses
    credentials: UserAndPassword | None


@dataclass(slots=True)
class _Opened:
    destination: Destination
    stack: AsyncExitStack


class Destinations:
    """Opens destinations as runs ask for them; ``async with``, so that all are closed in the end.

    A standing one is opened anew for each run, and its secret is read then: it may have changed.
    """

    def __init__(self, open_one: OpenDestination, own: Own | None, find_standing: FindStanding) -> None:
        self._open_one = open_one
        self._own = own
        self._find_standing = find_standing
        self._own_opened: _Opened | None = None
        self._of_runs: dict[RunId, _Opened] = {}
        self._opening = asyncio.Lock()
        self._sending: dict[Addresses, asyncio.Lock] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in tuple(self._of_runs):
            await self.release(run)
        if self._own_opened is not None:
            await self._own_opened.stack.aclose()

    async def of(self, run: RunId, feed: FeedId, asked: AskedDestination) -> Destination:
        """Return the destination that a run asks for; until ``release`` it is the same for that run.

        Raises CredentialsAreGone, DestinationRemoved, SecretMissing, DestinationNotAllowed.
        """
        if asked.name is None:
            return (await self._open_own(asked)).destination
        opened = self._of_runs.get(run)
        if opened is None:
            standing, credentials = await asyncio.to_thread(self._find_standing, feed, asked.name)
            opened = self._of_runs[run] = await self._open(standing.addresses, credentials)
        return opened.destination

    def sending(self, destination: Destination) -> asyncio.Lock:
        """Return what one run at a time may hold while it sends there: two would send the same file twice."""
        return self._sending.setdefault(destination.addresses, asyncio.Lock())

    async def release(self, run: RunId) -> None:
        """Close what was opened for the run alone."""
        opened = self._of_runs.pop(run, None)
        if opened is not None:
            await opened.stack.aclose()

    async def _open_own(self, asked: AskedDestination) -> _Opened:
        own = self._own
        if own is None or own.addresses != asked.addresses:
            raise CredentialsAreGone(asked.in_words)
        async with self._opening:
            if self._own_opened is None:
                self._own_opened = await self._open(own.addresses, own.credentials)
            return self._own_opened

    async def _open(self, addresses: Addresses, credentials: UserAndPassword | None) -> _Opened:
        stack = AsyncExitStack()
        destination = await stack.enter_async_context(self._open_one(addresses, credentials))
        return _Opened(destination, stack)
