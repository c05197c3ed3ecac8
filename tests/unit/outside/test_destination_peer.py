"""What errors call a destination, and what one is told to look at when it does not let us in."""

import pytest

from feedgate.model.destination import Addresses
from feedgate.model.index import BadPage, NoSuchFile, UpstreamUnavailable
from feedgate.outside.destination_address import AZURE_HOST, AZURE_LEGACY_SUFFIX, derive_addresses
from feedgate.outside.destination_peer import DestinationDenied, DestinationPeer, DestinationUnavailable
from feedgate.outside.peer import UPSTREAM

HOSTED = derive_addresses(f"https://{AZURE_HOST}/acme/Project/_packaging/pip-feed/pypi/upload")
OLD = derive_addresses(f"https://acme{AZURE_LEGACY_SUFFIX}/_packaging/pip-feed/pypi/upload")
PLAIN = Addresses("https://pypi.example:8443/", "https://pypi.example:8443/simple/")


@pytest.mark.parametrize("addresses", [HOSTED, OLD])
def test_a_missing_role_is_told_with_both_build_identities(addresses: Addresses) -> None:
    told = DestinationPeer.of(addresses).denied("demo", 403, "you lack AddPackage").next_step

    assert "'Project Collection Build Service (acme)'" in told
    assert "'PROJECT Build Service (acme)'" in told
    assert "Limit job authorization scope to current project" in told
    assert "Feed Publisher (Contributor)" in told
    assert "Packaging (Read & write)" in told


@pytest.mark.parametrize("status", [401, 203])
def test_a_missing_token_is_told_with_where_it_comes_from(status: int) -> None:
    told = DestinationPeer.of(HOSTED).denied("demo", status).next_step

    assert "TwineAuthenticate@1" in told
    assert "SYSTEM_ACCESSTOKEN" in told
    assert "'acme'" in told
    assert "Packaging (Read & write)" in told


@pytest.mark.parametrize("status", [401, 403])
def test_other_hosts_get_plain_words(status: int) -> None:
    told = DestinationPeer.of(PLAIN).denied("demo", status).next_step

    assert not any(word in told for word in ("Azure", "Twine", "Build Service", "Contributor", "SYSTEM_"))


def test_a_server_of_azures_that_was_named_gets_azures_words() -> None:
    server = derive_addresses("https://devops.example/Collection/_packaging/f/pypi/upload")

    assert "(Collection)" in DestinationPeer.of(server, ["devops.example"]).advice(403)
    assert "Build Service" not in DestinationPeer.of(server).advice(403)
    assert "(ORGANIZATION)" in DestinationPeer.of(PLAIN, ["pypi.example"]).advice(403)


def test_a_proxy_that_asks_is_not_the_destination() -> None:
    assert "HTTPS_PROXY" in DestinationPeer.of(HOSTED).advice(407)


def test_a_denial_names_thing_destination_and_words() -> None:
    error = DestinationPeer.of(PLAIN).denied("demo-1.0.tar.gz", 403, "no such right")

    assert isinstance(error, DestinationDenied)
    assert error.message == (
        "demo-1.0.tar.gz: the destination pypi.example:8443 does not allow it (403 Forbidden: no such right)"
    )


def test_a_destination_is_called_by_its_host() -> None:
    peer = DestinationPeer.of(PLAIN)

    assert peer.refusal("demo", 418).message == (
        "demo: the destination pypi.example:8443 did not answer (418 I'm a Teapot)"
    )
    assert isinstance(peer.refusal("demo", 418), DestinationUnavailable)
    assert isinstance(peer.refusal("demo", 418), UpstreamUnavailable), "an Index promises that kind"
    assert isinstance(peer.no_file("demo.whl", 410), NoSuchFile)
    assert peer.bad_page(BadPage("demo", reason="no HTML")).message == (
        "demo: the page of the destination pypi.example:8443 can not be read (no HTML)"
    )
    assert peer.hosts_setting == "destinations.allowed_hosts"


def test_the_upstream_is_called_as_ever() -> None:
    assert UPSTREAM.refusal("demo", 403).message == "demo: the upstream did not answer (403 Forbidden)"
    assert type(UPSTREAM.refusal("demo", 401)) is UpstreamUnavailable
