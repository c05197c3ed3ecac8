"""Whether an Azure feed has upstream sources: yes, no, or nobody can say, and never an error."""

import json
from typing import Any

import pytest

from feedgate.app.clock import now
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret
from feedgate.outside.azure_upstreams import feed_url, has_upstream_sources
from feedgate.outside.body import Limits
from feedgate.outside.destination_address import (
    AZURE_HOST,
    AZURE_LEGACY_SUFFIX,
    azure_place,
    derive_addresses,
)
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.proxies import Proxies
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_manners import Cuts, Fails, Manners, Waits
from tests.doubles.scripted_server import scripted, whole


async def no_nap(_: float) -> None:
    """Wait for nothing."""


SETTINGS = DestinationSettings(
    now=now,
    proxies=Proxies(),
    limits=Limits(connect_seconds=0.5, silence_seconds=0.5, grace_seconds=0.5),
    sleep=no_nap,
)
TOKEN = ("build", Secret("the-token"))


@pytest.mark.parametrize("project", [None, "My Project"])
@pytest.mark.parametrize("is_on", [True, False])
async def test_the_feed_itself_says_it(project: str | None, is_on: bool) -> None:
    async with AzureArtifacts(project=project, manners=Manners(upstream_sources=is_on)) as azure:
        addresses = derive_addresses(azure.upload_url)

        assert await has_upstream_sources(addresses, TOKEN, SETTINGS) is is_on
        (seen,) = azure.seen
        assert seen.has_credentials


@pytest.mark.parametrize(
    "fault", [Fails(503), Fails(500), Fails(401), Fails(403), Fails(429), Cuts(), Waits(30)]
)
async def test_no_answer_is_unknown(fault: Fails | Cuts | Waits) -> None:
    async with AzureArtifacts(manners=Manners(upstream_sources=True)) as azure:
        azure.fault("rest", fault)

        assert await has_upstream_sources(derive_addresses(azure.upload_url), TOKEN, SETTINGS) is None


async def test_who_is_not_let_in_can_not_say() -> None:
    async with AzureArtifacts() as azure:
        addresses = derive_addresses(azure.upload_url)

        assert await has_upstream_sources(addresses, None, SETTINGS) is None
        assert await has_upstream_sources(addresses, ("x", Secret("wrong")), SETTINGS) is None


async def test_nobody_there_is_unknown() -> None:
    addresses = derive_addresses("http://127.0.0.1:9/acme/_packaging/f/pypi/upload")

    assert await has_upstream_sources(addresses, TOKEN, SETTINGS) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"upstreamEnabled": True, "upstreamSources": [{"protocol": "PyPI"}]}, True),
        ({"upstreamEnabled": True, "upstreamSources": [{"protocol": "npm"}]}, False),
        (
            {"upstreamEnabled": True, "upstreamSources": [{"protocol": "pypi", "deletedDate": "2026-01-01"}]},
            False,
        ),
        ({"upstreamEnabled": True, "upstreamSources": []}, False),
        ({"upstreamEnabled": False, "upstreamSources": [{"protocol": "pypi"}]}, False),
        ({"upstreamEnabled": True}, None),
        ({"upstreamEnabled": True, "upstreamSources": ["pypi", 1, None]}, False),
        ({"upstreamEnabled": "yes"}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
async def test_any_json_is_understood_or_unknown(body: Any, said: bool | None) -> None:
    with scripted(whole(json.dumps(body).encode())) as server:
        addresses = derive_addresses(f"{server.origin}/acme/_packaging/f/pypi/upload")

        assert await has_upstream_sources(addresses, TOKEN, SETTINGS) is said
        assert server.lines == ["GET /acme/_apis/packaging/feeds/f?api-version=7.1-preview.1 HTTP/1.1"]


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"", b"[" * 100_000, b"\xff", b"x" * 2_000_000])
async def test_what_is_no_json_is_unknown(body: bytes) -> None:
    with scripted(whole(body)) as server:
        addresses = derive_addresses(f"{server.origin}/acme/_packaging/f/pypi/upload")

        assert await has_upstream_sources(addresses, TOKEN, SETTINGS) is None


@pytest.mark.parametrize(
    ("header", "said"),
    [(b"X-VSS-E2EID: 1\r\n", None), (b"X-TFS-ProcessId: 1\r\n", None), (b"", False)],
)
async def test_a_server_without_that_interface_is_not_azures(header: bytes, said: bool | None) -> None:
    """Feedgate has the same paths, and no upstream sources of that kind."""
    answer = b"HTTP/1.1 404 Not Found\r\n" + header + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    with scripted(answer) as server:
        addresses = derive_addresses(f"{server.origin}/acme/_packaging/f/pypi/upload")

        assert await has_upstream_sources(addresses, TOKEN, SETTINGS) is said


async def test_what_has_not_azures_paths_is_not_asked() -> None:
    addresses = Addresses("http://127.0.0.1:9/", "http://127.0.0.1:9/simple/")

    assert await has_upstream_sources(addresses, TOKEN, SETTINGS) is False


@pytest.mark.parametrize(
    ("upload_url", "path"),
    [
        (f"https://{AZURE_HOST}/acme/_packaging/f/pypi/upload", "/acme/_apis/packaging/feeds/f"),
        (
            f"https://{AZURE_HOST}/acme/My%20P/_packaging/f/pypi/upload",
            "/acme/My%20P/_apis/packaging/feeds/f",
        ),
        (f"https://acme{AZURE_LEGACY_SUFFIX}/P/_packaging/f/pypi/upload", "/acme/P/_apis/packaging/feeds/f"),
    ],
)
def test_the_service_answers_for_its_feeds_at_a_host_of_their_own(upload_url: str, path: str) -> None:
    place = azure_place(derive_addresses(upload_url))
    assert place is not None

    assert feed_url(place) == f"https://feeds.dev.azure.com{path}"
