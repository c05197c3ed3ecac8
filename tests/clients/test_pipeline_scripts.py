"""``pipelines/scripts/``: what is typed reaches Feedgate as it was typed, and an install is whole or none."""

import functools
import http.server
import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.builders.command_line import Said
from tests.builders.pipeline_files import AZURE, FILES, GITHUB, GITLAB, PARAMETERS, Job
from tests.builders.pipeline_machine import build_wheel, install, job_of, minimal_path
from tests.builders.pythons import need_python

BY_SERVER = "azure-pipelines-server.yml"
SECRET = "canary-of-the-job"
HOSTILE = (
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "&& touch canary #",
    "##vso[task.setvariable variable=x]y",
    "::add-mask::x",
    "'\"",
    "${IFS}*?[a-z]",
    "--to=elsewhere",
    "-r",
    "\\",
    "!! %s %n",
    "é\u200b",
    "a\rb",
)

RECORDER = """\
#!{python} -I
import json, os, pathlib, sys
told = [sys.argv[1:], {{name: os.environ.get(name) for name in ("FEEDGATE_URL", "FEEDGATE_DATA")}}]
pathlib.Path(__file__).with_name("told.json").write_text(json.dumps(told))
sys.exit(37)
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH without pip and without uv."""
    return minimal_path(tmp_path_factory.mktemp("machine") / "python")


class Recorded:
    """A job whose Feedgate writes down what it is told, and ends with 37."""

    def __init__(self, file: str, folder: Path, tools: Path, filled: Mapping[str, str]) -> None:
        secret = "FEEDGATE_TOKEN" if file == BY_SERVER else "FEEDGATE_DESTINATION_PASSWORD"
        url = {"FEEDGATE_URL": "https://feedgate.example"} if file == BY_SERVER else {}
        wheel = folder / "no.whl"
        wheel.parent.mkdir(parents=True, exist_ok=True)
        wheel.touch()
        self.job: Job = job_of(file, folder, tools, wheel, filled={**url, **filled}, secrets={secret: SECRET})
        self.executable = self.job.home / "bin" / "feedgate"
        self.executable.parent.mkdir(parents=True)
        self.executable.write_text(RECORDER.format(python=sys.executable))
        self.executable.chmod(0o755)

    def told(self, **typed: str) -> list[str]:
        """Run the step; return the words that Feedgate was called with."""
        said = self.run(typed)
        assert said.status == 37, said
        words: list[str] = json.loads(self.executable.with_name("told.json").read_text())[0]
        return words

    def run(self, typed: Mapping[str, str], machine: Mapping[str, str] | None = None) -> Said:
        said = self.job.run("bring-in.sh", typed, machine)
        assert SECRET not in said.out + said.err
        assert not [*self.job.folder.rglob("canary")]
        return said

    def given(self, parameter: str, typed: str) -> str:
        """Return what the service makes of a value before any shell sees it."""
        environment = self.job.called("bring-in.sh", {parameter: typed}).environment
        return environment[f"FEEDGATE_{parameter.upper()}"]


@pytest.fixture(params=FILES)
def recorded(request: pytest.FixtureRequest, tmp_path: Path, tools: Path) -> Recorded:
    return Recorded(request.param, tmp_path, tools, {"FEEDGATE_OPTIONS": "--internal=acme-*\n\n --pre "})


@pytest.fixture
def azure(tmp_path: Path, tools: Path) -> Recorded:
    return Recorded(AZURE[0], tmp_path, tools, {})


def test_a_jobs_variables_become_one_call(recorded: Recorded) -> None:
    to = "feed" if recorded.job.file == BY_SERVER else "to"
    (recorded.job.sources / "requirements.txt").touch()

    words = recorded.told(
        packages='azure-cli | requests>=2; python_version<"3.13"\n\n  |demo[a,b] >= 1 , < 2||',
        targets=" 3.11@x86_64-manylinux_2_28|3.12.1@aarch64-manylinux_2_28 ",
        feed=" Platform/pip-feed ",
        reason="ticket 17: the team's own",
        requirements="requirements.txt",
    )

    assert words == [
        "add",
        f"--{to}=Platform/pip-feed",
        "--target=3.11@x86_64-manylinux_2_28",
        "--target=3.12.1@aarch64-manylinux_2_28",
        "--requirement=requirements.txt",
        "--reason=ticket 17: the team's own",
        f"--report={recorded.job.report}",
        "--internal=acme-*",
        "--pre",
        "--",
        "azure-cli",
        'requests>=2; python_version<"3.13"',
        "demo[a,b] >= 1 , < 2",
    ]


