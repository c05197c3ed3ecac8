"""What import-feed is told to copy, and that none of its errors repeats a secret."""

from pathlib import Path

import pytest

from feedgate.cli.destination_choice import NoPlainAddress
from feedgate.cli.source_choice import (
    ChosenSource,
    FolderHasNoUser,
    NamesFileUnreadable,
    SourceNotFound,
    choose_source,
)
from feedgate.errors import FeedgateError
from feedgate.model.name_pattern import InvalidNamePattern
from feedgate.outside.credentials import Surroundings
from feedgate.outside.destination_address import InvalidDestination

CANARY = "c4n4ry-t0k3n"
URL = "https://index.example/team/prod/"


def around(tmp_path: Path, **variables: str) -> Surroundings:
    return Surroundings(variables, tmp_path, lambda _service, _user: None)


def test_an_index_without_credentials_may_be_copied_by_any_server(tmp_path: Path) -> None:
    found = choose_source(URL, around(tmp_path), internal=["Acme_*", "acme-*"])

    assert found.own is not None
    assert found.own.addresses.read_url == f"{URL}+simple/"
    assert (found.own.credentials, found.credentials_from, found.folder) == (None, None, None)
    assert (found.may_share, found.internal, found.names) == (True, ("acme-*",), ())


@pytest.mark.parametrize("url", [URL, f"{URL}+simple/"])
def test_the_address_of_uploads_counts_where_the_worlds_files_have_the_credentials(
    tmp_path: Path, url: str
) -> None:
    (tmp_path / ".pypirc").write_text(
        f"[distutils]\nindex-servers = d\n[d]\nrepository = {URL}\nusername = me\npassword = {CANARY}\n"
    )

    found = choose_source(url, around(tmp_path))

    assert found.own is not None
    assert found.own.credentials is not None
    assert found.own.credentials[0] == "me"
    assert found.own.credentials[1].reveal() == CANARY
    assert "section 'd'" in (found.credentials_from or "")
    assert not found.may_share
    assert CANARY not in repr(found)


def test_a_user_and_a_password_may_be_given(tmp_path: Path) -> None:
    surroundings = around(tmp_path, FEEDGATE_DESTINATION_PASSWORD=CANARY)

    found = choose_source(URL, surroundings, username="me")

    assert found.own is not None
    assert found.own.credentials is not None
    assert found.own.credentials[1].reveal() == CANARY


def test_a_folder_is_read_by_the_command(tmp_path: Path) -> None:
    found = choose_source(str(tmp_path), around(tmp_path))

    assert (found.folder, found.own, found.may_share) == (tmp_path, None, True)


def test_names_are_read_from_a_file(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("# ours\nAcme.Core  # the first\n\n  other_one \nacme-core\n")

    found: ChosenSource = choose_source(URL, around(tmp_path), names=names)

    assert found.names == ("acme-core", "other-one")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"# nothing\n\n", "it holds no name", id="empty"),
        pytest.param(b"fine\ndemo==1.0\n", "line 2: 'demo==1.0' is no project name", id="requirement"),
        pytest.param(b"\xff\xfe", "it is no UTF-8 text", id="bytes"),
        pytest.param(None, "No such file or directory", id="absent"),
    ],
)
def test_a_file_of_names_that_can_not_be_used_is_named(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    names = tmp_path / "names.txt"
    if content is not None:
        names.write_bytes(content)

    with pytest.raises(NamesFileUnreadable) as raised:
        choose_source(URL, around(tmp_path), names=names)

    assert words in raised.value.message
    assert str(names) in raised.value.message


@pytest.mark.parametrize(
    ("raw", "options", "error"),
    [
        pytest.param("no-such-folder", {}, SourceNotFound, id="nothing"),
        pytest.param(f"me:{CANARY}@index.example/simple", {}, NoPlainAddress, id="no-scheme"),
        pytest.param(f"https://me:{CANARY}@index.example/", {}, NoPlainAddress, id="password"),
        pytest.param(f"https://index.example/?t={CANARY}", {}, InvalidDestination, id="query"),
        pytest.param("ftp://index.example/", {}, InvalidDestination, id="scheme"),
        pytest.param(".", {"username": "me"}, FolderHasNoUser, id="user-of-a-folder"),
        pytest.param(URL, {"internal": ["a b"]}, InvalidNamePattern, id="pattern"),
    ],
)
def test_what_is_no_source_is_said_without_what_may_be_a_secret(
    tmp_path: Path, raw: str, options: dict[str, object], error: type[FeedgateError]
) -> None:
    with pytest.raises(error) as raised:
        choose_source(raw, around(tmp_path), **options)  # type: ignore[arg-type]  # as a caller gives them

    assert CANARY not in f"{raised.value.message} {raised.value.next_step} {raised.value.facts}"
