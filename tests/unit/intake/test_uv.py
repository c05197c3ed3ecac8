"""What is shown of the resolver's words."""

import pytest

from feedgate.intake.uv import clean


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        pytest.param("error: \x1b[31mno\x1b[0m solution\n", "error: no solution", id="colours"),
        pytest.param("a\x1b]8;;http://x.example\x07link\x1b]8;;\x07", "alink", id="hyperlinks"),
        pytest.param("a\rb\x00c\x07\td\ne", "abc\td\ne", id="control-characters"),
        pytest.param(
            "demo was not found at http://feedgate.invalid/simple/demo/",
            "demo was not found at the run's index, demo/",
            id="our-listeners-address",
        ),
        pytest.param("(feedgate.invalid) refused", "(the run's index) refused", id="our-listeners-name"),
        pytest.param("see http://proof.invalid/simple/", "see the feed,", id="the-feed-in-a-proof"),
        pytest.param("  ", "", id="nothing"),
    ],
)
def test_the_resolvers_words_are_shown_without_what_says_nobody_anything(prose: str, expected: str) -> None:
    assert clean(prose) == expected
