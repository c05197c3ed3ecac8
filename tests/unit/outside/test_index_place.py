"""Which addresses are one index's, and which hold more than an address."""

import pytest

from feedgate.model.destination import Addresses
from feedgate.outside.index_place import has_plain_authority, place_of, places_of

FEED = "https://tfs.example/tfs/Collection/Project/_packaging/feed"


@pytest.mark.parametrize(
    "url",
    [
        f"{FEED}/pypi/upload",
        f"{FEED}/pypi/upload/",
        f"{FEED}/pypi/simple/",
        f"{FEED}@Release/pypi/simple",
        "https://TFS.example:443/TFS/collection/project/_Packaging/FEED/pypi/simple",
        "https://me:pass@tfs.example/tfs//Collection/%50roject/_packaging/feed/pypi/simple/",
    ],
)
def test_a_feeds_addresses_are_one_place(url: str) -> None:
    assert place_of(url) == place_of(FEED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x/", "https://a.example/X/"),
        ("https://a.example/x/", "https://a.example/x/y"),
        ("https://a.example/x%2Fy/", "https://a.example/x/y"),
        ("https://a.example/_packaging", "https://a.example/_packaging/feed"),
        ("https://a.example/", "http://a.example/"),
        ("https://a.example/", "https://a.example:444/"),
    ],
)
def test_two_places_stay_two(one: str, other: str) -> None:
    assert place_of(one) != place_of(other)


@pytest.mark.parametrize("url", ["", "x", "ftp://a.example/", "https://", "https://a:b/", "https://[::1/"])
def test_what_is_no_address_is_no_place(url: str) -> None:
    assert place_of(url) is None


def test_a_destination_has_the_places_of_both_addresses() -> None:
    assert len(places_of(Addresses(f"{FEED}/pypi/upload", f"{FEED}/pypi/simple/"))) == 1
    assert len(places_of(Addresses("https://a.example/", "https://a.example/simple/"))) == 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", True),
        ("https://a.example:8443/x@y/", True),
        ("http://[::1]:8080/", True),
        ("https://bücher.example/", True),
        ("https://me@a.example/", False),
        ("https://me:secret@a.example/", False),
        ("https://me:sec/ret@a.example/", False),
        ("https://me:sec?ret@a.example/", False),
        ("https://me:sec\\ret@a.example/", False),
        ("https://me:12@a.example/", False),
        ("https:///x", False),
        ("a.example/x", False),
        ("", False),
    ],
)
def test_what_may_be_user_information_is_not_plain(url: str, expected: bool) -> None:
    assert has_plain_authority(url) is expected
