"""Who waits for an answer is told so after a while, and until when at the latest."""

import asyncio

import pytest

from feedgate.outside.patience import Patience, TryAgain
from feedgate.outside.peer import UPSTREAM
from feedgate.outside.waiting import Waiting, told


async def test_before_a_try_has_failed_each_may_take_as_long_as_a_silence() -> None:
    waiting = Waiting(Patience(attempts=5, first_wait_seconds=1.0), 60.0)

    assert waiting.seconds_left() == 5 * 60 + 1 + 3 + 9 + 27


async def test_tries_that_fail_at_once_leave_the_pauses_between_them() -> None:
    left: list[float] = []

    async def no_sleep(_seconds: float) -> None:
        left.append(waiting.seconds_left())

    async def refused() -> None:
        raise TryAgain("connection refused")

    waiting = Waiting(Patience(attempts=5, first_wait_seconds=1.0, sleep=no_sleep), 60.0)
    with pytest.raises(Exception, match="connection refused"):
        await waiting.begin().through("a page", refused, UPSTREAM)

    assert left == pytest.approx([40, 39, 36, 27], abs=1)


async def test_the_next_question_is_counted_anew() -> None:
    async def no_sleep(_seconds: float) -> None: ...

    waiting = Waiting(Patience(attempts=2, first_wait_seconds=1.0, sleep=no_sleep), 60.0)
    await waiting.begin().sleep(1.0)
    waiting.begin()

    assert waiting.seconds_left() == 2 * 60 + 1


@pytest.mark.parametrize(("block_seconds", "times"), [(0.0, 0), (0.1, 1)])
async def test_it_is_told_once_and_only_where_it_takes_long(block_seconds: float, times: int) -> None:
    heard: list[float] = []

    async with told(Waiting(Patience(attempts=1), 60.0), heard.append, after_seconds=0.02):
        await asyncio.sleep(block_seconds)
    await asyncio.sleep(0.03)

    assert len(heard) == times
