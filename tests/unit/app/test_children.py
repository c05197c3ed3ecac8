"""How long a child that ended is waited for before it is started again."""

import pytest

from feedgate.app.children import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, STEADY_SECONDS, next_pause


@pytest.mark.parametrize(
    ("last", "lived", "expected"),
    [
        pytest.param(FIRST_PAUSE_SECONDS, 0.0, 2 * FIRST_PAUSE_SECONDS, id="fell-over-at-once"),
        pytest.param(20.0, 1.0, LONGEST_PAUSE_SECONDS, id="never-longer-than-the-longest"),
        pytest.param(LONGEST_PAUSE_SECONDS, STEADY_SECONDS, FIRST_PAUSE_SECONDS, id="lived-long-enough"),
        pytest.param(1.0, STEADY_SECONDS - 0.1, 2.0, id="just-not-long-enough"),
    ],
)
def test_the_pause_grows_until_a_child_lives(last: float, lived: float, expected: float) -> None:
    assert next_pause(last, lived) == expected
