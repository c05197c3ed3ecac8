"""The keyring command of the caller's PATH: asked as pip asks it, and never for long."""

import time
from pathlib import Path

import pytest

from feedgate.outside.keyring_command import KeyringCommand, KeyringSilent

CANARY = "c4n4ry-t0k3n"


def keyring(folder: Path, script: str) -> KeyringCommand:
    """Return the asker of a PATH that begins with such a command."""
    command = folder / "keyring"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return KeyringCommand({"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)}, patience_seconds=20)


def test_it_is_asked_for_a_service_and_a_user(tmp_path: Path) -> None:
    ask = keyring(tmp_path, f'echo "$@" > {tmp_path}/asked; echo {CANARY}')

    found = ask("https://a.example/upload", "me")

    assert found is not None
    assert (found[0], found[1].reveal()) == ("me", CANARY)
    assert (tmp_path / "asked").read_text() == "get https://a.example/upload me\n"
    assert CANARY not in repr(ask) + repr(found)


def test_without_a_user_it_is_asked_for_both(tmp_path: Path) -> None:
    ask = keyring(tmp_path, f'test "$1 $2 $3" = "--mode creds get" && printf "me\\n{CANARY}\\n"')

    found = ask("https://a.example/upload", None)

    assert found is not None
    assert (found[0], found[1].reveal()) == ("me", CANARY)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exit 1", id="nothing-kept"),
        pytest.param("exit 0", id="nothing-said"),
        pytest.param("echo x; echo y; exit 1", id="failed"),
        pytest.param("echo", id="empty-line"),
        pytest.param("kill -9 $$", id="killed"),
    ],
)
@pytest.mark.parametrize("username", [None, "me"])
def test_no_answer_is_none(tmp_path: Path, script: str, username: str | None) -> None:
    assert keyring(tmp_path, script)("https://a.example/", username) is None


@pytest.mark.parametrize("said", ["me", "me\\n", "me\\n\\n", "a\\nb\\nc\\n"])
def test_an_answer_that_is_not_two_lines_is_no_pair(tmp_path: Path, said: str) -> None:
    assert keyring(tmp_path, f"printf '{said}'")("https://a.example/", None) is None


def test_where_there_is_no_such_command_nothing_is_kept(tmp_path: Path) -> None:
    assert KeyringCommand({"PATH": str(tmp_path)})("https://a.example/", "me") is None


def test_one_that_can_not_be_started_keeps_nothing(tmp_path: Path) -> None:
    ask = keyring(tmp_path, "")
    (tmp_path / "keyring").write_text("#!/no/such/interpreter\n")

    assert ask("https://a.example/", "me") is None


def test_it_reads_nothing_from_the_commands_own_standard_input(tmp_path: Path) -> None:
    ask = keyring(tmp_path, 'cat; echo "end"')

    found = ask("https://a.example/", "me")

    assert found is not None
    assert found[1].reveal() == "end"


def test_one_that_waits_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    command = keyring(tmp_path, f"sleep 60 & echo $! > {tmp_path}/started; sleep 60")
    ask = KeyringCommand(command.environment, patience_seconds=1)
    begun = time.monotonic()

    with pytest.raises(KeyringSilent, match="1 s"):
        ask("https://a.example/", "me")

    assert time.monotonic() - begun < 20
    started = int((tmp_path / "started").read_text())
    ends_at = time.monotonic() + 10
    while _lives(started):
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_it_leaves_behind_does_not_hold_it_up(tmp_path: Path) -> None:
    """A background process keeps the pipe open: the patience ends that too."""
    command = keyring(tmp_path, f"echo {CANARY}; sleep 60 &")
    begun = time.monotonic()

    with pytest.raises(KeyringSilent):
        KeyringCommand(command.environment, patience_seconds=1)("https://a.example/", "me")
    assert time.monotonic() - begun < 20
