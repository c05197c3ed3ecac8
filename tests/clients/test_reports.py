"""add --report and run report: what they write is taken by uv and pip, and shown by build services."""

import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from feedgate.model.access import Role, Scope
from feedgate.model.target import parse_target
from tests.builders.command_line import CommandLine, Said, Server, command_line
from tests.builders.cyclonedx_schema import faults
from tests.builders.foreign_feeds import pypiserver
from tests.builders.pythons import Interpreter, make_environment
from tests.doubles.upstream import Upstream

MakeArchive = Callable[..., Path]
ClientTool = Callable[..., Path]

TARGET = "3.11@x86_64-manylinux_2_28"
OTHER = "3.12@x86_64-manylinux_2_28"
FORM = parse_target(TARGET).file_form
LOCK, REQUIREMENTS = f"pylock.{FORM}.toml", f"requirements-{FORM}.txt"
COMMAND = "##vso[task.setvariable variable=x]"
OWN = Interpreter(Path(sys.executable), "")
AZURE, GITHUB = {"TF_BUILD": "True"}, {"GITHUB_ACTIONS": "true"}

_numbers = itertools.count(1)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def stocked(upstream: Upstream, make_wheel: MakeArchive) -> Upstream:
    """An upstream with demo, which needs demo-part everywhere and demo-old on old patches, and one to be refused."""
    upstream.behave()
    new = {"note.txt": str(next(_numbers))}
    needs = ["demo-part", "demo-old ; python_full_version < '3.11.3'"]
    suspect = make_wheel("suspect", "1.0")
    with zipfile.ZipFile(suspect, "a") as archive:
        archive.writestr(f"suspect/{COMMAND}\r::error::|`<b>.py", b"")
    for file in (
        make_wheel("demo", "1.0", requires=needs, files=new),
        make_wheel("demo-part", "1.5", files=new),
        make_wheel("demo-old", "0.9", files=new),
        suspect,
    ):
        upstream.add(file.name, file.read_bytes())
    return upstream


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "of-this-run"


@pytest.fixture
def written(feedgate: CommandLine, feed: str, folder: Path) -> Any:
    """The run's body, after its report was written."""
    return feedgate.json("add", "demo", "-f", feed, "--report", folder)


