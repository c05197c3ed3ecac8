import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedgate.machine.files import (
    BACKUP_SUFFIX,
    UnreadableFile,
    UnwritableFile,
    back_up,
    is_writable,
    mode_of,
    read_file,
    replace_file,
)
from tests.left_out import leave_out


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    assert read_file(tmp_path / "absent") is None
    assert read_file(tmp_path / "plain" / "absent") is None
    assert mode_of(tmp_path / "absent") is None


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UnreadableFile, match="it is no plain file"):
        read_file(tmp_path / "pipe")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UnreadableFile, match="symbolic links"):
        read_file(tmp_path / "loop")


@pytest.mark.parametrize(("size_bytes", "taken"), [(4 * 1024 * 1024, True), (4 * 1024 * 1024 + 1, False)])
def test_what_is_too_large_for_settings_is_refused(tmp_path: Path, size_bytes: int, taken: bool) -> None:
    (tmp_path / "large").write_bytes(b"#" * size_bytes)

    if taken:
        assert len(read_file(tmp_path / "large") or b"") == size_bytes
        return
    with pytest.raises(UnreadableFile, match="larger than 4 MiB"):
        read_file(tmp_path / "large")


def test_missing_folders_are_made(tmp_path: Path) -> None:
    replace_file(tmp_path / "a" / "b" / "c.conf", b"x", mode=0o640)

    assert (tmp_path / "a" / "b" / "c.conf").read_bytes() == b"x"
    assert mode_of(tmp_path / "a" / "b" / "c.conf") == 0o640


def test_a_reader_has_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new", mode=0o600)

        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_into_nowhere_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "target")

    replace_file(tmp_path / "link", b"x", mode=0o600)

    assert (tmp_path / "folder" / "target").read_bytes() == b"x"
    assert (tmp_path / "link").is_symlink()


def test_what_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(UnwritableFile, match="can not be written"):
        replace_file(tmp_path / "folder", b"x", mode=0o600)

    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_a_file_where_a_folder_should_be_is_said_before(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    assert not is_writable(tmp_path / "plain" / "settings")
    assert is_writable(tmp_path / "new" / "folder" / "settings")
    with pytest.raises(UnwritableFile):
        replace_file(tmp_path / "plain" / "settings", b"x", mode=0o600)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def as_stranger(open_folder: Path) -> Iterator[None]:
    """Whoever runs the tests may do here what the modes say, and no more."""
    caller = os.geteuid()
    if caller == 0:
        os.seteuid(65534)
    yield
    os.seteuid(caller)
    (open_folder / "folder").chmod(0o700)


def test_a_folder_that_may_not_be_written_is_said_before(open_folder: Path, as_stranger: None) -> None:
    assert is_writable(Path(tempfile.gettempdir()) / "folder" / "settings")
    with _as_caller():
        (open_folder / "folder").mkdir(mode=0o555)

    assert not is_writable(open_folder / "folder" / "settings")


def test_a_file_that_may_not_be_read_is_named(open_folder: Path, as_stranger: None) -> None:
    with _as_caller():
        (open_folder / "folder").mkdir(mode=0o555)
        (open_folder / "folder" / "settings").touch(mode=0o000)

    with pytest.raises(UnreadableFile, match="Permission denied"):
        read_file(open_folder / "folder" / "settings")


def test_what_lies_in_a_folder_that_may_not_be_entered_is_not_there(
    open_folder: Path, as_stranger: None
) -> None:
    with _as_caller():
        (open_folder / "folder").mkdir()
        (open_folder / "folder" / "settings").touch()
        (open_folder / "folder").chmod(0o000)

    assert read_file(open_folder / "folder" / "settings") is None
    assert not is_writable(open_folder / "folder" / "settings")


@contextmanager
def _as_caller() -> Iterator[None]:
    now = os.geteuid()
    os.seteuid(os.getuid())
    yield
    os.seteuid(now)


@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_what_root_writes_into_a_home_stays_its_users(tmp_path: Path, there: bool) -> None:
    if os.geteuid() != 0:
        leave_out("files that change hands", brings="running the tests as root")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1234, 2345)
    path = home / ".config" / "pip" / "pip.conf"
    if there:
        replace_file(path, b"old", mode=0o644)
        os.chown(path, 3456, 2345)

    replace_file(path, b"new", mode=0o644)

    assert (path.stat().st_uid, path.stat().st_gid) == (3456 if there else 1234, 2345)
    assert (home / ".config").stat().st_uid == 1234


def test_a_user_who_is_not_root_gives_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(os, "chown", lambda *_: pytest.fail("gave a file away"))

    replace_file(tmp_path / "settings", b"x", mode=0o600)

    assert (tmp_path / "settings").read_bytes() == b"x"


def test_an_older_backup_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "pip.conf"

    made = [back_up(path, content, mode=0o600) for content in (b"first", b"second", b"third")]

    assert [backup.name for backup in made] == [
        "pip.conf.feedgate-backup",
        "pip.conf.feedgate-backup-2",
        "pip.conf.feedgate-backup-3",
    ]
    assert [backup.read_bytes() for backup in made] == [b"first", b"second", b"third"]
    assert made[0].name.endswith(BACKUP_SUFFIX)
