"""Any address of an index that is copied is enough, also one of what takes no uploads."""

import pytest

from feedgate.outside.destination_address import (
    AZURE_HOST,
    InvalidDestination,
    azure_place,
    source_addresses,
)

AZURE = f"https://{AZURE_HOST}/acme/_packaging"


@pytest.mark.parametrize(
    ("raw", "read_url"),
    [
        pytest.param(f"{AZURE}/feed", f"{AZURE}/feed/pypi/simple/", id="azure-feed"),
        pytest.param(f"{AZURE}/feed/pypi/upload", f"{AZURE}/feed/pypi/simple/", id="azure-uploads"),
        pytest.param(f"{AZURE}/feed/pypi/simple", f"{AZURE}/feed/pypi/simple/", id="azure-pages"),
        pytest.param(f"{AZURE}/feed@Release", f"{AZURE}/feed@Release/pypi/simple/", id="azure-view"),
        pytest.param("http://index.example:8080", "http://index.example:8080/simple/", id="pypiserver"),
        pytest.param("http://index.example/simple", "http://index.example/simple/", id="pages"),
        pytest.param("https://d.example/u/i", "https://d.example/u/i/+simple/", id="devpi"),
        pytest.param("https://d.example/u/i/+simple/", "https://d.example/u/i/+simple/", id="devpi-pages"),
        pytest.param("https://n.example/repository/r", "https://n.example/repository/r/simple/", id="nexus"),
        pytest.param(
            "https://g.example/api/v4/groups/5/-/packages/pypi/simple",
            "https://g.example/api/v4/groups/5/-/packages/pypi/simple/",
            id="gitlab-group",
        ),
        pytest.param("https://w.example/whl/", "https://w.example/whl/", id="one-folder"),
        pytest.param("https://w.example/a/b/c", "https://w.example/a/b/c/", id="nothing-known"),
    ],
)
def test_the_pages_are_told_from_whatever_was_given(raw: str, read_url: str) -> None:
    found = source_addresses(raw)

    assert found.read_url == read_url
    assert found.upload_url == f"{raw.rstrip('/')}/", "as it was given"


def test_a_view_is_a_place_of_azures() -> None:
    place = azure_place(source_addresses(f"{AZURE}/feed@Release"))

    assert place is not None
    assert place.feed == "feed@Release"


@pytest.mark.parametrize(
    "raw",
    ["index.example/simple/", "https://", "https://index.example/?token=x", "https://u:p@index.example/"],
)
def test_what_is_no_address_is_no_source(raw: str) -> None:
    with pytest.raises(InvalidDestination):
        source_addresses(raw)