def test_what_would_come_in_is_asked_with_the_same_words(recorded: Recorded) -> None:
    typed = {"packages": "a", "feed": "x", "requirements": ""}

    brought = recorded.told(**typed)
    planned = recorded.told(**typed, plan="yes")

    assert (brought[0], planned[0]) == ("add", "plan")
    assert brought[1:] == planned[1:]


@pytest.mark.parametrize("typed", ["maybe", "add", "--help", "Yes"])
def test_a_plan_is_asked_for_with_yes_or_no(azure: Recorded, typed: str) -> None:
    said = azure.run({"feed": "x", "packages": "a", "plan": typed})

    assert said.status == 2
    assert said.err.startswith("bring-in: FEEDGATE_PLAN is yes or no.\n")


@pytest.mark.parametrize("options", ["--internal acme-*", "--pre\n--limit  metadata=2.1", "-f acme/team"])
def test_an_option_without_its_equals_sign_is_told_how_to_be_written(
    tmp_path: Path, tools: Path, options: str
) -> None:
    said = Recorded(AZURE[0], tmp_path, tools, {"FEEDGATE_OPTIONS": options}).run({"feed": "x"})

    assert said.status == 2
    assert "with = before its value, as in --internal=acme-*" in said.err


def test_what_is_left_empty_is_not_said(recorded: Recorded) -> None:
    to = "feed" if recorded.job.file == BY_SERVER else "to"

    words = recorded.told(packages=" ", targets="", feed="x", reason=" ", requirements=" | \n")

    assert words == [
        "add",
        f"--{to}=x",
        f"--report={recorded.job.report}",
        "--internal=acme-*",
        "--pre",
        "--",
    ]


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda typed: re.sub(r"\W+", "-", typed))
def test_whatever_is_typed_reaches_feedgate_alone_and_as_one_argument(
    azure: Recorded, tmp_path: Path, tools: Path, typed: str
) -> None:
    for number, job in enumerate(
        (azure, *(Recorded(file, tmp_path / file, tools, {}) for file in (GITHUB, GITLAB)))
    ):
        words = job.told(packages=f"{typed}", targets=typed, feed=f"x{typed}", reason=typed, requirements="")

        given = {name: job.given(name, typed) for name in PARAMETERS}
        options, packages = words[: words.index("--")], words[words.index("--") + 1 :]
        assert packages == [given["packages"].strip()], number
        assert options[1] == f"--to={job.given('feed', f'x{typed}').strip()}"
        assert options[2] == f"--target={given['targets'].strip()}"
        assert options[3] == f"--reason={given['reason']}"


def test_a_line_end_parts_packages_and_stays_in_a_reason(recorded: Recorded) -> None:
    words = recorded.told(packages="a\r\nb\nc", feed="x", reason="one\ntwo", requirements="")

    assert words[-3:] == ["a", "b", "c"]
    assert "--reason=one\ntwo" in words


def test_azure_puts_no_variable_into_what_is_typed(tmp_path: Path, tools: Path) -> None:
    job = Recorded(BY_SERVER, tmp_path, tools, {})

    words = job.told(
        packages="a", feed="x", reason="$(FEEDGATE_TOKEN) $$((FEEDGATE_TOKEN)", targets="$(FEEDGATE_URL)"
    )

    assert "--reason=$ (FEEDGATE_TOKEN) $$ ((FEEDGATE_TOKEN)" in words
    assert "--target=$ (FEEDGATE_URL)" in words


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_secret_that_gitlab_puts_into_what_is_typed_goes_nowhere(
    tmp_path: Path, tools: Path, parameter: str
) -> None:
    job = Recorded(GITLAB, tmp_path, tools, {})

    said = job.run({"feed": "x", parameter: "before $FEEDGATE_DESTINATION_PASSWORD after"})

    assert said.status == 2
    assert "holds the secret FEEDGATE_DESTINATION_PASSWORD" in said.err
    assert not job.executable.with_name("told.json").exists()


@pytest.mark.parametrize("file", [BY_SERVER, GITHUB, GITLAB])
def test_whoever_traces_the_job_sees_no_secret(file: str, tmp_path: Path, tools: Path) -> None:
    job = Recorded(file, tmp_path, tools, {})

    said = job.run({"packages": "a", "feed": "x"}, {"SHELLOPTS": "xtrace", "BASH_XTRACEFD": "2"})

    assert said.status == 37
    assert "set +x" in said.err, "the trace was on"


