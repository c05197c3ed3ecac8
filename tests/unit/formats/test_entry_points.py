"""The names of scripts are read so that no installer reads one that we did not see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.formats.entry_points import script_names


def names(text: str | bytes) -> list[str]:
    return list(script_names(text.encode() if isinstance(text, str) else text))


def test_scripts_for_terminals_and_for_windows_are_named_and_nothing_else() -> None:
    text = """\
    [console_scripts]
    demo = demo.cli:main
    demo-more=demo.cli:more [extra]

    [demo.plugins]
    ../no-script = demo.plugins

    # a comment
    [gui_scripts]
    ; another
    demo.window = demo.window:main
    """

    assert names(text) == ["demo", "demo-more", "demo.window"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("../x = m:f", "../x"),
        ("  ../x=m:f", "../x"),
        ("../x: m", "../x"),
        ("../x", "../x"),
        ("../x : y = m:f", "../x : y"),
        ("a = b = c", "a"),
        ("= m:f", ""),
        ("\t/etc/x\t=\tm:f", "/etc/x"),
    ],
)
def test_a_name_is_the_longest_that_any_installer_reads(line: str, name: str) -> None:
    assert names(f"[console_scripts]\n{line}\n") == [name]


@pytest.mark.parametrize(
    "heading", ["[console_scripts]", "[ console_scripts ]", "[Console_Scripts]", "  [gui_scripts]  "]
)
def test_a_heading_counts_however_it_is_written(heading: str) -> None:
    assert names(f"{heading}\nx = m:f\n") == ["x"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end: str) -> None:
    assert names(end.join(["[console_scripts]", "a = m:f", "b = m:f"])) == ["a", "b"]


def test_bytes_that_are_no_text_hide_nothing() -> None:
    assert names(b"\xff\n[console_scripts]\n../x\xfe = m:f\n") == ["../x\ufffd"]


def test_nothing_has_no_scripts() -> None:
    assert names("") == names("x = m:f\n") == names("[console_scripts]\n\n#x = m:f\n") == []


@given(st.binary(max_size=500))
def test_any_bytes_have_names_or_none_and_are_never_an_error(raw: bytes) -> None:
    assert all("\n" not in name for name in names(b"[console_scripts]\n" + raw))
