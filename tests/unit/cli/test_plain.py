"""What strangers wrote is one line that moves no cursor and commands no build service."""

import pytest

from feedgate.cli.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two lines"),
        ("a\rb\x85c\u2028d", "a b c d"),
        ("a\x1b[31mred\x07", "a [31mred "),
        ("to\u202eleft\u2066", "to left "),
        ("##vso[task.setvariable variable=x]y", "# #vso[task.setvariable variable=x]y"),
        ("a\r##vso[task.complete]", "a # #vso[task.complete]"),
        ("#\u200b#vso[x]", "# #vso[x]"),
        ("\n::error::x", " : :error::x"),
        ("##[command]rm", "# #[command]rm"),
        (12, "12"),
        ("\udcff", " "),
    ],
)
def test_strangers_words_are_shown_and_not_obeyed(text: object, shown: str) -> None:
    assert plain(text) == shown
