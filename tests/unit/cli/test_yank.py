"""A release is named as NAME VERSION or as NAME==VERSION, and never by half."""

import pytest

from feedgate.cli.yank import ReleaseNotNamed, parse_release
from feedgate.model.names import InvalidName


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("demo", "1.0"), ("demo", "1.0")),
        (("demo==1.0", None), ("demo", "1.0")),
        (("Acme_Core==2!1.0+local.7", None), ("acme-core", "2!1.0+local.7")),
        (("demo == 1.0", None), ("demo", "1.0")),
        (("demo===1.0", None), ("demo", "=1.0")),  # the server says that this is no version
        (("demo==1.*", None), ("demo", "1.*")),  # the same
    ],
)
def test_a_release_is_named_in_two_ways(words: tuple[str, str | None], expected: tuple[str, str]) -> None:
    assert parse_release(*words) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("demo", None), "'demo' names no release: its version is missing"),
        (("demo>=1.0", None), "'demo>=1.0' names no release: its version is missing"),
        (("demo==1.0", "2.0"), "'demo==1.0' names no release: '2.0' stands beside it"),
        (("demo==1.0", "1.0"), "stands beside it"),
        (("x" * 5000, None), "its version is missing"),
    ],
)
def test_half_a_release_or_two_is_none(words: tuple[str, str | None], said: str) -> None:
    with pytest.raises(ReleaseNotNamed) as raised:
        parse_release(*words)

    assert said in raised.value.message
    assert len(raised.value.message) < 200


@pytest.mark.parametrize("words", [("a b", "1"), ("==1.0", None), ("demo>=1.0", "1.0")])
def test_a_name_is_a_projects(words: tuple[str, str | None]) -> None:
    with pytest.raises(InvalidName):
        parse_release(*words)