def test_a_secret_that_nobody_defined_is_named(tmp_path: Path, tools: Path) -> None:
    job = Recorded(BY_SERVER, tmp_path, tools, {})
    there = {name: value for name, value in job.job.secrets.items() if name != "FEEDGATE_TOKEN"}

    said = Job(BY_SERVER, job.job.folder, job.job.path, job.job.filled, there).run(
        "bring-in.sh", {"feed": "x"}
    )

    assert said.status == 2
    assert "FEEDGATE_TOKEN is not defined" in said.err


def test_a_server_that_nobody_named_is_asked_for(tmp_path: Path, tools: Path) -> None:
    said = Recorded(BY_SERVER, tmp_path, tools, {"FEEDGATE_URL": ""}).run({"feed": "x"})

    assert said.status == 2
    assert "FEEDGATE_URL, which names the server, is empty" in said.err


@pytest.mark.parametrize("has_records", [False, True], ids=["from-a-cache", "kept-with-its-records"])
def test_a_data_directory_that_was_kept_whole_keeps_its_blobs(azure: Recorded, has_records: bool) -> None:
    blob = azure.job.data / "blobs" / "sha256" / "ab" / f"ab{'0' * 62}"
    blob.parent.mkdir(parents=True)
    blob.touch()
    if has_records:
        (azure.job.data / "records.sqlite").touch()

    azure.told(feed="x")

    assert blob.exists() == has_records


@pytest.mark.parametrize("typed", ["", " ", "|", "a|b", "a\nb"])
def test_one_feed_is_named_and_no_more(azure: Recorded, typed: str) -> None:
    said = azure.run({"feed": typed, "packages": "a"})

    assert said.status == 2
    words = "bring-in: FEEDGATE_FEED must name one feed."
    assert said.err == f"{words}\n##vso[task.logissue type=error]{words}\n"


def test_only_files_of_the_repository_are_read_for_requirements(azure: Recorded) -> None:
    sources = azure.job.sources
    (sources / ".git").mkdir()
    (sources / ".git" / "config").write_text("password")
    (azure.job.temporary / "outside.txt").write_text("password")
    (sources / "linked.txt").symlink_to(azure.job.temporary / "outside.txt")
    (sources / "deep").mkdir()
    (sources / "deep" / "a b.txt").touch()
    for typed in (
        ".git/config",
        "linked.txt",
        "../temporary/outside.txt",
        str(azure.job.temporary / "outside.txt"),
    ):
        said = azure.run({"feed": "x", "requirements": typed})
        assert said.status == 2, typed
        assert "takes files of this repository" in said.err, typed
    assert "not there" in azure.run({"feed": "x", "requirements": "no-such.txt"}).err

    assert "--requirement=deep/a b.txt" in azure.told(feed="x", requirements="deep/a b.txt")


# ------------------------------------------------------------------------------------- installing


@pytest.fixture
def address(wheel: Path) -> Iterator[str]:
    """The wheel's address on a server, with a word in it that is nobody's to read."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=wheel.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/{wheel.name}?signature={SECRET}"
        served.shutdown()
        thread.join()


def pip_path() -> str:
    """Return a PATH on which the tests' own interpreter comes first, which has a pip on most machines."""
    return f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin"


def test_pip_installs_a_wheel_from_an_address(tmp_path: Path, wheel: Path, address: str) -> None:
    job = job_of(GITHUB, tmp_path, pip_path(), wheel, filled={"FEEDGATE_WHEEL": address})

    said = install(job)

    assert (said.out, said.err) == ("feedgate 0.1.0\n", "")
    assert not [*job.home.rglob("ensurepip"), *(job.home / "bin").glob("pip*")]


@pytest.mark.parametrize(
    ("filled", "words"),
    [
        ({"FEEDGATE_WHEEL": ""}, "FEEDGATE_WHEEL is empty"),
        ({"FEEDGATE_WHEEL_SHA256": ""}, "FEEDGATE_WHEEL_SHA256 is no sha256"),
        ({"FEEDGATE_WHEEL_SHA256": "A" * 64}, "FEEDGATE_WHEEL_SHA256 is no sha256"),
        ({"FEEDGATE_WHEEL_SHA256": "a" * 63}, "FEEDGATE_WHEEL_SHA256 is no sha256"),
        ({"FEEDGATE_WHEEL": "dist/no-such.whl"}, "names no file: no-such.whl"),
        ({"FEEDGATE_WHEEL": "pipelines/README.md"}, "neither the address nor the path of a wheel"),
        (
            {"FEEDGATE_WHEEL": "https://feeds.example/feedgate.tar.gz"},
            "neither the address nor the path of a wheel",
        ),
        (
            {"FEEDGATE_WHEEL": "https://feeds.example/a.whl -r x.whl"},
            "neither the address nor the path of a wheel",
        ),
        (
            {"FEEDGATE_WHEEL": "https://feeds.example/a.whl#sha256=b"},
            "neither the address nor the path of a wheel",
        ),
    ],
)
def test_what_was_filled_in_wrongly_is_named(
    tmp_path: Path, tools: Path, wheel: Path, filled: Mapping[str, str], words: str
) -> None:
    path = f"{tools}:{minimal_path(tmp_path / 'machine', 'uv')}"
    said = job_of(AZURE[0], tmp_path, path, wheel, filled=filled).run("install-feedgate.sh")

    assert said.status == 1
    in_log, as_error = said.err.splitlines()
    assert words in in_log
    assert as_error == f"##vso[task.logissue type=error]{in_log}"


