from pathlib import Path

import pytest

from feedgate.machine.files import UnwritableFile
from feedgate.machine.plan import (
    Change,
    FileChanged,
    Obstacle,
    Obstructed,
    Plan,
    apply,
    decoded,
    encoded,
    variable_obstacle,
    without_credentials,
)


def change(path: Path, before: bytes | None, after: bytes, *, keep_backup: bool = False) -> Change:
    return Change(path, ("something",), before, after, keep_backup=keep_backup)


IN_FILE = Obstacle("/etc/pip.conf, line 3", "[global] find-links", "/srv", "run again", replaceable=True)
IN_ENVIRONMENT = variable_obstacle("PIP_INDEX_URL", "https://build:canary@index.example/simple/")


def test_nothing_is_touched_while_an_obstacle_stands(tmp_path: Path) -> None:
    with pytest.raises(Obstructed):
        apply(Plan((change(tmp_path / "a", None, b"x"),), (IN_FILE,)))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("obstacles", "next_step"),
    [
        ((IN_FILE,), "run connect again with --replace (what it changes is kept beside the file)"),
        ((IN_ENVIRONMENT,), "unset PIP_INDEX_URL (and take it out of the file that sets it)"),
        (
            (IN_FILE, IN_ENVIRONMENT, IN_ENVIRONMENT),
            (
                "unset PIP_INDEX_URL (and take it out of the file that sets it); "
                "run connect again with --replace (what it changes is kept beside the file)"
            ),
        ),
    ],
)
def test_each_obstacle_is_named_with_what_removes_it(obstacles: tuple[Obstacle, ...], next_step: str) -> None:
    refused = Obstructed(obstacles)

    assert refused.next_step == next_step
    assert all(obstacle.words in refused.message for obstacle in obstacles)
    assert "canary" not in refused.message


def test_all_that_can_be_known_before_is_checked_before_the_first_write(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    first = change(tmp_path / "first", None, b"x")

    with pytest.raises(UnwritableFile, match="no permission for its folder"):
        apply(Plan((first, change(tmp_path / "plain" / "second", None, b"x"))))
    with pytest.raises(FileChanged, match="plain was changed meanwhile"):
        apply(Plan((first, change(tmp_path / "plain", b"as planned", b"x"))))

    assert not (tmp_path / "first").exists()


def test_a_new_file_is_readable_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "old").chmod(0o640)

    backups = apply(
        Plan((change(tmp_path / "new", None, b"x"), change(tmp_path / "old", b"old", b"x", keep_backup=True)))
    )

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o640
    assert [backup.read_bytes() for backup in backups] == [b"old"]
    assert backups[0].stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_nothing_to_back_up(tmp_path: Path) -> None:
    assert apply(Plan((change(tmp_path / "new", None, b"x", keep_backup=True),))) == ()


def test_plans_are_united_without_changes_that_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "same").write_bytes(b"x")
    needed, idle = change(tmp_path / "a", None, b"x"), change(tmp_path / "same", b"x", b"x")

    whole = Plan.united([Plan((idle,), notes=("one",)), Plan((needed,), (IN_FILE,), ("two",))])

    assert whole == Plan((needed,), (IN_FILE,), ("one", "two"))


def test_a_plan_shows_no_content() -> None:
    assert "canary" not in repr(Plan((change(Path("a"), b"canary", b"canary"),)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://index.example/simple/", "https://index.example/simple/"),
        ("https://build:canary@index.example/simple/", "https://***@index.example/simple/"),
        ("https://canary@index.example/", "https://***@index.example/"),
        ("https://u:canary/w@index.example/", "https://***@index.example/"),
        ("https://u:1canary?w#x@index.example/", "https://***@index.example/"),
        ("https://u:c@nary@index.example/", "https://***@index.example/"),
        ("name=https://u:canary@a.example/ git+https://canary@b.example/c", "name=https://***@a.example/ git+https://***@b.example/c"),
        ("https://index.example/acme/_packaging/f@Local/pypi/", "https://index.example/acme/_packaging/f@Local/pypi/"),
        ("https://index.example:8080/f@Local/", "https://index.example:8080/f@Local/"),
        ("https://index.example:8080", "https://index.example:8080"),
        ("one\n  two\x1b[31m\u202e", "one two?[31m\u202e"),
    ],
)  # fmt: skip
def test_what_is_shown_of_a_value_is_one_line_without_credentials(value: str, shown: str) -> None:
    assert without_credentials(value) == shown


def test_text_and_bytes_are_the_same_both_ways() -> None:
    assert encoded(decoded(b"\xff\xc3\xa4\r\n")) == b"\xff\xc3\xa4\r\n"
    assert decoded(None) == ""
