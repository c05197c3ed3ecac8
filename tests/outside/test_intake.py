"""Whole runs against PyPI itself: azure-cli as our users ask for it, and three targets at once.

Watched from outside while they run: where the resolver connects to.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders.command_line import EXECUTABLE
from tests.builders.pypi import listed_by_pypi
from tests.left_out import leave_out

LIMIT_SECONDS = 600
FEED = "demo/pip-feed"
TARGET = "3.11@x86_64-manylinux_2_28"
THREE = ("3.10@x86_64-manylinux_2_28", "3.12@aarch64-manylinux_2_28", "3.13@x86_64-pc-windows-msvc")
JSON = "application/vnd.pypi.simple.v1+json"

_PROCESS = re.compile(r"^(\d+) +(.*)$")
_MADE = re.compile(r"(?:clone3?|v?fork)\(.*= (\d+)$|<\.\.\. (?:clone3?|v?fork) resumed>.*= (\d+)$")
_BECAME = re.compile(r'execve\("([^"]+)"')
_REACHED = re.compile(r'sin6?_addr=(?:inet_addr\("|inet_pton\(AF_INET6, "|.*?")([0-9a-fA-F.:]+)"')


class Feedgate:
    """The command on a data directory of its own, with this machine's own way to PyPI."""

    def __init__(self, home: Path) -> None:
        ways = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")
        self.environment = {name: os.environ[name] for name in ways if name in os.environ} | {
            "HOME": str(home),
            "PATH": f"{EXECUTABLE.parent}:/usr/local/bin:/usr/bin:/bin",
            "FEEDGATE_DATA": str(home / "data"),
        }

    def __call__(self, *words: str, under: tuple[str, ...] = ()) -> Any:
        done = subprocess.run(
            [*under, str(EXECUTABLE), *words, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done
        return json.loads(done.stdout)


@pytest.fixture
def feedgate(tmp_path: Path) -> Feedgate:
    return Feedgate(tmp_path)


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    return found or leave_out("strace", brings="Debian: apt-get install strace")


@pytest.mark.timeout(LIMIT_SECONDS)
def test_azure_cli_comes_in_whole_and_the_resolver_reaches_nothing_but_loopback(
    feedgate: Feedgate, strace: str, tmp_path: Path
) -> None:
    feedgate("feed", "create", FEED, "--policy", "open")
    trace = tmp_path / "trace"
    watch = (
        strace,
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-e",
        "trace=connect,execve,clone,clone3,fork,vfork",
        "-o",
        str(trace),
    )

    first = feedgate("add", "azure-cli", "-f", FEED, "--target", TARGET, under=watch)
    again = feedgate("add", "azure-cli", "-f", FEED, "--target", TARGET)

    assert first["state"] == "published"
    assert first["targets"] == [{"target": TARGET, "proved": True, "reason": None}]
    assert first["closure"]["projects"] > 100
    assert first["published"] == first["fetched"] == first["closure"]["distributions"]
    assert first["escapes"] == []
    assert again["state"] == "published"
    assert (again["published"], again["fetched"]) == (0, 0)
    assert again["already_present"] == again["closure"]["distributions"]
    reached = set(addresses_of("uv", trace.read_text().splitlines()))
    assert reached == {"127.0.0.1"}


@pytest.mark.timeout(LIMIT_SECONDS)
def test_three_targets_are_proved_and_every_file_is_what_pypi_lists(feedgate: Feedgate) -> None:
    feedgate("feed", "create", FEED, *(word for target in THREE for word in ("--target", target)))

    run = feedgate("add", "pandas", "scikit-learn", "cryptography", "-f", FEED)

    assert run["state"] == "published"
    assert [(target["target"], target["proved"]) for target in run["targets"]] == [
        (name, True) for name in THREE
    ]
    published = {file["filename"]: file for file in run["files"]}
    ours = {file["filename"]: file for file in listed_by_the_feed(feedgate, published)}
    assert ours.keys() == published.keys()
    theirs = listed_by_pypi(published)
    for filename, file in ours.items():
        assert file["hashes"]["sha256"] == theirs[filename]["hashes"]["sha256"], filename
        assert file["size"] == theirs[filename]["size"], filename
        assert moment(file["upload-time"]) == moment(theirs[filename]["upload-time"]), filename


def addresses_of(program: str, trace: list[str]) -> Iterator[str]:
    """Yield the addresses that ``program`` connected to, with all threads and children it made."""
    maker: dict[str, str] = {}
    became: dict[str, str] = {}

    def is_of(process: str | None) -> bool:
        while process is not None:
            if process in became:
                return Path(became[process]).name == program
            process = maker.get(process)
        return False

    for line in trace:
        match = _PROCESS.match(line)
        assert match is not None, line
        process, call = match.groups()
        if made := _MADE.search(call):
            maker[made[1] or made[2]] = process
        elif (started := _BECAME.match(call)) and call.endswith("= 0"):
            became[process] = started[1]
        elif call.startswith("connect(") and (reached := _REACHED.search(call)) and is_of(process):
            yield reached[1]


def listed_by_the_feed(feedgate: Feedgate, filenames: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the feed's own entries, asked over its pages by a token that may only read."""
    serve = [str(EXECUTABLE), "serve", "--port", "0"]
    with subprocess.Popen(serve, env=feedgate.environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        origin = server.stdout.readline().strip()
        token = feedgate("token", "create", "-f", FEED)["token"]
        with httpx.Client(base_url=origin, auth=("any", token), trust_env=False) as http:
            for project in sorted({name.split("-")[0].replace("_", "-").lower() for name in filenames}):
                page = http.get(f"/demo/_packaging/pip-feed/pypi/simple/{project}/", headers={"Accept": JSON})
                yield from page.raise_for_status().json()["files"]
        server.terminate()


def moment(text: str) -> str:
    """Return an upload time without the zeros that may be left out."""
    return re.sub(r"\.?0*Z$", "Z", text)
