"""``pipelines/``: what the files say, to their build services and to whoever copies them."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.builders.clients import clean_environment, installed
from tests.builders.pipeline_files import (
    AZURE,
    FILES,
    FOLDER,
    GITHUB,
    GITLAB,
    PARAMETERS,
    ROOT,
    document_of,
    shell_of,
    steps_of,
)

CHECK = ROOT / "tests" / "clients" / "locks" / "check-jsonschema.txt"
SCRIPTS = sorted((FOLDER / "scripts").iterdir())
SCHEMAS = {
    # Its patterns are no regular expressions in Unicode mode.
    **dict.fromkeys(AZURE, ("vendor.azure-pipelines", "azure-pipelines", "nonunicode")),
    GITHUB: ("vendor.github-workflows", None, "default"),
    GITLAB: ("vendor.gitlab-ci", "gitlab-ci", "default"),
}


def checked(file: str, path: Path, home: Path) -> subprocess.CompletedProcess[str]:
    schema, transform, regular_expressions = SCHEMAS[file]
    words = ["--builtin-schema", schema, "--regex-variant", regular_expressions]
    words += [] if transform is None else ["--data-transform", transform]
    return subprocess.run(
        [installed(CHECK, "check-jsonschema"), *words, path],
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("file", FILES)
def test_it_passes_its_vendors_schema(file: str, tmp_path: Path) -> None:
    done = checked(file, FOLDER / file, tmp_path)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize(
    ("file", "word", "misspelt"),
    [
        (AZURE[0], "artifactFeed:", "artifactFeeds:"),
        (GITHUB, "runs-on:", "run-on:"),
        (GITLAB, "when: manual", "when: by hand"),
    ],
)
def test_a_misspelt_word_would_be_found(file: str, word: str, misspelt: str, tmp_path: Path) -> None:
    text = (FOLDER / file).read_text()
    assert word in text
    (tmp_path / file).write_text(text.replace(word, misspelt))

    assert checked(file, tmp_path / file, tmp_path / "home").returncode == 1


@pytest.mark.parametrize("file", FILES)
def test_its_shell_is_one_line_that_calls_a_script(file: str) -> None:
    lines = list(shell_of(document_of(file)))

    assert lines == ["bash pipelines/scripts/install-feedgate.sh", "bash pipelines/scripts/bring-in.sh"]


@pytest.mark.parametrize("path", [*SCRIPTS, *(FOLDER / file for file in FILES)], ids=lambda path: path.name)
def test_nothing_asks_for_root_or_prints_settings(path: Path) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", path.read_text())

    assert not re.search(
        r"\bsudo\b|\bset -[a-z]*x|\bxtrace\b|\benv\s*$|\bprintenv\b|pip config|\beval\b", text
    )
    if path in SCRIPTS:
        # Feedgate is not there yet, or not asked: why a script stops is its own to say.
        text, stops = re.subn(r"(?m)^stop\(\) \{$.*?^\}$", "", text, flags=re.DOTALL)
        assert stops == 1
        assert "${{" not in text
        assert "##vso[" not in text
        assert "::" not in text.replace("^([[:space:]]*):+", "").replace("[[:", "")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_ends_at_its_first_fault_and_lets_nobody_trace_it(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]

    assert path.read_text().startswith("#!/usr/bin/env bash\n")
    assert lines[0].startswith("set +x ")
    assert lines[1:3] == ["set -euo pipefail", "umask 077"]
    assert path.stat().st_mode & 0o111


@pytest.mark.parametrize("file", FILES)
def test_somebody_is_asked_for_the_same_everywhere_and_it_reaches_the_script_as_a_variable(file: str) -> None:
    document = document_of(file)

    if file in AZURE:
        asked = [one["name"] for one in document["parameters"]]
        [given] = [step["env"] for step in steps_of(document) if "bring-in.sh" in step.get("bash", "")]
        reaching = {f"FEEDGATE_{name.upper()}": _parted(name) for name in asked}
    elif file == GITHUB:
        asked = [*document[True]["workflow_dispatch"]["inputs"]]
        [given] = [step["env"] for step in steps_of(document) if "bring-in.sh" in step.get("run", "")]
        reaching = {f"FEEDGATE_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in asked}
    else:
        given = document["variables"]
        asked = [name.removeprefix("FEEDGATE_").lower() for name in given]
        reaching = given

    assert tuple(asked) == PARAMETERS
    assert {name: given[name] for name in reaching} == reaching


def _parted(name: str) -> str:
    return f"${{{{ replace(parameters.{name}, '$(', '$ (') }}}}"


@pytest.mark.parametrize("file", FILES)
def test_each_variable_of_ours_is_one_that_a_script_names(file: str) -> None:
    named = set(re.findall(r"\bFEEDGATE_\w+", "".join(path.read_text() for path in SCRIPTS)))

    assert set(re.findall(r"\bFEEDGATE_\w+", (FOLDER / file).read_text())) <= named


def test_each_variable_that_a_script_reads_stands_in_its_head() -> None:
    for path in SCRIPTS:
        head, _, body = path.read_text().partition("set +x")
        read = set(re.findall(r"\$\{?(FEEDGATE_\w+|PYTHON)\b", body))
        assert read <= set(re.findall(r"^#   ([A-Z_\d]+) ", head, re.MULTILINE)) | {"FEEDGATE_TOKEN"}, (
            path.name
        )


@pytest.mark.parametrize("file", AZURE)
def test_azure_starts_it_by_hand_or_by_the_clock_alone(file: str) -> None:
    document = document_of(file)

    assert (document["trigger"], document["pr"]) == ("none", "none")
    assert ("schedules" in document) == ("refresh" in file)


@pytest.mark.parametrize("file", AZURE)
def test_azures_only_credentials_are_twines(file: str) -> None:
    steps = steps_of(document_of(file))
    tasks = [step["task"] for step in steps if "task" in step]
    by_server = file == "azure-pipelines-server.yml"

    assert tasks == ([] if by_server else ["Cache@2", "Cache@2", "TwineAuthenticate@1"])
    secrets = [name for step in steps for name, raw in step.get("env", {}).items() if raw == f"$({name})"]
    assert secrets == (["FEEDGATE_TOKEN"] if by_server else [])


def test_azures_refresh_takes_the_newest_of_a_requirements_file() -> None:
    document = document_of("azure-pipelines-refresh.yml")
    defaults = {one["name"]: one["default"] for one in document["parameters"]}

    assert document["variables"]["FEEDGATE_OPTIONS"].split() == ["--upgrade"]
    assert (defaults["packages"].strip(), defaults["requirements"]) == ("", "requirements.txt")


def test_githubs_workflow_may_read_the_repository_and_nothing_else() -> None:
    document = document_of(GITHUB)
    [job] = document["jobs"].values()

    assert [*document[True]] == ["workflow_dispatch"]
    assert document["permissions"] == {"contents": "read"}
    assert "permissions" not in job
    [checkout] = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert checkout["with"]["persist-credentials"] is False


def test_githubs_actions_are_pinned_by_commit_with_their_version_beside() -> None:
    uses = re.findall(r"uses: (.*)", (FOLDER / GITHUB).read_text())

    assert len(uses) == 3
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


@pytest.mark.parametrize("file", [GITHUB, GITLAB])
def test_the_password_goes_only_to_feeds_that_the_file_names(file: str) -> None:
    """Whoever starts it must not have it sent elsewhere."""
    document: Any = document_of(file)
    if file == GITHUB:
        feed = document[True]["workflow_dispatch"]["inputs"]["feed"]
        assert feed["type"] == "choice"
    else:
        feed = document["variables"]["FEEDGATE_FEED"]
        assert feed["value"] == feed["options"][0]
    assert len(feed["options"]) == 1


def test_gitlabs_job_is_started_by_hand_on_the_default_branch() -> None:
    [rule] = document_of(GITLAB)["bring-in"]["rules"]

    assert rule["when"] == "manual"
    assert rule["if"] == '$CI_PIPELINE_SOURCE == "web" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'


def test_the_lock_is_the_one_that_feedgate_is_tested_with() -> None:
    assert (FOLDER / "feedgate.lock").read_bytes() == (ROOT / "requirements" / "runtime.txt").read_bytes()


def test_the_readme_names_each_file_and_each_thing_to_fill_in() -> None:
    text = (FOLDER / "README.md").read_text()

    for path in [*FOLDER.iterdir(), *SCRIPTS]:
        assert path.name in text or path.is_dir() or path.name == "README.md", path.name
    for file in FILES:
        for name in re.findall(
            r"\bFEEDGATE_\w+",
            re.findall(r"# To fill in.*?\n(?!#)", (FOLDER / file).read_text(), re.DOTALL)[0],
        ):
            assert name in text, (file, name)
