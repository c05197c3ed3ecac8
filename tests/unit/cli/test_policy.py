"""The commands on policies, which ask no server."""

import json
from pathlib import Path

import pytest

from feedgate.cli.exit import Exit
from feedgate.cli.main import call

HEAD = 'name = "team"\n[rules.age]\nwait_days = 3\nreport = true\n[rules.database-age]\nmax_days = 1.5\n'
EXCEPTION = '[[exception]]\nproject = "demo"\nrule = "advisories"\nreason = "ours"\nuntil = 2026-12-31\n'
HOLDS = (
    '[[example]]\nsays = "malware stays out"\nmalware = ["MAL-1"]\nexpect = "refuse"\nrule = "malicious"\n'
)
FAILS = (
    '[[example]]\nsays = "a hole enters"\nadvisories = [{id = "PYSEC-1", fixed = "2.0"}]\nexpect = "admit"\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "team.toml"
    path.write_text(HEAD + EXCEPTION)
    return path


def test_a_policy_is_shown_rule_by_rule(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["policy", "check", str(file)]) == Exit.OK

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "policy team"
    assert "  age (reported, does not count): imports of at least 3 d, fixes of at least 0 h" in said
    assert "  advisory database: at most 1.5 days old" in said
    assert said[-1] == "  except demo from advisories up to 2026-12-31: ours"


@pytest.mark.parametrize(
    ("name", "trust"), [("open", "no matter how old"), ("default", "at most 7 days old")]
)
def test_a_built_in_policy_is_shown_by_its_name(
    name: str, trust: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["policy", "show", name]) == Exit.OK

    said = capsys.readouterr().out
    assert said.startswith(f"policy {name}\n  archive: ")
    assert f"advisory database: {trust}" in said


def test_a_document_is_shown_too(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["policy", "show", str(file)]) == Exit.OK
    shown = capsys.readouterr().out
    assert call(["policy", "check", str(file)]) == Exit.OK

    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("words", [["show", "defualt"], ["show", "no.toml"], ["check", "no.toml"]])
def test_a_policy_that_is_not_there_is_an_error_with_a_way_on(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["policy", *words]) in {Exit.USAGE, Exit.FAILED}

    assert "default" in capsys.readouterr().err


def test_examples_that_hold_are_told_so(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(HEAD + HOLDS)

    assert call(["policy", "test", str(file)]) == Exit.OK

    assert capsys.readouterr().out == "ok  malware stays out: refuse\n1 of 1 examples hold\n"


def test_an_example_that_does_not_hold_ends_the_command_and_says_why(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(HEAD + HOLDS + FAILS)

    assert call(["policy", "test", str(file)]) == Exit.FAILED

    said = capsys.readouterr().out
    assert "NOT a hole enters: refuse\n    expected admit; " in said
    assert "PYSEC-1 (high): fixed in 2.0" in said
    assert said.endswith("1 of 2 examples hold\n")


def test_examples_are_told_as_json_one_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(HEAD + HOLDS + FAILS)

    assert call(["policy", "test", str(file), "--json"]) == Exit.FAILED

    holds, fails = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (holds["holds"], holds["verdict"], holds["rules"]) == (True, "refuse", ["malicious"])
    assert (fails["says"], fails["holds"], fails["expect"]) == ("a hole enters", False, "admit")


def test_a_mistake_in_an_example_is_an_error_with_its_place(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(HEAD + '[[example]]\nsays = "x"\nexpect = "maybe"\n')

    assert call(["policy", "test", str(file)]) == Exit.USAGE

    assert "example.1.expect" in capsys.readouterr().err
