"""A request as it travels and is stored, and the types it means."""

from datetime import UTC, datetime

import pytest

from feedgate.errors import Invalid
from feedgate.formats.requirements import DirectUrlNotAllowed, OptionNotAllowed
from feedgate.intake.asked import (
    Asked,
    AskedFile,
    IncludeMissing,
    InvalidMoment,
    NothingAsked,
    check,
    conditions,
    newest_allowed,
    targets_of,
    upgraded,
    words,
)
from feedgate.intake.host import host_target
from feedgate.model.names import InvalidName
from feedgate.model.run import RunKind
from feedgate.model.target import InvalidTarget, parse_target

LINUX = parse_target("3.11@x86_64-manylinux_2_28")
WINDOWS = parse_target("3.12@x86_64-pc-windows-msvc")
LOCK = """\
lock-version = "1.0"
created-by = "a test"
requires-python = ">=3.11.4"
[[packages]]
name = "demo"
version = "1.0"
[[packages.wheels]]
name = "demo-1.0-py3-none-any.whl"
url = "https://files.example/demo-1.0-py3-none-any.whl"
hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
[[packages]]
name = "only-windows"
version = "2.0"
marker = "sys_platform == 'win32'"
[[packages.wheels]]
name = "only_windows-2.0-py3-none-any.whl"
url = "https://files.example/only_windows-2.0-py3-none-any.whl"
hashes = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111" }
"""


def add(*requirements: str, files: tuple[AskedFile, ...] = (), exclude_newer: str | None = None) -> Asked:
    return Asked(RunKind.ADD, requirements, files, exclude_newer=exclude_newer)


def test_a_request_comes_back_as_it_was_stored() -> None:
    asked = Asked(
        kind=RunKind.PLAN,
        requirements=("demo>=1", 'part; python_version < "3.12"'),
        files=(AskedFile("r.txt", "requirements", "ü\n"), AskedFile("pylock.toml", "lock", LOCK)),
        targets=("host", "3.11@x86_64-manylinux_2_28"),
        allow_prereleases=True,
        exclude_newer="2026-01-31",
        upgrade=True,
        upgrade_projects=("demo",),
        reason="asked for by ada",
    )

    assert Asked.from_text(asked.to_text()) == asked


def test_words_say_where_each_was_said_and_constraints_bring_nothing() -> None:
    asked = add(
        "demo>=1",
        files=(
            AskedFile("a/r.txt", "requirements", "# ours\npart ; sys_platform == 'linux'\n-c limits.txt\n"),
            AskedFile("a/limits.txt", "constraints", "part<2\n"),
        ),
    )

    found = words(asked, LINUX, "3.11.5")

    assert [(line.origin, str(line.requirement)) for line in found.requirements] == [
        ("argument", "demo>=1"),
        ("a/r.txt:2", 'part; sys_platform == "linux"'),
    ]
    assert [str(bound) for bound in found.bounds] == ["part<2"]
    assert found.names == {"demo", "part"}


def test_hashes_of_one_name_are_united_over_all_lines() -> None:
    one, two = "sha256:" + "1" * 64, "sha512:" + "2" * 128
    text = f"demo==1.0 --hash={one}\nDEMO --hash={two}\npart\n"

    found = words(add(files=(AskedFile("r.txt", "requirements", text),)), LINUX, "3.11.5")

    assert found.hashes == {"demo": {one, two}}


def test_of_a_lock_those_packages_count_whose_marker_holds_there() -> None:
    asked = add(files=(AskedFile("pylock.toml", "lock", LOCK),))

    assert [str(one) for one in words(asked, LINUX, "3.11.5").wanted] == ["demo==1.0"]
    assert [str(one) for one in words(asked, WINDOWS, "3.12.1").wanted] == ["demo==1.0", "only-windows==2.0"]
    assert words(asked, LINUX, "3.11.5").hashes == {"demo": {"sha256:" + "0" * 64}}


def test_a_file_that_includes_one_which_did_not_come_is_named() -> None:
    asked = add(files=(AskedFile("a/r.txt", "requirements", "demo\n-r ../b/more.txt\n"),))

    with pytest.raises(IncludeMissing, match=r"a/r\.txt:2: includes '\.\./b/more\.txt'"):
        words(asked, LINUX, "3.11.5")

    came = AskedFile("b/more.txt", "requirements", "part\n")
    assert words(add(files=(*asked.files, came)), LINUX, "3.11.5").names == {"demo", "part"}


def test_what_a_request_says_of_pythons_are_its_conditions() -> None:
    asked = add("demo; python_full_version < '3.11.3'", files=(AskedFile("pylock.toml", "lock", LOCK),))

    found = conditions(asked, LINUX)

    assert 'python_full_version < "3.11.3"' in found
    assert ">=3.11.4" in found


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        (None, None),
        ("2026-01-31", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2024-02-28", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_bare_date_is_to_the_end_of_that_day(raw: str | None, moment: datetime | None) -> None:
    assert newest_allowed(add(exclude_newer=raw)) == moment


@pytest.mark.parametrize(
    "raw", ["", "soon", "2026-02-30", "31.01.2026", "1 week", "9999-12-31", "0001-01-01T00:00:00+10:00"]
)
def test_what_is_no_moment_is_refused(raw: str) -> None:
    with pytest.raises(InvalidMoment):
        newest_allowed(add(exclude_newer=raw))


def test_targets_are_read_once_each_and_host_is_written_down() -> None:
    asked = Asked(RunKind.ADD, targets=("3.11@x86_64-manylinux_2_28", "host", "3.11@x86_64-manylinux_2_28"))

    assert targets_of(asked) == (LINUX, host_target())
    with pytest.raises(InvalidTarget):
        targets_of(Asked(RunKind.ADD, targets=("2.7@x",)))


def test_names_to_upgrade_are_names() -> None:
    assert upgraded(Asked(RunKind.ADD, upgrade_projects=("De_Mo", "de-mo"))) == {"de-mo"}
    with pytest.raises(InvalidName):
        upgraded(Asked(RunKind.ADD, upgrade_projects=("de mo",)))


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (add(), NothingAsked),
        (add(files=(AskedFile("r.txt", "requirements", "# nothing\n"),)), NothingAsked),
        (add(files=(AskedFile("c.txt", "constraints", "demo<2\n"),)), NothingAsked),
        (add("demo", exclude_newer="soon"), InvalidMoment),
        (add("--pre"), Invalid),
        (add("demo @ https://files.example/d.whl"), DirectUrlNotAllowed),
        (add("demo", files=(AskedFile("r.txt", "requirements", "--pre\n"),)), OptionNotAllowed),
        (add("demo", files=(AskedFile("pylock.toml", "lock", "no TOML"),)), Invalid),
    ],
)
def test_the_first_thing_that_is_wrong_is_told(asked: Asked, error: type[Invalid]) -> None:
    with pytest.raises(error):
        check(asked, (LINUX, WINDOWS))


def test_what_is_asked_for_one_of_two_targets_is_enough() -> None:
    check(add("demo; sys_platform == 'win32'"), (LINUX, WINDOWS))
