"""What a process was told, compared."""

from pathlib import Path

import pytest

from feedgate.app.stated import differing, differing_settings, is_setting, stated


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("FEEDGATE_UPSTREAM__URL", True),
        ("FEEDGATE_URL", False),
        ("FEEDGATE_READ_TOKEN", False),
        ("OTHER__URL", False),
    ],
)
def test_a_setting_has_a_section_and_a_key(variable: str, expected: bool) -> None:
    assert is_setting(variable) is expected


def test_only_what_the_server_follows_is_stated(tmp_path: Path) -> None:
    environment = {
        "FEEDGATE_UPSTREAM__URL": "a",
        "FEEDGATE_TOKEN": "b",
        "https_proxy": "c",
        "SSL_CERT_FILE": "d",
        "NO_PROXY": "",
        "HOME": "e",
    }

    assert set(stated(tmp_path / "none", environment)) == {
        "FEEDGATE_UPSTREAM__URL",
        "https_proxy",
        "SSL_CERT_FILE",
    }


def test_values_are_not_to_be_read_from_it(tmp_path: Path) -> None:
    assert "hunter2" not in str(stated(tmp_path / "none", {"FEEDGATE_UPSTREAM__CREDENTIALS": "u:hunter2"}))


def test_the_file_counts_by_its_content_wherever_it_is_seen_from(tmp_path: Path) -> None:
    file = tmp_path / "feedgate.toml"
    file.write_text("[server]\n")
    (tmp_path / "link").symlink_to(tmp_path)
    before = stated(file, {})

    assert stated(tmp_path / "link" / "feedgate.toml", {}) == before
    file.write_text("[server]\nport = 1\n")
    assert differing(stated(file, {}), before) == (str(file.resolve()),)


def test_what_only_one_side_states_differs() -> None:
    assert differing({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == ("a", "b", "c")
    assert differing({"a": "1"}, {"a": "1"}) == ()


def test_beside_an_operators_server_only_what_the_command_states_as_a_setting_counts() -> None:
    mine = {"HTTPS_PROXY": "1", "FEEDGATE_SERVER__PORT": "2", "/settings.toml": "3"}

    assert differing_settings(mine, {"FEEDGATE_RUNS__CONCURRENCY": "9"}, None) == ("FEEDGATE_SERVER__PORT",)
    assert differing_settings(mine, {}, Path("/settings.toml")) == ("/settings.toml", "FEEDGATE_SERVER__PORT")
    assert differing_settings({}, {"FEEDGATE_SERVER__PORT": "2"}, None) == ()
