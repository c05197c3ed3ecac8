"""azure-cli from PyPI itself into the feed that a team has, and from that feed alone into an empty environment."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders.clients import clean_environment, client
from tests.builders.command_line import EXECUTABLE, CommandLine
from tests.builders.destinations import FEED, TOKEN, There, azure_there, pypiserver_there, step_of
from tests.builders.pypi import listed_by_pypi
from tests.builders.pythons import make_environment, need_python
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_log import (
    asked,
    most_at_once,
    pages_by_project,
    uploads_by_file,
    whole_downloads,
)
from tests.doubles.azure_manners import Manners

LIMIT_SECONDS = 900
TARGET = "3.11@x86_64-manylinux_2_28"
WAYS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory, as a pipeline's cache keeps it: each file comes from PyPI once."""
    return tmp_path_factory.mktemp("kept") / "data"


@contextmanager
def azure_of(manners: Manners | None = None) -> Iterator[tuple[There, AzureArtifacts]]:
    azure = AzureArtifacts(passwords={TOKEN: "contributor"}, project="Platform", manners=manners)
    with azure_there(azure) as both:
        yield both


def pipeline(there: There, folder: Path, data: Path) -> CommandLine:
    """Return the command of a pipeline's step, with this machine's own way to PyPI."""
    feedgate = step_of(folder, there, "").feedgate
    kept = {name: value for name, value in feedgate.environment.items() if "UPSTREAM" not in name}
    ways = {name: os.environ[name] for name in WAYS if name in os.environ}
    return replace(feedgate, environment={**kept, **ways, "FEEDGATE_DATA": str(data)})


def add(feedgate: CommandLine) -> Any:
    """Give the command, and return what it says."""
    words = ["add", "azure-cli", "--to", FEED, "--policy", "open", "--target", TARGET, "--json"]
    done = subprocess.run(
        [EXECUTABLE, *words],
        env=feedgate.environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    said = json.loads(done.stdout)
    assert done.returncode == (0 if said["state"] == "published" else 1), done
    return said


def version_that_runs(there: There, folder: Path) -> str:
    """Install azure-cli from there and nowhere else into an empty environment; return the version that it says it is."""
    interpreter = need_python("3.11")
    python = make_environment(interpreter, folder / "environment")
    environment = clean_environment(folder / "home")
    install = ["install", "--quiet", "--no-cache-dir", "--no-compile", "--only-binary=:all:"]
    subprocess.run(
        [
            client("pip", interpreter),
            "--python",
            python,
            *install,
            "--index-url",
            there.index_url,
            "azure-cli",
        ],
        env=environment,
        timeout=LIMIT_SECONDS,
        check=True,
    )
    done = subprocess.run(
        [python.with_name("az"), "--version"],
        env={**environment, "PATH": f"{python.parent}:{environment['PATH']}"},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done
    first = done.stdout.splitlines()[0].split()
    assert first[0] == "azure-cli", done
    return first[1]


def is_whole_and_proved(there: There, run: Any) -> bool:
    """Look whether all files are there with PyPI's own digests, and the target is proved."""
    assert run["state"] == "published"
    assert run["targets"] == [{"target": TARGET, "proved": True, "reason": None}]
    assert (run["conflicts"], run["spent"], run["escapes"]) == ([], [], [])
    files = there.files()
    assert files.keys() == {file["filename"] for file in run["files"]}
    theirs = listed_by_pypi(files)
    assert files == {name: theirs[name]["hashes"]["sha256"] for name in files}
    return True


def test_azure_cli_comes_into_an_azure_feed_and_runs_from_it_alone(data: Path, tmp_path: Path) -> None:
    with azure_of() as (there, azure):
        feedgate = pipeline(there, tmp_path, data)
        run = add(feedgate)

        assert is_whole_and_proved(there, run)
        assert run["closure"]["projects"] > 100
        assert run["published"] == run["closure"]["distributions"]
        assert uploads_by_file([one for one in azure.seen if one.method == "POST"]) == dict.fromkeys(
            there.files(), 1
        )
        assert whole_downloads(azure.seen) == []

        sent = len(azure.seen)
        again = add(feedgate)

        seen = azure.seen[sent:]
        assert (again["published"], again["fetched"]) == (0, 0)
        assert again["already_present"] == run["published"]
        assert [one for one in seen if one.method == "POST"] == []
        assert whole_downloads(seen) == []
        assert max(pages_by_project(seen).values()) <= 3
        assert most_at_once(azure.seen) <= 8
        assert not any(one.has_credentials for one in asked(azure.seen, "storage"))

        found = next(file for file in run["files"] if file["filename"].startswith("azure_cli-"))
        assert version_that_runs(there, tmp_path) == found["filename"].split("-")[1]


def test_azure_cli_comes_into_a_pypiserver_and_runs_from_it_alone(data: Path, tmp_path: Path) -> None:
    with pypiserver_there(tmp_path / "feed") as there:
        feedgate = pipeline(there, tmp_path, data)
        run = add(feedgate)

        assert is_whole_and_proved(there, run)
        again = add(feedgate)
        assert (again["published"], again["already_present"]) == (0, run["published"])
        assert version_that_runs(there, tmp_path)


def test_where_new_metadata_are_refused_an_older_closure_is_proved_or_the_way_out_is_named(
    data: Path, tmp_path: Path
) -> None:
    with azure_of(Manners(newest_metadata="2.1")) as (there, azure):
        feedgate = pipeline(there, tmp_path, data)
        run = add(feedgate)

        refused = [one.what for one in asked(azure.seen, "upload", status=400)]
        assert 1 <= len(refused) <= 4, "of each metadata version one went ahead"
        if run["state"] != "published":
            assert "Left out, since the destination does not take it" in run["reason"]
            assert "leave --to out" in run["reason"]
            return
        assert is_whole_and_proved(there, run)
        assert "destination" in {one["rule"] for one in run["passed_over"]}
        assert not set(refused) & there.files().keys()
