"""Many things, a few at once: none is begun before its turn, and an error ends what is under way."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from feedgate.intake.side_by_side import side_by_side


class Work:
    """Counts what is under way."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.most = 0
        self.now = 0
        self.cancelled: list[int] = []

    async def __call__(self, number: int) -> int:
        self.begun.append(number)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(3600 if number < 0 else 0.001)
            if number == 13:
                raise LookupError(number)
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        finally:
            self.now -= 1
        return number * 2


async def test_all_are_done_and_never_more_at_once_than_allowed() -> None:
    work = Work()

    found = [done async for done in side_by_side(range(10), work, at_once=3)]

    assert sorted(found) == [number * 2 for number in range(10)]
    assert work.most == 3


async def test_nothing_is_taken_before_its_turn() -> None:
    work = Work()
    taken: list[int] = []

    def one_by_one() -> Iterator[int]:
        for number in (1, 2, 3, 4):
            taken.append(number)
            yield number

    async with aclosing(side_by_side(one_by_one(), work, at_once=2)) as doing:
        await anext(doing)
        assert taken == [1, 2]


async def test_of_nothing_comes_nothing() -> None:
    assert [done async for done in side_by_side((), Work(), at_once=2)] == []


async def test_the_first_error_ends_what_is_under_way() -> None:
    work = Work()

    with pytest.raises(LookupError):
        async for _done in side_by_side([-1, 13, 5], work, at_once=2):
            pass

    assert work.cancelled == [-1]
    assert work.begun == [-1, 13]
    assert work.now == 0


async def test_who_leaves_it_ends_what_is_under_way() -> None:
    work = Work()

    async with aclosing(side_by_side([1, -1], work, at_once=2)) as doing:
        assert await anext(doing) == 2

    assert work.cancelled == [-1]
