"""twine, uv and Poetry publish to a feed, and tell their user what the feed said."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from feedgate.model.access import Role, Scope
from feedgate.model.names import parse_feed_path
from tests.builders.command_line import Server
from tests.builders.projects import build_project

ClientTool = Callable[..., Path]
Built = tuple[Path, Path]

NAME = "acme-hello"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_project(tmp_path_factory.mktemp("project"), NAME, "1.0")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The same names, other bytes."""
    return build_project(tmp_path_factory.mktemp("other"), NAME, "1.0", says="something else")


class Publisher:
    """One of the three tools, as its user calls it."""

    def __init__(self, tool: str, executable: Path, environment: dict[str, str], folder: Path) -> None:
        self.tool = tool
        self.executable = executable
        self.environment = environment
        self.folder = folder

    def __call__(self, url: str, token: str, files: Built) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.executable, *self._words(url, token, files)],
            env={**self.environment, **self._variables(url, token)},
            cwd=self._project(files),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _words(self, url: str, token: str, files: Built) -> list[str | Path]:
        if self.tool == "twine":
            return ["upload", "--non-interactive", "--disable-progress-bar", "--repository-url", url, *files]
        if self.tool == "uv":
            return ["publish", "--publish-url", url, "--no-progress", *files]
        return ["publish", "--repository", "feed", "--no-interaction", "--no-ansi", "--dist-dir", "dist"]

    def _variables(self, url: str, token: str) -> dict[str, str]:
        if self.tool == "twine":
            return {"TWINE_USERNAME": "anybody", "TWINE_PASSWORD": token}
        if self.tool == "uv":
            return {"UV_PUBLISH_USERNAME": "anybody", "UV_PUBLISH_PASSWORD": token}
        return {
            "POETRY_REPOSITORIES_FEED_URL": url,
            "POETRY_HTTP_BASIC_FEED_USERNAME": "anybody",
            "POETRY_HTTP_BASIC_FEED_PASSWORD": token,
        }

    def _project(self, files: Built) -> Path:
        return files[0].parents[1] if self.tool == "poetry" else self.folder


@pytest.fixture(params=["twine", "uv", "poetry"])
def publish(
    request: pytest.FixtureRequest, client_tool: ClientTool, environment: dict[str, str], tmp_path: Path
) -> Publisher:
    return Publisher(request.param, client_tool(request.param), environment, tmp_path)


@pytest.fixture
def token(server: Server, feed: str) -> str:
    return server.token("ci", Role.CONTRIBUTOR, feed, Scope.WRITE)


def listed(server: Server, feed: str) -> tuple[int, int]:
    """Return how many files the feed lists, and its serial."""
    seen = server.api.show_feed(parse_feed_path(feed)).body
    return seen.distributions, seen.serial


def shown(done: "subprocess.CompletedProcess[str]") -> str:
    """What the user reads, whichever way the tool wrapped its lines."""
    return " ".join((done.stdout + done.stderr).split())


def test_a_wheel_and_an_sdist_are_published_and_the_same_again_is_a_success(
    server: Server, publish: Publisher, feed: str, token: str, built: Built
) -> None:
    first = publish(server.upload(feed), token, built)
    assert first.returncode == 0, shown(first)
    after_first = listed(server, feed)
    assert after_first[0] == 2

    again = publish(server.upload(feed), token, built)

    assert again.returncode == 0, shown(again)
    assert listed(server, feed) == after_first
    assert token not in shown(first) + shown(again)


def test_other_bytes_under_a_used_name_are_refused_and_the_user_reads_why(
    server: Server, publish: Publisher, feed: str, token: str, built: Built, other: Built
) -> None:
    assert publish(server.upload(feed), token, built).returncode == 0
    before = listed(server, feed)

    done = publish(server.upload(feed), token, other)

    kept = httpx.get(
        f"{server.simple(feed).removesuffix('simple/')}download/{NAME}/1.0/{built[0].name}", auth=("", token)
    )
    assert kept.content == built[0].read_bytes()
    # Poetry knows no success but its own --skip-existing, and takes a 409 for an error too.
    assert done.returncode != 0, shown(done)
    assert "409" in shown(done)
    assert f"File already exists: {built[0].name.split('-')[0]}" in shown(done)
    assert listed(server, feed) == before


def test_the_reason_stands_in_the_status_line_and_in_the_body(
    server: Server, feed: str, token: str, built: Built, other: Built
) -> None:
    server.upload_files(feed, built[0])

    answer = httpx.post(
        server.upload(feed),
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (other[0].name, other[0].read_bytes())},
        auth=("anybody", token),
    )

    assert answer.status_code == 409
    assert answer.reason_phrase.startswith(f"File already exists: {built[0].name} was used in {feed}")
    assert answer.reason_phrase.isascii()
    assert len(answer.reason_phrase) <= 120
    assert answer.text.startswith("File already exists")


def test_a_read_token_may_not_publish_and_the_user_reads_what_is_missing(
    server: Server, publish: Publisher, feed: str, token: str, built: Built
) -> None:
    reader = server.token("ci", None, feed, Scope.READ)

    done = publish(server.upload(feed), reader, built)

    assert done.returncode != 0
    assert "403" in shown(done)
    assert "the token of ci has the scope read; distribution:upload needs write" in shown(done)
    assert listed(server, feed) == (0, 2)


def test_a_reader_may_not_publish_with_any_token(
    server: Server, publish: Publisher, feed: str, built: Built
) -> None:
    token = server.token("vm", Role.READER, feed)

    done = publish(server.upload(feed), token, built)

    assert done.returncode != 0
    assert f"vm has the role reader on {feed}; distribution:upload needs contributor" in shown(done)


def test_a_revoked_token_publishes_nothing(
    server: Server, publish: Publisher, feed: str, token: str, built: Built
) -> None:
    for made in server.api.list_tokens().body:
        if made.feeds == [feed]:
            server.api.revoke_token(made.id)

    done = publish(server.upload(feed), token, built)

    assert done.returncode != 0
    assert "401" in shown(done)
    assert "no valid token came with the call" in shown(done)
    assert token not in shown(done)