@pytest.fixture
def install(
    server: Server, feed: str, client_tool: ClientTool, environment: dict[str, str], tmp_path: Path
) -> Callable[..., dict[str, str]]:
    """Run uv or pip in an empty environment, with a read token in netrc alone; return what is there then."""
    netrc = tmp_path / "netrc"
    netrc.touch(mode=0o600)
    token = server.token("vm", Role.READER, feed, Scope.READ)
    netrc.write_text(f"machine 127.0.0.1 login vm password {token}\n")
    known = environment | {"NETRC": str(netrc)}

    def run(tool: str, *words: Any) -> dict[str, str]:
        python = make_environment(OWN, tmp_path / f"environment-{next(_numbers)}")
        places = ["--python", str(python)]
        before, after = (places, []) if tool == "pip" else ([], places)
        done = subprocess.run(
            [client_tool(tool), *before, *map(str, words), *after],
            env=known,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        program = (
            "import importlib.metadata as m, json; "
            "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
        )
        said = subprocess.run(
            [python, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=60
        )
        found: dict[str, str] = json.loads(said.stdout)
        return found

    return run


def needed() -> dict[str, str]:
    """Return what the closure is on the tests' own Python."""
    old = {"demo-old": "0.9"} if sys.version_info[:3] < (3, 11, 3) else {}
    return {"demo": "1.0", "demo-part": "1.5", **old}


def lines_of(text: str) -> list[str]:
    """Return lines as an agent takes them: a carriage return alone ends one too."""
    return text.replace("\r", "\n").split("\n")


def assert_inert(said: Said) -> None:
    """Fail if a build service would obey anything that was printed."""
    for line in lines_of(said.out + "\n" + said.err):
        assert "##vso[" not in line, line
        assert "##[" not in line, line
        assert not line.lstrip().startswith("::"), line


@pytest.mark.parametrize("how", [("install", "-r"), ("sync",)], ids="-".join)
def test_uv_takes_the_lock(
    written: Any, folder: Path, install: Callable[..., dict[str, str]], how: tuple[str, ...]
) -> None:
    assert install("uv", "pip", *how, folder / LOCK, "--no-cache") == needed()


def test_pip_takes_the_lock(written: Any, folder: Path, install: Callable[..., dict[str, str]]) -> None:
    assert install("pip", "install", "--no-cache-dir", "-r", folder / LOCK) == needed()


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_the_hashed_requirements_are_taken_from_the_feed_alone(
    written: Any,
    server: Server,
    feed: str,
    folder: Path,
    install: Callable[..., dict[str, str]],
    tool: str,
) -> None:
    where = ["--index-url", server.simple(feed), "--require-hashes", "-r", folder / REQUIREMENTS]
    words = ["install", "--no-cache-dir"] if tool == "pip" else ["pip", "install", "--no-cache"]

    assert install(tool, *words, *where) == needed()


def test_the_folder_holds_the_runs_body_a_summary_and_two_files_a_target(
    written: Any, feedgate: CommandLine, feed: str, folder: Path
) -> None:
    feedgate.done("add", "demo", "-f", feed, "--target", TARGET, "--target", OTHER, "--report", folder)

    other = parse_target(OTHER).file_form
    assert {path.name for path in folder.iterdir()} == {
        "report.json",
        "sbom.cdx.json",
        "summary.md",
        LOCK,
        REQUIREMENTS,
        f"pylock.{other}.toml",
        f"requirements-{other}.txt",
    }
    body = json.loads((folder / "report.json").read_text())
    assert body == feedgate.json("run", "show", body["run"])
    assert [target["target"] for target in body["targets"]] == [TARGET, OTHER]
    summary = (folder / "summary.md").read_text()
    assert summary.startswith("# Feedgate: nothing to do, everything is there\n")
    assert "| `demo` | `1.0` | yes | already there |" in summary
    assert f"`{LOCK}`, `{REQUIREMENTS}`" in summary


def test_what_came_in_is_listed_with_what_needs_what(
    written: Any, feedgate: CommandLine, folder: Path
) -> None:
    text = (folder / "sbom.cdx.json").read_text()
    listed = json.loads(text)

    assert faults(text) == []
    assert {one["hashes"][0]["content"] for one in listed["components"]} == {
        file["sha256"] for file in written["files"]
    }
    assert {edge["ref"]: edge["dependsOn"] for edge in listed["dependencies"]} == {
        "subject": ["pkg:pypi/demo@1.0"],
        "pkg:pypi/demo@1.0": ["pkg:pypi/demo-old@0.9", "pkg:pypi/demo-part@1.5"],
        "pkg:pypi/demo-old@0.9": [],
        "pkg:pypi/demo-part@1.5": [],
    }
    again = json.loads(feedgate.done("sbom", "--run", written["run"]).out)
    differs = {name for name in listed if listed[name] != again[name]}
    assert differs <= {"serialNumber", "metadata"}


def test_what_only_old_patches_need_has_a_marker_in_both(written: Any, folder: Path) -> None:
    marker = "python_full_version < '3.11.3'"

    assert f'name = "demo-old"\nversion = "0.9"\nmarker = "{marker}"\n' in (folder / LOCK).read_text()
    assert f"demo-old==0.9 ; {marker} \\\n" in (folder / REQUIREMENTS).read_text()


def test_addresses_are_the_feeds_and_hold_no_credential(
    written: Any, server: Server, folder: Path, upstream: Upstream
) -> None:
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    text = "".join(texts.values())

    assert f'url = "{server.origin}/' in text
    del texts["sbom.cdx.json"]  # which says where each file was got, and is installed from by nobody
    assert upstream.url.removesuffix("/simple/") not in "".join(texts.values())
    for word in (server.api.server.token, PYPI_SIMPLE_ENDPOINT, "fgt_", "://reader:"):
        assert word is not None
        assert (word if isinstance(word, str) else word.reveal()) not in text


def test_a_report_is_written_from_elsewhere_and_later(
    written: Any, server: Server, feed: str, folder: Path, tmp_path: Path
) -> None:
    ada = server.feedgate.elsewhere(server.origin, server.token("ada", Role.READER, feed, Scope.READ))
    there = tmp_path / "later"
    there.mkdir()
    (there / "kept.txt").write_text("not ours")
    (there / LOCK).write_text("of an earlier run")

    said = ada.done("run", "report", written["run"], there)

    assert str(there) in said.out
    for name in ("report.json", LOCK, REQUIREMENTS, "summary.md"):
        assert (there / name).read_text() == (folder / name).read_text()
    assert (there / "kept.txt").read_text() == "not ours"
    assert len(list(there.iterdir())) == 6


def test_a_run_that_published_nothing_has_a_report_without_locks(
    written: Any, feedgate: CommandLine, feed: str, folder: Path
) -> None:
    """Nor those of the run before, which would pass for its own."""
    said = feedgate("add", "demo", "suspect", "-f", feed, "--report", folder)

    assert said.status == 4
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "summary.md"]
    assert (folder / "summary.md").read_text().startswith("# Feedgate: refused by policy\n")


def test_a_plan_is_reported_too(feedgate: CommandLine, feed: str, folder: Path) -> None:
    feedgate.done("plan", "demo", "-f", feed, "--report", folder)

    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "summary.md"]
    assert "| `demo` | `1.0` | yes | would be new |" in (folder / "summary.md").read_text()


