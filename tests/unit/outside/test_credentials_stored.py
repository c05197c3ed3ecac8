"""A standing destination's secret: read anew each time, and why it is missing said in words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedgate.model.secret import Secret
from feedgate.model.secret_source import parse_secret_source
from feedgate.outside.credentials import AskKeyring, Missing, Surroundings, read_secret
from feedgate.outside.keyring_command import KeyringSilent

CANARY = "c4n4ry-t0k3n"
URL = "https://packages.example/upload/"


def nothing_kept(_service: str, _username: str | None) -> None:
    return None


def around(home: Path, *, ask: AskKeyring = nothing_kept, **variables: str) -> Surroundings:
    return Surroundings(variables, home, ask, closed_folders=(home / "data",))


def test_a_variable_is_read_as_it_is_now(tmp_path: Path) -> None:
    source = parse_secret_source("env:FEED_TOKEN")

    assert read_secret(source, around(tmp_path, FEED_TOKEN=CANARY)) == Secret(CANARY)
    assert read_secret(source, around(tmp_path, FEED_TOKEN="b")) == Secret("b")
    missing = read_secret(source, around(tmp_path))
    assert isinstance(missing, Missing)
    assert "FEED_TOKEN" in missing.reason


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n"])
def test_a_file_holds_it_with_or_without_a_line_end(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)

    assert read_secret(parse_secret_source(f"file:{tmp_path}/token"), around(tmp_path)) == Secret(CANARY)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(lambda _path: None, "does not exist", id="none"),
        pytest.param(Path.mkdir, "can not be read", id="a-folder"),
        pytest.param(lambda path: path.write_text(""), "is empty", id="empty"),
        pytest.param(lambda path: path.write_text(f"{CANARY}\n{CANARY}\n"), "several lines", id="lines"),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe"), "no text", id="no-text"),
        pytest.param(lambda path: path.write_text("x" * 20_000), "can not be sent", id="long"),
        pytest.param(lambda path: path.symlink_to(path), "can not be", id="a-ring"),
    ],
)
def test_why_a_file_gives_none_is_said_by_name(
    tmp_path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "token"
    prepare(path)

    missing = read_secret(parse_secret_source(f"file:{path}"), around(tmp_path))

    assert isinstance(missing, Missing)
    assert words in missing.reason
    assert str(path) in missing.reason
    assert CANARY not in missing.reason


def test_the_data_directory_has_secrets_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "server.json").write_text("the key of the server")
    (tmp_path / "link").symlink_to(tmp_path / "data" / "server.json")

    for path in ("data/server.json", "data/../data/server.json", "link"):
        missing = read_secret(parse_secret_source(f"file:{tmp_path}/{path}"), around(tmp_path))
        assert isinstance(missing, Missing)
        assert "no secret is read from" in missing.reason


def test_the_keyring_is_asked_for_the_address_and_then_for_the_host(tmp_path: Path) -> None:
    asked = []

    def ask(service: str, username: str | None) -> tuple[str, Secret] | None:
        asked.append((service, username))
        return ("me", Secret(CANARY)) if service == "packages.example" else None

    found = read_secret(parse_secret_source("keyring"), around(tmp_path, ask=ask), url=URL, username="me")

    assert found == Secret(CANARY)
    assert asked == [(URL, "me"), ("packages.example", "me")]


def test_a_keyring_without_an_answer_is_missing(tmp_path: Path) -> None:
    def silent(_service: str, _username: str | None) -> None:
        raise KeyringSilent(30)

    for ask, words in ((nothing_kept, "no password"), (silent, "did not answer")):
        missing = read_secret(
            parse_secret_source("keyring"), around(tmp_path, ask=ask), url=URL, username="me"
        )
        assert isinstance(missing, Missing)
        assert words in missing.reason


@pytest.mark.parametrize("place", ["env:FEED_TOKEN", "keyring"])
def test_what_can_not_be_sent_is_missing_and_not_quoted(tmp_path: Path, place: str) -> None:
    broken = f"{CANARY}\n{CANARY}"
    surroundings = around(tmp_path, ask=lambda _service, _user: ("me", Secret(broken)), FEED_TOKEN=broken)

    missing = read_secret(parse_secret_source(place), surroundings, url=URL, username="me")

    assert isinstance(missing, Missing)
    assert "several lines" in missing.reason
    assert CANARY not in missing.reason
