"""What strangers wrote reaches a terminal inert, and a pipe in fields that a program can part."""

import pytest

from feedgate.cli.show import inert, json_text, lines, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mred\x07\n", "a [31mred  \n"),
        ("[bold]not bold[/bold]", "[bold]not bold[/bold]\n"),
        ("to\u202eleft", "to left\n"),
        ("[link=http://evil.example]x", "[link=http://evil.example]x\n"),
    ],
)
def test_control_characters_and_markup_are_taken_off(
    capsys: pytest.CaptureFixture[str], text: str, shown: str
) -> None:
    lines([inert(text)])

    assert capsys.readouterr().out.rstrip("\n") == shown.rstrip("\n")


def test_fields_are_parted_by_tabs_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "reason", "n"), [("demo", "a\tb\n[x]", 1), (None, "", 0)])

    assert capsys.readouterr().out == "demo\ta b [x]\t1\n\t\t0\n"


def test_a_long_line_is_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    lines(["x" * 500])
    table(("a",), [("y" * 500,)])

    assert capsys.readouterr().out == "x" * 500 + "\n" + "y" * 500 + "\n"


def test_the_apis_text_ends_with_one_newline(capsys: pytest.CaptureFixture[str]) -> None:
    json_text('{"a":1}\n\n')

    assert capsys.readouterr().out == '{"a":1}\n'