@pytest.mark.parametrize("path", ["a-file", "a-file/below-it"])
def test_a_folder_that_can_not_be_one_is_found_before_anything_happens(tmp_path: Path, path: str) -> None:
    (tmp_path / "a-file").write_text("here")
    feedgate = command_line(tmp_path / "home", tmp_path / "data")

    for words in (("add", "demo", "-f", "acme/team", "--report"), ("run", "report", "run_0")):
        said = feedgate(*words, tmp_path / path, "--json")
        assert (said.status, said.problem["code"]) == (2, "report-folder-unusable")
    assert (tmp_path / "a-file").read_text() == "here"
    assert not (tmp_path / "data").exists()


def test_a_report_is_of_a_run_that_is_waited_for(feedgate: CommandLine, feed: str, folder: Path) -> None:
    said = feedgate("add", "demo", "-f", feed, "--report", folder, "--no-wait", "--json")

    assert (said.status, said.problem["code"]) == (2, "report-needs-the-end")
    assert not folder.exists()


def test_azure_is_shown_the_summary_and_told_why_a_step_fails(
    feedgate: CommandLine, feed: str, folder: Path
) -> None:
    said = feedgate("add", "suspect", "-f", feed, "--report", folder, more=AZURE)

    commands = [line for line in lines_of(said.err) if line.startswith("##vso[")]
    assert commands[0] == f"##vso[task.uploadsummary]{folder / 'summary.md'}"
    assert commands[1].startswith(f"##vso[task.logissue type=error]Feedgate, {feed}: refused")
    assert len(commands) == 2
    assert commands[1].count("##vso[") == 1
    assert_inert(Said(0, said.out, said.err.replace(commands[0], "").replace(commands[1], "")))
    assert said.status == 4


def test_github_has_the_summary_appended_and_is_told_why_a_step_fails(
    feedgate: CommandLine, feed: str, folder: Path, tmp_path: Path
) -> None:
    step = tmp_path / "step-summary"
    step.write_text("# Before\n")

    said = feedgate(
        "add",
        "suspect",
        "-f",
        feed,
        "--report",
        folder,
        "--json",
        more=GITHUB | {"GITHUB_STEP_SUMMARY": str(step)},
    )

    [error] = [line for line in lines_of(said.err) if line.startswith("::")]
    assert error.startswith(f"::error::Feedgate, {feed}: refused")
    assert step.read_text() == "# Before\n\n" + (folder / "summary.md").read_text()
    assert said.json["state"] == "refused"
    assert_inert(Said(0, said.out, said.err.replace(error, "")))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("add", "demo", "--nonsense"), "No such option"),
        (("add", "demo", "-f", "{feed}", "--target", "3.11@windows-95"), "is no target"),
        (("add", "demo=1.0", "-f", "{feed}"), "demo=1.0"),
    ],
    ids=["an-option", "a-target", "a-package"],
)
def test_azure_is_told_what_was_asked_wrongly(
    feedgate: CommandLine, feed: str, words: tuple[str, ...], reason: str
) -> None:
    said = feedgate(*(word.format(feed=feed) for word in words), more=AZURE)

    [command] = [line for line in lines_of(said.err) if line.startswith("##vso[")]
    assert said.status == 2
    assert command.startswith("##vso[task.logissue type=error]Feedgate: ")
    assert reason in command


