"""Which hosts feeds may have as standing destinations: none that an administrator did not name."""

import pytest

from feedgate.model.destination import Addresses
from feedgate.outside.allowed_destinations import AllowedDestinations, DestinationNotAllowed
from feedgate.outside.egress import InvalidHost


def at(upload: str, read: str | None = None) -> Addresses:
    return Addresses(f"{upload}/upload", f"{read or upload}/simple/")


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("packages.example", "https://packages.example"),
        ("packages.example", "https://PACKAGES.example."),
        ("packages.example", "https://packages.example:8443"),
        ("packages.example:8443", "https://packages.example:8443"),
        ("https://packages.example", "https://packages.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_host_that_was_named_is_allowed(named: str, address: str) -> None:
    AllowedDestinations.of("other.example", named).require(at(address))


@pytest.mark.parametrize(
    ("named", "address"),
    [
        pytest.param("packages.example", "https://packages.example.evil.example", id="longer"),
        pytest.param("packages.example", "https://evil-packages.example", id="longer-in-front"),
        pytest.param("packages.example:8443", "https://packages.example", id="another-port"),
        pytest.param("packages.example", "http://packages.example", id="in-the-clear"),
        pytest.param("https://packages.example", "http://packages.example:443", id="in-the-clear-there"),
        pytest.param("127.0.0.1", "https://127.0.0.2", id="another-address"),
    ],
)
def test_any_other_is_not(named: str, address: str) -> None:
    with pytest.raises(DestinationNotAllowed):
        AllowedDestinations.of(named).require(at(address))


def test_with_nothing_named_none_is_allowed() -> None:
    with pytest.raises(
        DestinationNotAllowed, match=r"packages\.example.*destinations\.allowed_hosts"
    ) as caught:
        AllowedDestinations.of().require(at("https://packages.example"))

    assert "packages.example in destinations.allowed_hosts" in caught.value.next_step


@pytest.mark.parametrize(
    "pair", [("https://a.example", "https://b.example"), ("https://b.example", "https://a.example")]
)
def test_both_addresses_must_be_allowed(pair: tuple[str, str]) -> None:
    with pytest.raises(DestinationNotAllowed, match=r"b\.example"):
        AllowedDestinations.of("a.example").require(at(*pair))


def test_the_error_says_what_to_name() -> None:
    with pytest.raises(DestinationNotAllowed, match=r"^http://127\.0\.0\.1:8080:"):
        AllowedDestinations.of("127.0.0.1:8080").require(at("http://127.0.0.1:8080"))


def test_a_setting_that_names_no_host_is_said_at_once() -> None:
    with pytest.raises(InvalidHost):
        AllowedDestinations.of("packages.example/path")
