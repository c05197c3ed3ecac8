"""How long one who does not answer is still waited for: said while it lasts, so that nobody takes it for standing still."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, TypeAlias

from feedgate.outside.patience import Patience

QUIET_SECONDS: Final = 3.0
"""An answer that comes sooner is no wait worth telling."""

TellWait: TypeAlias = Callable[[float], None]
"""Is told how many seconds more an answer is waited for at most."""


class Waiting:
    """Watches the tries of a patience; one that fails at once tells how long the others take.

    ``silence_seconds`` is what a try takes at most of which nothing is known yet.
    """

    def __init__(self, patience: Patience, silence_seconds: float) -> None:
        self._whole = patience
        self._silence_seconds = silence_seconds
        self._failed = 0
        self._longest_seconds: float | None = None
        self._begun = asyncio.get_running_loop().time()

    def begin(self) -> Patience:
        """Return the patience for one question, watched."""
        self._failed, self._longest_seconds = 0, None
        self._begun = asyncio.get_running_loop().time()
        return replace(self._whole, sleep=self._sleep)

    def seconds_left(self) -> float:
        """Return how many seconds more the question that is under way may take."""
        first = max(0, self._failed - 1)  # the pause that may be going on counts in full
        pauses = [
            self._whole.first_wait_seconds * 3.0**number for number in range(first, self._whole.attempts - 1)
        ]
        of_a_try = self._silence_seconds if self._longest_seconds is None else self._longest_seconds
        return sum(pauses) + (self._whole.attempts - self._failed) * of_a_try

    async def _sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._failed += 1
        self._longest_seconds = max(self._longest_seconds or 0.0, loop.time() - self._begun)
        await self._whole.sleep(seconds)
        self._begun = loop.time()


@asynccontextmanager
async def told(
    waiting: Waiting, tell: TellWait | None, *, after_seconds: float = QUIET_SECONDS
) -> AsyncIterator[None]:
    """Tell ``tell``, once, if the block lasts longer than ``after_seconds``."""
    loop = asyncio.get_running_loop()
    timer = None if tell is None else loop.call_later(after_seconds, lambda: tell(waiting.seconds_left()))
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
