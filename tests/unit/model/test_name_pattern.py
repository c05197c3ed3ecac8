"""Patterns of names are compared with names in the names' own form."""

import pytest

from feedgate.model.name_pattern import InvalidNamePattern, matches, parse_name_pattern
from feedgate.model.names import parse_project_name


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("acme-*", "acme-core", True),
        ("Acme_*", "acme.core", True),
        ("acme.*", "Acme-Core", True),
        ("acme-*", "acme", False),
        ("acme", "acme", True),
        ("acme", "acme-core", False),
        ("*", "anything", True),
        ("ac?e", "acme", True),
        ("[ab]cme", "bcme", True),
        ("[!ab]cme", "bcme", False),
        ("[a-c]cme", "bcme", True),
        ("[a-c]cme", "dcme", False),
        ("acme--*", "acme-core", True),
        ("*-acme-*", "x-acme-y", True),
    ],
)
def test_a_pattern_stands_for_names(pattern: str, name: str, expected: bool) -> None:
    assert matches(parse_name_pattern(pattern), parse_project_name(name)) is expected


@pytest.mark.parametrize(
    "raw",
    ["", " ", "acme *", "acme/*", "[ab", "ab]", "[]", "[!]", "äcme", "acme\n*", "{a,b}", "a" * 256, "a\\*"],
)
def test_what_is_no_pattern_is_refused(raw: str) -> None:
    with pytest.raises(InvalidNamePattern):
        parse_name_pattern(raw)


def test_where_it_stands_is_said() -> None:
    with pytest.raises(InvalidNamePattern, match=r"names\.txt, line 3: 'a b' is no pattern"):
        parse_name_pattern("a b", where="names.txt, line 3: ")
