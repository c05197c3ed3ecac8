"""Work through many things, a few at once: nothing is begun, or held, before its turn comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

ThingT = TypeVar("ThingT")
DoneT = TypeVar("DoneT")


async def side_by_side(
    things: Iterable[ThingT], act: Callable[[ThingT], Coroutine[Any, Any, DoneT]], *, at_once: int
) -> AsyncGenerator[DoneT, None]:
    """Yield what ``act`` returns for each thing, as it comes; the first error ends it, and what is under way.

    Whoever leaves it before its end closes it (``contextlib.aclosing``).
    """
    waiting = iter(things)
    under_way: set[asyncio.Task[DoneT]] = set()
    try:
        while True:
            for thing in islice(waiting, at_once - len(under_way)):
                under_way.add(asyncio.create_task(act(thing)))
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
