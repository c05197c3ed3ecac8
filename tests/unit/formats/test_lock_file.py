"""A lock file of ours is one by PEP 751, whatever stands in names and addresses."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from packaging.pylock import Pylock

from feedgate.formats.lock_file import LockedWheel, write_lock
from feedgate.formats.pylock import parse_resolution
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName

ENVIRONMENT = "sys_platform == 'linux' and platform_machine == 'x86_64'"


def wheel(project: str = "demo", filename: str | None = None, **more: Any) -> LockedWheel:
    filename = filename or f"{project}-1.0-py3-none-any.whl"
    fields = {"url": f"https://feed.example/{filename}", "digest": Digest("ab" * 32)} | more
    return LockedWheel(ProjectName(project), "1.0", filename, **fields)


def read(*wheels: LockedWheel) -> Pylock:
    return Pylock.from_dict(
        tomllib.loads(write_lock(wheels, requires_python="==3.11.*", environment=ENVIRONMENT))
    )


def test_a_lock_says_all_that_we_know_of_a_file() -> None:
    uploaded_at = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    lock = read(wheel(size_bytes=10, uploaded_at=uploaded_at, marker="python_full_version < '3.11.3'"))

    [package] = lock.packages
    assert package.wheels is not None
    [file] = package.wheels
    assert (str(lock.requires_python), [str(one) for one in lock.environments or ()]) == (
        "==3.11.*",
        [ENVIRONMENT.replace("'", '"')],
    )
    assert (package.name, str(package.version), str(package.marker)) == (
        "demo",
        "1.0",
        'python_full_version < "3.11.3"',
    )
    assert (file.name, file.url, file.size, file.upload_time) == (
        "demo-1.0-py3-none-any.whl",
        "https://feed.example/demo-1.0-py3-none-any.whl",
        10,
        uploaded_at,
    )
    assert file.hashes == {"sha256": "ab" * 32}


def test_what_is_not_known_is_not_said() -> None:
    text = write_lock([wheel()], requires_python="==3.11.*", environment=ENVIRONMENT)

    for word in ("size", "upload-time", "marker ="):
        assert word not in text


def test_projects_stand_in_their_order() -> None:
    assert [package.name for package in read(wheel("zebra"), wheel("apple")).packages] == ["apple", "zebra"]


def test_an_empty_closure_is_a_lock_too() -> None:
    assert list(read().packages) == []


@pytest.mark.parametrize(
    "filename",
    [
        "demo-1.0-py3-none-any.##vso[task.setvariable variable=x].whl",
        'demo-1.0-py3-none-any."\n[[packages]]\nname = "evil.whl',
        "demo-1.0-py3-none-any.\\\x7f\x00\x1b[31m.whl",
        "demo-1.0-py3-none-any.\u202eé.whl",
    ],
)
def test_a_hostile_file_name_is_a_name_and_nothing_more(filename: str) -> None:
    text = write_lock([wheel(filename=filename)], requires_python="==3.11.*", environment=ENVIRONMENT)

    [package] = tomllib.loads(text)["packages"]
    assert package["wheels"][0]["name"] == filename
    assert "##" not in text
    assert "\x1b" not in text


def test_our_own_reader_takes_it() -> None:
    text = write_lock([wheel()], requires_python="==3.11.*", environment=ENVIRONMENT)

    [file] = parse_resolution(text.encode())
    assert (file.project, file.version, file.sha256) == ("demo", "1.0", "ab" * 32)
