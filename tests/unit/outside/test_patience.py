from collections.abc import Awaitable, Callable

import pytest

from feedgate.errors import Broken
from feedgate.model.index import NoSuchFile, UpstreamUnavailable
from feedgate.outside.patience import LONGEST_WAIT_SECONDS, Patience, TryAgain, asked_wait_seconds


class Naps:
    """Sleeps without sleeping, and remembers how long."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def failing(times: int, failure: Exception) -> Callable[[], Awaitable[str]]:
    left = [times]

    async def attempt() -> str:
        if left[0]:
            left[0] -= 1
            raise failure
        return "answer"

    return attempt


async def test_what_works_at_once_is_asked_once() -> None:
    naps = Naps()

    assert await Patience(attempts=4, sleep=naps).through("demo", failing(0, TryAgain("x"))) == "answer"
    assert naps.taken == []


async def test_each_wait_is_three_times_the_one_before() -> None:
    naps = Naps()

    assert await Patience(attempts=4, sleep=naps).through("demo", failing(3, TryAgain("x"))) == "answer"
    assert naps.taken == [0.5, 1.5, 4.5]


async def test_the_last_failure_is_told_with_its_thing_and_its_count() -> None:
    with pytest.raises(UpstreamUnavailable) as told:
        await Patience(attempts=4, sleep=Naps()).through(
            "demo", failing(4, TryAgain("503 Service Unavailable"))
        )

    assert str(told.value) == "demo: the upstream did not answer (503 Service Unavailable, 4 times in 0 s)"


async def test_a_failure_may_bring_its_own_last_word() -> None:
    last_word = Broken("demo is short", next_step="Wait.")

    with pytest.raises(Broken) as told:
        await Patience(attempts=4, sleep=Naps()).through(
            "demo", failing(4, TryAgain("x", last_word=last_word))
        )

    assert told.value is last_word


async def test_other_errors_pass_at_once() -> None:
    naps = Naps()

    with pytest.raises(NoSuchFile):
        await Patience(attempts=4, sleep=naps).through(
            "demo", failing(1, NoSuchFile("demo", index="the upstream"))
        )
    assert naps.taken == []


async def test_a_pause_that_was_asked_for_is_kept() -> None:
    naps = Naps()

    await Patience(attempts=4, sleep=naps).through(
        "demo", failing(1, TryAgain("x", wait_seconds=LONGEST_WAIT_SECONDS))
    )

    assert naps.taken == [LONGEST_WAIT_SECONDS]


async def test_a_pause_too_long_is_not_waited_for() -> None:
    naps = Naps()

    with pytest.raises(UpstreamUnavailable, match=r"429 Too Many Requests, and asks to come back in 3600 s"):
        await Patience(attempts=4, sleep=naps).through(
            "demo", failing(1, TryAgain("429 Too Many Requests", wait_seconds=3600))
        )
    assert naps.taken == []


@pytest.mark.parametrize(
    ("retry_after", "answered_at", "expected"),
    [
        pytest.param(None, None, 0, id="not-asked"),
        pytest.param("7", None, 7, id="seconds"),
        pytest.param("0", None, 0, id="none"),
        pytest.param("9" * 400, None, 999_999_999, id="absurd"),
        pytest.param("-7", None, 0, id="negative"),
        pytest.param("7.5", None, 0, id="no-number"),
        pytest.param("soon", None, 0, id="a-word"),
        pytest.param("²", None, 0, id="no-ascii-digit"),
        pytest.param("Tue, 24 Nov 2026 08:00:30 GMT", "Tue, 24 Nov 2026 08:00:00 GMT", 30, id="a-date"),
        pytest.param("Tue, 24 Nov 2026 08:00:00 GMT", "Tue, 24 Nov 2026 08:00:30 GMT", 0, id="past"),
        pytest.param("Tue, 24 Nov 2026 08:00:30 GMT", None, 0, id="no-date-to-count-from"),
        pytest.param("Tue, 24 Nov 2026 08:00:30", "Tue, 24 Nov 2026 08:00:00 GMT", 0, id="no-zone"),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    retry_after: str | None, answered_at: str | None, expected: float
) -> None:
    assert asked_wait_seconds(retry_after, answered_at) == expected
