"""What strangers wrote reaches a terminal inert, and a pipe in fields that a program can part."""

import json

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
        ("##vso[task.complete]x", "# #vso[task.complete]x"),
        ("a\r##[group]x", "a # #[group]x"),
        ("\n::error::x", " : :error::x"),
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


def test_the_apis_text_commands_no_build_service_and_keeps_its_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = '{"a":"##vso[task.complete]","b":"\\\\##[x]"}'

    json_text(text)

    said = capsys.readouterr().out
    assert "##" not in said
    assert json.loads(said) == json.loads(text)


@pytest.mark.parametrize("colours", ["0", "1"])
def test_a_tables_fields_command_no_build_service(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, colours: str
) -> None:
    """Colours may be forced in a pipeline; cells are not folded there all the same."""
    monkeypatch.setenv("TTY_COMPATIBLE", colours)
    monkeypatch.setenv("FORCE_COLOR", colours)

    table(("name", "reason"), [("::error::x", "x" * 200 + "::error::y##vso[a]"), ("", "::error::z")])

    said = capsys.readouterr().out
    assert said.count("\n") == 2
    for line in said.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##" not in line


def test_what_stands_side_by_side_makes_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    lines([f"{inert('a#')}{inert('#vso[task.complete]')}"])

    assert "##" not in capsys.readouterr().out
