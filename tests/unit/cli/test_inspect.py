import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedgate.cli.exit import Exit
from feedgate.cli.main import call

MakeArchive = Callable[..., Path]


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, list[dict[str, Any]]]:
    status = call(["inspect", *map(str, words), "--json"])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_file_is_one_object_in_the_order_asked_and_the_gravest_ends_it(
    make_wheel: MakeArchive, make_sdist: MakeArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, wrong = make_wheel("demo", "1.0"), make_wheel("other", "1.0", record="wrong")
    sdist = make_sdist("demo", "1.0")

    status, objects = said(capsys, wrong, sound, sdist)

    assert status == Exit.REFUSED
    assert [one["file"] for one in objects] == [str(wrong), str(sound), str(sdist)]
    assert [one["verdict"] for one in objects] == ["refuse", "admit", "admit"]
    assert objects[0]["findings"] == [
        {
            "inspector": "archive",
            "code": "record-mismatch",
            "severity": "high",
            "message": "RECORD lists other/__init__.py with another hash than it has",
            "where": "other/__init__.py",
        }
    ]
    assert objects[1]["findings"] == []


def test_the_profile_decides_and_the_findings_stay(
    make_wheel: MakeArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = make_wheel("demo", "1.0", record="wrong")

    as_upload = said(capsys, wheel, "--profile", "upload")
    as_import = said(capsys, wheel, "--profile", "import")

    assert (as_upload[0], as_import[0]) == (Exit.REFUSED, Exit.HELD)
    assert (as_upload[1][0]["verdict"], as_import[1][0]["verdict"]) == ("refuse", "hold")
    assert as_upload[1][0]["findings"] == as_import[1][0]["findings"]


def test_a_file_that_names_another_release_is_refused(
    make_wheel: MakeArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = make_wheel("demo", "1.0").rename("other-1.0-py3-none-any.whl")
    odd = Path("setup.exe")
    odd.write_bytes(b"MZ")

    status, [of_renamed, of_odd] = said(capsys, renamed, odd)

    assert status == Exit.REFUSED
    assert [finding["inspector"] for finding in of_renamed["findings"]] == ["identity"]
    assert [finding["code"] for finding in of_odd["findings"]] == ["invalid-filename"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_policy_s_other_rules_hold_where_no_server_is_asked(
    make_wheel: MakeArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wheel = make_wheel("demo", "1.0")
    document = tmp_path / "ours.toml"
    document.write_text(
        'name = "ours"\n[rules.malicious]\nreport = true\n[rules.advisories]\nreport = true\n'
    )

    assert said(capsys, wheel, "--policy", "default")[0] == Exit.HELD
    status, [told] = said(capsys, wheel, "--policy", document)

    assert (status, told["verdict"]) == (Exit.OK, "admit")
    assert {finding["severity"] for finding in told["findings"]} == {"note"}


@pytest.mark.parametrize("words", [["gone-1.0.tar.gz"], ["."], []])
def test_a_path_that_is_no_file_is_an_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["inspect", *words]) == Exit.USAGE
    assert capsys.readouterr().out == ""


def test_nothing_of_a_file_is_run(
    make_sdist: MakeArchive, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    witness = tmp_path / "witness"

    assert call(["inspect", str(make_sdist("demo", "1.0", witness=witness))]) == Exit.OK
    assert not witness.exists()
    assert capsys.readouterr().out.endswith("demo-1.0.tar.gz: admitted\n")


def test_the_list_is_made_of_words_that_can_be_shown(
    make_wheel: MakeArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = make_wheel("demo", "1.0", files={"demo/\x1b[31m.py": "", "[bold]x[/bold]/../y": ""})

    assert call(["inspect", str(wheel)]) == Exit.REFUSED
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "archive, path-outside (high): [bold]x[/bold]/../y would be written outside" in told
