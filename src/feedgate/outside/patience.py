"""How often a stranger is asked again, and how long we wait before."""

import asyncio
import email.utils
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from feedgate.errors import FeedgateError
from feedgate.outside.peer import UPSTREAM, Peer

T = TypeVar("T")

LONGEST_WAIT_SECONDS = 60.0
"""Which pause (Retry-After) is kept; who asks for a longer one is not asked again."""


class TryAgain(Exception):
    """One attempt failed in a way that another may not; ``reason`` fits into a sentence.

    ``wait_seconds`` is the pause that the other side asked for. ``last_word`` is
    raised instead of what the peer's silence means once patience ends.
    """

    def __init__(
        self, reason: str, *, wait_seconds: float = 0.0, last_word: FeedgateError | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_seconds = wait_seconds
        self.last_word = last_word


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` in all, at least one; each wait is three times the one before it.

    Who asks for a pause above ``longest_wait_seconds`` is not asked again: the run
    fails and may be retried later.
    """

    attempts: int
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def through(self, what: str, attempt: Callable[[], Awaitable[T]], peer: Peer = UPSTREAM) -> T:
        """Return what ``attempt`` returns, as soon as it does; raises UpstreamUnavailable naming ``what``.

        Only TryAgain is tried again; every other error passes.
        """
        began = asyncio.get_running_loop().time()
        number = 0
        while True:
            number += 1
            try:
                return await attempt()
            except TryAgain as failure:
                wait_seconds = self.wait_before_next(number, failure)
                if wait_seconds is None:
                    took_seconds = asyncio.get_running_loop().time() - began
                    raise self.last_word(what, failure, number, took_seconds, peer) from failure
            await self.sleep(wait_seconds)

    def wait_before_next(self, number: int, failure: TryAgain) -> float | None:
        """Return how long to wait after the attempt of that number failed, None where it was the last."""
        if number >= self.attempts or failure.wait_seconds > self.longest_wait_seconds:
            return None
        return max(self.first_wait_seconds * 3.0 ** (number - 1), failure.wait_seconds)

    def last_word(
        self, what: str, failure: TryAgain, number: int, took_seconds: float, peer: Peer
    ) -> FeedgateError:
        """Return the error of a last attempt."""
        if failure.last_word is not None:
            return failure.last_word
        reason = failure.reason
        if number > 1:
            reason += f", {number} times in {took_seconds:.0f} s"
        if failure.wait_seconds > self.longest_wait_seconds:
            reason += f", and asks to come back in {failure.wait_seconds:.0f} s"
        return peer.unavailable(what, reason)


def asked_wait_seconds(retry_after: str | None, answered_at: str | None) -> float:
    """Read Retry-After: seconds, or an HTTP date, counted from the answer's own Date (RFC 9110, 10.2.3).

    What is neither asks for no wait.
    """
    if retry_after is None:
        return 0.0
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
        since = email.utils.parsedate_to_datetime(answered_at or "")
        return max(0.0, (until - since).total_seconds())
    except (ValueError, TypeError):  # TypeError: one of the two has no zone
        return 0.0
