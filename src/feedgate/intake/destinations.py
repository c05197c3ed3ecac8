"""The destinations that this worker's runs read and send to, each opened once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeAlias

from feedgate.errors import Unavailable
from feedgate.intake.asked_destination import AskedDestination
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret
from feedgate.outside.destination import Destination

UserAndPassword: TypeAlias = tuple[str, Secret]
OpenDestination: TypeAlias = Callable[
    [Addresses, UserAndPassword | None], AbstractAsyncContextManager[Destination]
]


class CredentialsAreGone(Unavailable):
    """A run whose destination was a command's own, taken up by a server that this command did not start."""

    code = "destination-credentials-gone"

    def __init__(self, destination: str) -> None:
        super().__init__(
            f"{destination}: was the destination of a command that has ended, and its credentials ended with it",
            next_step="Give the same command again; what was sent already is not sent twice.",
        )


@dataclass(frozen=True, slots=True)
class Own:
    """The destination of the command that started this server: held in memory, and nowhere else."""

    addresses: Addresses
    credentials: UserAndPassword | None


@dataclass(slots=True)
class _Opened:
    destination: Destination
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)


class Destinations:
    """Opens destinations as runs ask for them; ``async with``, so that all are closed in the end."""

    def __init__(self, open_one: OpenDestination, own: Own | None) -> None:
        self._open_one = open_one
        self._own = own
        self._opened: dict[Addresses, _Opened] = {}
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def of(self, asked: AskedDestination) -> Destination:
        """Return the destination that a request asks for; raises CredentialsAreGone."""
        return (await self._find(asked)).destination

    async def sending(self, asked: AskedDestination) -> asyncio.Lock:
        """Return what one run at a time may hold while it sends there: two would send the same file twice."""
        return (await self._find(asked)).sending

    async def _find(self, asked: AskedDestination) -> _Opened:
        own = self._own
        if own is None or own.addresses != asked.addresses:
            raise CredentialsAreGone(asked.in_words)
        async with self._opening:
            opened = self._opened.get(own.addresses)
            if opened is None:
                destination = await self._stack.enter_async_context(
                    self._open_one(own.addresses, own.credentials)
                )
                opened = self._opened[own.addresses] = _Opened(destination)
            return opened
