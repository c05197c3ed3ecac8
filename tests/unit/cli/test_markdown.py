"""Strangers' words in Markdown are seen as they are by whoever renders it, and do nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from feedgate.cli.markdown import code, prose, table
from feedgate.cli.plain import plain

HOSTILE = [
    "a | b",
    "a\\| b",
    "a \\\\| b",
    "``` |",
    "`",
    "``",
    "x` `y",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden",
    "</table>",
    "https://evil.example/?a=b|c",
    "www.evil.example",
    "ada@evil.example",
    "<https://evil.example>",
    "# heading",
    "- list",
    "1. list",
    "> quote",
    "**bold** _under_ ~~gone~~ $x$",
    "[ref]: https://evil.example",
    "&lt;b&gt; &amp;",
    "a\n\n| b |\n| --- |\n",
    "##vso[task.setvariable variable=x]y",
    "::error::x",
    "to\u202eleft \x1b[31m",
    "[^1] [ ] #12 !34 @ada",
    "\\",
    "ends with a backslash\\",
]

RENDERER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
PIECES = st.lists(
    st.sampled_from(
        [
            "`",
            "``",
            "|",
            "\\",
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "*",
            "_",
            "&",
            "#",
            "!",
            "~",
            " ",
            "a",
            "://",
            "@",
        ]
    ),
    max_size=12,
).map("".join)


def cells(*row: str) -> list[str]:
    """Return the text of each cell of a table's row, as it is rendered; fail on anything but text and code."""
    tokens = RENDERER.parse("".join(table(["x"] * len(row), [row])))
    assert {token.type for token in tokens if token.nesting == 0} == {"inline"}
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) == 2 * len(row)
    found = []
    for token in inline[len(row) :]:
        children = token.children or []
        assert {child.type for child in children} <= {"text", "code_inline", "text_special"}, token
        found.append("".join(child.content for child in children))
    return found


def collapsed(text: str) -> str:
    return " ".join(plain(text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sentence_is_shown_and_does_nothing(text: str) -> None:
    assert [cell.replace("¦", "|") for cell in cells(prose(text), "end")] == [collapsed(text), "end"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_shown_and_does_nothing(text: str) -> None:
    assert [cell.replace("¦", "|") for cell in cells(code(text), "end")] == [collapsed(text), "end"]


@given(PIECES, PIECES)
def test_whatever_stands_beside_whatever(one: str, other: str) -> None:
    shown = [cell.replace("¦", "|") for cell in cells(code(one), prose(other), code(other), prose(one))]

    assert shown == [collapsed(text) for text in (one, other, other, one)]


@pytest.mark.parametrize(
    "word", ["https://evil.example", "www.evil.example", "WWW.evil.example", "a@evil.example", "#12"]
)
def test_what_renderers_link_by_themselves_stands_in_code(word: str) -> None:
    assert prose(f"see {word} now") == f"see `{word}` now"


def test_a_long_text_is_cut() -> None:
    assert len(prose("x" * 100_000)) < 1000
    assert code("x" * 100_000).endswith("…`")


def test_nothing_is_an_empty_cell() -> None:
    assert (code(""), code(" \n"), prose("")) == ("", "", "")
