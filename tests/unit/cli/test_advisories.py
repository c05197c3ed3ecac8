"""What is read from standard input: releases, a line each, and nothing that only looks like one."""

import pytest

from feedgate.cli.advisories import NotARelease, _releases


def read(text: str) -> list[tuple[str, str]]:
    return [(one.name, one.version) for one in _releases(text.splitlines(keepends=True))]


def test_releases_are_read_a_line_each() -> None:
    given = "requests==2.30.0\n\n  Flask == 2.0rc1 # why\n# nothing\npytz==2004b\r\ntorch==2.0+cpu"

    assert read(given) == [
        ("requests", "2.30.0"),
        ("Flask", "2.0rc1"),
        ("pytz", "2004b"),
        ("torch", "2.0+cpu"),
    ]
    assert read("") == []


@pytest.mark.parametrize(
    "line",
    [
        "requests",
        "requests>=2",
        "==2.0",
        "requests==",
        "requests===2.0",
        "requests==2.*",
        "requests==2.0 ; python_version < '4'",
        "requests==2.0 --hash=sha256:00",
        "requests==2.0 \\",
        "-e .",
        "requests @ https://a.example/x.whl",
        "x" * 5000,
    ],
)
def test_a_line_that_names_no_release_is_told_by_its_number(line: str) -> None:
    with pytest.raises(NotARelease) as raised:
        read(f"demo==1.0\n{line}\n")

    assert raised.value.message.startswith("line 2: ")
    assert len(raised.value.message) < 200
