"""One writer speaks to build services: each in its own form, and only where it is one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from feedgate.cli.pipeline import SHORTENED, SUMMARY_BYTES, Pipeline, Vendor, shortened

AZURE = {"TF_BUILD": "True"}
GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("environment", "vendor"),
    [
        ({}, None),
        ({"TF_BUILD": ""}, None),
        ({"CI": "true"}, None),
        (AZURE, Vendor.AZURE),
        (GITHUB, Vendor.GITHUB),
        ({"GITHUB_STEP_SUMMARY": "/a/file"}, Vendor.GITHUB),
        ({"GITLAB_CI": "true"}, Vendor.GITLAB),
    ],
)
def test_a_service_is_told_by_its_variables(environment: Mapping[str, str], vendor: Vendor | None) -> None:
    assert Pipeline.of(environment).vendor is vendor


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (AZURE, "##vso[task.logissue type=error]100%AZP25 of it; a, b]\n"),
        (GITHUB, "::error::100%25 of it; a, b]\n"),
        ({"GITLAB_CI": "true"}, ""),
        ({}, ""),
    ],
)
def test_an_error_is_said_in_the_services_own_form(
    capsys: pytest.CaptureFixture[str], environment: Mapping[str, str], said: str
) -> None:
    Pipeline.of(environment).error("100% of it; a, b]")

    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("environment", [AZURE, GITHUB], ids=["azure", "github"])
@pytest.mark.parametrize(
    "words",
    [
        "\n##vso[task.setvariable variable=x]y",
        "\r##vso[task.complete result=Succeeded]",
        "\n::set-output name=x::y",
        "%0A##vso[task.complete]",
        "%0D%0A::error::x",
        "%AZP25",
        "\x1b[2K##[group]",
    ],
)
def test_no_words_get_out_of_an_error(
    capsys: pytest.CaptureFixture[str], environment: Mapping[str, str], words: str
) -> None:
    Pipeline.of(environment).error(f"a reason: {words}")

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("\n")
    assert "\r" not in said
    assert "\x1b" not in said
    prefix = "##vso[task.logissue type=error]" if environment is AZURE else "::error::"
    rest = said.removeprefix(prefix)
    assert "##" not in rest
    # A percent sign of a stranger's is never the beginning of an escape.
    escape = "%AZP25" if environment is AZURE else "%25"
    assert rest.count("%") == words.count("%")
    assert rest.count(escape) == words.count("%")


def test_an_error_has_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    Pipeline(Vendor.GITHUB).error("x" * 50_000)

    assert len(capsys.readouterr().err) < 1100


def test_azure_attaches_the_summary_by_its_whole_path(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    Pipeline(Vendor.AZURE).attach(Path("100%") / "summary.md")

    assert capsys.readouterr() == (
        "",
        f"##vso[task.uploadsummary]{tmp_path}/100%AZP25/summary.md\n",
    )


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    file = tmp_path / "summary.md"
    file.write_text("# é\n\n| a |\n", encoding="utf-8")
    return file


def test_github_has_it_appended(capsys: pytest.CaptureFixture[str], tmp_path: Path, summary: Path) -> None:
    step = tmp_path / "step"
    for before in (None, "before"):
        if before is not None:
            step.write_text(before)
        Pipeline.of({"GITHUB_STEP_SUMMARY": str(step)}).attach(summary)
        assert step.read_text(encoding="utf-8") == (f"{before}\n" if before else "") + "# é\n\n| a |\n"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("before", [0, 1000, SUMMARY_BYTES - 100, SUMMARY_BYTES - 10, SUMMARY_BYTES + 10])
def test_githubs_file_stays_within_its_limit(tmp_path: Path, summary: Path, before: int) -> None:
    step = tmp_path / "step"
    step.write_bytes(b"x" * before)
    summary.write_text("é" * 99 + "\n" + "a line\n" * 200_000, encoding="utf-8")

    Pipeline.of({"GITHUB_STEP_SUMMARY": str(step)}).attach(summary)

    added = step.read_bytes()[before:]
    assert len(added) <= max(0, SUMMARY_BYTES - before)
    assert added.decode().endswith(SHORTENED) or len(added) == 0
    assert (len(added) == 0) is (before >= SUMMARY_BYTES - 10)


def test_github_without_a_file_and_gitlab_get_a_file_alone(
    capsys: pytest.CaptureFixture[str], summary: Path
) -> None:
    for environment in (GITHUB, {"GITLAB_CI": "true"}, {}):
        Pipeline.of(environment).attach(summary)

    assert capsys.readouterr() == ("", "")


def test_a_summary_that_can_not_be_appended_fails_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, summary: Path
) -> None:
    Pipeline.of({"GITHUB_STEP_SUMMARY": str(tmp_path)}).attach(summary)

    said = capsys.readouterr().err
    assert said.startswith("feedgate: the step's summary can not be written")


WHOLE = "é\n" + "line\n" * 50
"""253 bytes: the first line has three."""


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (253, WHOLE),
        (252, "é\n" + "line\n" * 37 + "line" + SHORTENED),
        (len(SHORTENED) + 8, f"é\nline{SHORTENED}"),
        (len(SHORTENED) + 7, f"é{SHORTENED}"),
        (len(SHORTENED) + 1, SHORTENED),
        (len(SHORTENED), ""),
        (0, ""),
        (-1, ""),
    ],
)
def test_a_text_is_cut_behind_a_whole_line(limit: int, text: str) -> None:
    assert shortened(WHOLE, limit) == text
    assert len(text.encode()) <= max(limit, 0)