@pytest.mark.parametrize("file", FILES)
def test_a_wheel_with_other_bytes_is_not_installed(file: str, tmp_path: Path, wheel: Path) -> None:
    path = minimal_path(tmp_path / "machine", "uv")
    job = job_of(file, tmp_path, path, wheel, filled={"FEEDGATE_WHEEL_SHA256": "a" * 64})

    said = job.run("install-feedgate.sh", machine={"UV_OFFLINE": "1"})

    assert said.status == 1
    assert "could not be installed" in said.err
    assert not (job.home / "bin" / "feedgate").exists()


def test_a_lock_that_was_left_behind_is_named(tmp_path: Path, tools: Path, wheel: Path) -> None:
    job = job_of(AZURE[0], tmp_path, tools, wheel)
    (job.sources / "pipelines" / "feedgate.lock").unlink()

    assert "feedgate.lock is not there" in job.run("install-feedgate.sh").err


def test_a_machine_without_an_installer_is_told_so(tmp_path: Path, tools: Path, wheel: Path) -> None:
    said = job_of(AZURE[0], tmp_path, tools, wheel).run("install-feedgate.sh")

    assert (said.status, said.err.count("install-feedgate: ")) == (1, 2)
    assert "neither pip 22.3 or newer nor uv was found" in said.err


def test_nothing_that_is_filled_in_commands_the_service(tmp_path: Path, tools: Path, wheel: Path) -> None:
    path = f"{tools}:{minimal_path(tmp_path / 'machine', 'uv')}"
    filled = {"FEEDGATE_WHEEL": "100%0A##vso[task.x].whl"}

    said = job_of(AZURE[0], tmp_path, path, wheel, filled=filled).run("install-feedgate.sh")

    words = "install-feedgate: FEEDGATE_WHEEL names no file: 100{}0A# #vso[task.x].whl"
    assert said.err.splitlines() == [
        words.format("%"),
        f"##vso[task.logissue type=error]{words.format('%AZP25')}",
    ]


def test_an_old_interpreter_is_not_taken(tmp_path: Path, tools: Path, wheel: Path) -> None:
    old = need_python("3.10").path
    said = job_of(AZURE[0], tmp_path, tools, wheel).run("install-feedgate.sh", machine={"PYTHON": str(old)})

    assert said.status == 1
    assert "no Python 3.11 or newer was found" in said.err


def test_the_settings_of_the_jobs_pip_are_never_printed(tmp_path: Path, wheel: Path) -> None:
    machine = {
        "PIP_INDEX_URL": f"http://build:{SECRET}@127.0.0.1:9/simple/",
        "PIP_VERBOSE": "3",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }
    job = job_of(GITHUB, tmp_path, pip_path(), wheel)

    said = job.run("install-feedgate.sh", machine=machine)

    assert (said.status, said.out) == (1, "")
    assert "Feedgate could not be installed" in said.err
    for word in (SECRET, "127.0.0.1", "build:", "Looking in indexes"):
        assert word not in said.err


def test_an_installers_words_command_no_service(tmp_path: Path, wheel: Path) -> None:
    tools = minimal_path(tmp_path / "machine")
    (tools / "uv").write_text(
        "#!/bin/bash\nprintf '##vso[task.x]a\\r##[error]b\\n  ::error::c\\n at https://u:p@h.example/x b\\n'; exit 1\n"
    )
    (tools / "uv").chmod(0o755)

    said = job_of(AZURE[0], tmp_path, tools, wheel).run("install-feedgate.sh")

    words, _, ours = said.err.partition("install-feedgate: ")
    assert words == "# #vso[task.x]a\n# #[error]b\n  error::c\n at (address) b\n"
    assert ours.startswith("Feedgate could not be installed")