def test_gitlab_and_no_service_at_all_are_told_nothing(
    feedgate: CommandLine, feed: str, folder: Path
) -> None:
    for more in ({"GITLAB_CI": "true"}, {}):
        said = feedgate("add", "suspect", "-f", feed, "--report", folder, more=more)
        assert_inert(said)
        assert "summary.md" not in said.err


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["words", "json"])
@pytest.mark.parametrize("words", [("suspect",), (f"{COMMAND}\n::error::x",), ("-r", f"{COMMAND}.txt")])
def test_what_strangers_wrote_commands_no_service(
    feedgate: CommandLine, feed: str, folder: Path, words: tuple[str, ...], as_json: tuple[str, ...]
) -> None:
    said = feedgate("add", *words, "-f", feed, "--report", folder, *as_json)

    assert said.status != 0
    assert "task.setvariable variable=x]" in said.out + said.err
    assert_inert(said)
    for path in folder.iterdir():
        for line in lines_of(path.read_text()):
            assert "##vso[" not in line, path
            assert "\x1b" not in line, path


def test_json_keeps_its_value_where_a_command_is_broken(feedgate: CommandLine, feed: str) -> None:
    said = feedgate("add", "suspect", "-f", feed, "--json")

    assert "#\\u0023" in said.out or "\\u0023#" in said.out
    assert COMMAND in said.json["reason"]


def test_a_report_that_can_not_be_written_fails_the_command_and_not_the_run(
    feedgate: CommandLine, feed: str, folder: Path
) -> None:
    (folder / "summary.md").mkdir(parents=True)

    said = feedgate("add", "demo", "-f", feed, "--report", folder, "--json", more=AZURE)

    assert (said.status, said.json["state"]) == (1, "published")
    assert "summary.md: the report could not be written" in said.err
    assert "uploadsummary" not in said.err
    assert list((folder / "summary.md").iterdir()) == []


def test_a_lock_of_what_was_sent_leads_to_the_destination(
    upstream: Upstream, client_tool: ClientTool, environment: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    """Nothing of ours need run when it is used: the server that the command started is gone."""
    with pypiserver(tmp_path / "pypiserver") as there:
        secret = {"FEEDGATE_DESTINATION_PASSWORD": there.password}
        feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=upstream.url, **secret)
        words = ("--to", there.upload_url, "--read-url", there.simple_url, "--username", there.user)

        said = feedgate.done("add", "demo", *words, "--target", TARGET, "--report", folder)

        texts = {path.name: path.read_text() for path in folder.iterdir()}
        assert set(texts) == {"report.json", "sbom.cdx.json", "summary.md", LOCK, REQUIREMENTS}
        assert texts["summary.md"].startswith("# Feedgate: sent and proved, 3 new files\n"), said
        assert texts[LOCK].count(f'url = "{there.simple_url.removesuffix("simple/")}') == 3
        assert there.password not in "".join(texts.values())
        python = make_environment(OWN, tmp_path / "environment")
        subprocess.run(
            [client_tool("uv"), "pip", "sync", folder / LOCK, "--no-cache", "--python", str(python)],
            env=environment,
            capture_output=True,
            check=True,
            timeout=120,
        )


def test_who_reads_a_report_sees_what_was_asked_for_and_why(
    feedgate: CommandLine, feed: str, folder: Path, tmp_path: Path
) -> None:
    wanted = tmp_path / "apps.txt"
    wanted.write_text("Demo_Part>=1  # ours\n")
    words = ("demo", "-r", wanted, "--reason", "ticket 4711", "-f", feed)

    said = feedgate.done("add", *words, "--report", folder)

    body = json.loads((folder / "report.json").read_text())
    assert body["request"] == {
        "requirements": ["demo"],
        "files": [str(wanted)],
        "projects": ["demo", "demo-part"],
        "reason": "ticket 4711",
    }
    summary = (folder / "summary.md").read_text()
    assert "Because: ticket 4711\n" in summary
    assert "| `demo-part` | `1.5` | yes | new |" in summary
    assert "| `demo-old` | `0.9` |  | new |" in summary
    shown = feedgate.done("run", "show", body["run"]).out
    for line in (f"  asked    demo, -r {wanted}", "  because  ticket 4711"):
        assert line in said.out.splitlines()
        assert line in shown.splitlines()
