"""Text of strangers holds no command to a build service; JSON and TOML keep their value."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.formats.build_log import escape_commands, without_commands

PIECES = st.lists(
    st.sampled_from(
        ["#", "##", "##vso[a b=c]d", "##[error]", "::", "::error::", " ", "\t", "\u034f", "\ufe0f", "x"]
    )
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("plain # words : and a::b", "plain # words : and a::b", id="nothing-to-do"),
        pytest.param("##vso[task.x]y", "# #vso[task.x]y", id="azure"),
        pytest.param("a ##[group]", "a # #[group]", id="in-the-middle"),
        pytest.param("###vso[x]", "# # #vso[x]", id="three"),
        pytest.param("::error::x", ": :error::x", id="github"),
        pytest.param(" \t::error::x", " \t: :error::x", id="github-behind-white-space"),
        pytest.param("#\u034f#vso[x]", "# \u034f#vso[x]", id="parted-by-what-counts-for-nothing"),
        pytest.param("\u034f::error::x", "\u034f: :error::x", id="github-behind-what-counts-for-nothing"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_line_loses_its_commands_and_nothing_else(line: str, said: str) -> None:
    assert without_commands(line) == said


@given(PIECES)
def test_no_line_is_left_with_a_command(pieces: list[str]) -> None:
    said = without_commands("".join(pieces))

    bare = said.replace("\u034f", "").replace("\ufe0f", "")
    assert "##" not in bare
    assert not bare.lstrip().startswith("::")


@given(PIECES)
def test_json_and_toml_keep_their_value(pieces: list[str]) -> None:
    text = "".join(pieces)
    quoted = escape_commands(json.dumps(text, ensure_ascii=False))

    assert json.loads(quoted) == text
    assert tomllib.loads(f"x = {quoted}")["x"] == text
    assert "##" not in quoted.replace("\u034f", "").replace("\ufe0f", "")


def test_a_backslash_before_it_stays_one() -> None:
    text = "\\##vso[x]"

    assert json.loads(escape_commands(json.dumps(text))) == text
