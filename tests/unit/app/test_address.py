"""The address file."""

from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.app.address import Address, read_address, remove_address, write_address
from feedgate.model.secret import Secret

ADDRESS = Address("http://127.0.0.1:1", Secret("key"), "sign", 7, "1.0", stays=True, stated={"A": "b"})


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_address(tmp_path / "server.json", ADDRESS)

    assert read_address(tmp_path / "server.json") == ADDRESS


def test_only_its_owner_reads_it_whatever_stood_there(tmp_path: Path) -> None:
    file = tmp_path / "server.json"
    file.write_text("old")
    file.chmod(0o644)
    write_address(file, ADDRESS)

    assert file.stat().st_mode & 0o777 == 0o600


def test_the_key_shows_in_no_printed_address() -> None:
    assert "hunter2" not in repr(replace(ADDRESS, key=Secret("hunter2")))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"url": "x"}', b'{"stated": 1}', b"\xff"])
def test_anything_else_is_no_address(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "server.json").write_bytes(content)

    assert read_address(tmp_path / "server.json") is None


def test_no_file_is_no_address_and_may_be_removed(tmp_path: Path) -> None:
    assert read_address(tmp_path / "server.json") is None
    remove_address(tmp_path / "server.json")


def test_removed_it_is_gone(tmp_path: Path) -> None:
    write_address(tmp_path / "server.json", ADDRESS)
    remove_address(tmp_path / "server.json")

    assert list(tmp_path.iterdir()) == []
