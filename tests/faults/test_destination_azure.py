"""A destination with every manner of Azure Artifacts that is documented, as the stand-in has them."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from feedgate.app.clock import now
from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.index import NoSuchProject
from feedgate.model.names import parse_project_name
from feedgate.model.secret import Secret
from feedgate.outside.delivery import Conflict, Exceeds, Outgoing, Present, Refused, Sent, Spent
from feedgate.outside.destination import Destination
from feedgate.outside.destination_address import derive_addresses
from feedgate.outside.destination_peer import DestinationDenied, NotADestination
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.proxies import Proxies
from tests.builders.metadata import write_metadata
from tests.doubles.azure import AzureArtifacts
from tests.doubles.azure_log import most_at_once, pages_by_project, uploads_by_file
from tests.doubles.azure_manners import Cuts, Fails

WHEEL = "demo-1.0-py3-none-any.whl"
BODY = os.urandom(100_000)
OTHER = os.urandom(1000)


async def no_nap(_: float) -> None:
    """Wait for nothing."""


def outgoing(body: bytes = BODY, *, version: str = "1.0", metadata_version: str = "2.1") -> Outgoing:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    return Outgoing(
        project=parse_project_name("demo"),
        version=version,
        filename=f"demo-{version}-py3-none-any.whl",
        digest=Digest(hashlib.sha256(body).hexdigest()),
        size_bytes=len(body),
        metadata=write_metadata("demo", version, metadata_version=metadata_version).encode(),
        open=chunks,
    )


@pytest.fixture(params=[None, "My Project"], ids=["organization", "project"])
async def azure(request: pytest.FixtureRequest) -> AsyncIterator[AzureArtifacts]:
    passwords = {"the-token": "contributor", "a-reader": "reader"}
    async with AzureArtifacts(project=request.param, passwords=passwords) as azure:  # type: ignore[arg-type]  # a role is one of four words
        yield azure


async def opened(azure: AzureArtifacts, password: str | None) -> AsyncIterator[Destination]:
    settings = DestinationSettings(
        now=now, proxies=Proxies(), allowed_hosts=(azure.storage_origin,), sleep=no_nap
    )
    credentials = None if password is None else ("build", Secret(password))
    async with Destination.opened(derive_addresses(azure.simple_url), credentials, settings) as destination:
        yield destination


@pytest.fixture
async def destination(azure: AzureArtifacts) -> AsyncIterator[Destination]:
    async for destination in opened(azure, "the-token"):
        yield destination


@pytest.fixture
async def for_reader(azure: AzureArtifacts) -> AsyncIterator[Destination]:
    async for destination in opened(azure, "a-reader"):
        yield destination


async def test_a_file_goes_in_and_is_read_back(destination: Destination, azure: AzureArtifacts) -> None:
    await destination.check()
    assert await destination.deliver(outgoing()) == Sent()
    assert await destination.deliver(outgoing()) == Present()
    (file,) = (await destination.page(parse_project_name("demo"))).files

    assert azure.files() == {WHEEL: hashlib.sha256(BODY).hexdigest()}
    assert await destination.size_of(file) == len(BODY)
    assert await (await destination.open(file)).read() == BODY
    assert [name async for name in destination.names()] == []
    with pytest.raises(NoSuchProject):
        await destination.page(parse_project_name("absent"))


async def test_other_bytes_there_are_named(destination: Destination, azure: AzureArtifacts) -> None:
    azure.store(WHEEL, OTHER)

    assert await destination.deliver(outgoing()) == Conflict(Digest(hashlib.sha256(OTHER).hexdigest()))


@pytest.mark.parametrize("status", [400, 409])
async def test_a_deleted_version_is_spent(
    destination: Destination, azure: AzureArtifacts, status: int
) -> None:
    azure.manners.deleted_status = status
    azure.store(WHEEL, BODY)
    azure.delete("demo", "1.0")

    delivery = await destination.deliver(outgoing())

    assert isinstance(delivery, Spent)
    assert "cannot be republished" in delivery.words
    assert uploads_by_file(azure.seen) == {WHEEL: 1}


async def test_metadata_that_is_too_new_tells_which_is_not(
    destination: Destination, azure: AzureArtifacts
) -> None:
    azure.manners.newest_metadata = "2.1"

    delivery = await destination.deliver(outgoing(metadata_version="2.4"))

    assert isinstance(delivery, Exceeds)
    assert delivery.limits == Limits(metadata_version="2.1")
    assert await destination.deliver(outgoing(metadata_version="2.1")) == Sent()


@pytest.mark.parametrize("status", [400, 413])
async def test_a_file_that_is_too_large_tells_its_size(
    destination: Destination, azure: AzureArtifacts, status: int
) -> None:
    azure.manners.size_limit_bytes, azure.manners.size_status = 50_000, status

    delivery = await destination.deliver(outgoing())

    assert isinstance(delivery, Exceeds)
    assert delivery.limits == Limits(size_bytes=99_999)


async def test_what_its_upstream_source_lists_is_there(
    destination: Destination, azure: AzureArtifacts
) -> None:
    azure.manners.upstream_sources = True
    azure.add_upstream(WHEEL, BODY)

    assert await destination.deliver(outgoing()) == Present()


async def test_another_file_of_a_release_that_its_upstream_source_has_is_refused_with_advice(
    destination: Destination, azure: AzureArtifacts
) -> None:
    azure.manners.upstream_sources = True
    azure.add_upstream("demo-1.0.tar.gz", OTHER)

    delivery = await destination.deliver(outgoing())

    assert isinstance(delivery, Refused)
    assert "upstream source" in delivery.advice


@pytest.mark.parametrize(
    "fault",
    [Fails(503, stores_first=True), Fails(429, retry_after="1", stores_first=True), Cuts(stores_first=True)],
)
async def test_what_arrived_in_spite_of_its_answer_is_sent_once(
    destination: Destination, azure: AzureArtifacts, fault: Fails | Cuts
) -> None:
    azure.fault("upload", fault, times=1)

    assert await destination.deliver(outgoing()) == Sent()
    assert uploads_by_file(azure.seen) == {WHEEL: 1}


async def test_without_digests_on_its_pages_bytes_are_compared(
    destination: Destination, azure: AzureArtifacts
) -> None:
    azure.manners.states_digests = False
    azure.store(WHEEL, BODY)

    assert await destination.deliver(outgoing()) == Present()
    assert await destination.deliver(outgoing(OTHER)) == Conflict(outgoing().digest)


async def test_a_role_that_is_too_small_is_told_before_anything_is_sent(for_reader: Destination) -> None:
    with pytest.raises(DestinationDenied, match="403"):
        await for_reader.check()
    with pytest.raises(DestinationDenied, match="You need to have 'AddPackage'"):
        await for_reader.deliver(outgoing())


async def test_no_credentials_are_told_before_anything_else(azure: AzureArtifacts) -> None:
    async for destination in opened(azure, None):
        with pytest.raises(DestinationDenied, match="401"):
            await destination.check()
        azure.manners.anonymous_reads = True
        with pytest.raises(DestinationDenied, match="401"):
            await destination.deliver(outgoing())


async def test_credentials_are_sent_to_a_feed_that_never_asks(
    destination: Destination, azure: AzureArtifacts
) -> None:
    azure.manners.anonymous_reads = True

    assert await destination.deliver(outgoing()) == Sent()
    assert all(seen.has_credentials for seen in azure.seen if seen.kind != "storage")


async def test_a_feed_that_is_not_there_is_named(azure: AzureArtifacts) -> None:
    settings = DestinationSettings(now=now, proxies=Proxies(), sleep=no_nap)
    addresses = derive_addresses(azure.upload_url.replace("pip-feed", "other-feed"))
    async with Destination.opened(addresses, ("build", Secret("the-token")), settings) as destination:
        with pytest.raises(NotADestination, match="other-feed"):
            await destination.check()
        with pytest.raises(NotADestination, match="takes no uploads"):
            await destination.deliver(outgoing(), listed=None)


async def test_forty_at_once_are_eight_at_a_time(destination: Destination, azure: AzureArtifacts) -> None:
    azure.manners.delay_seconds = 0.01
    files = [outgoing(os.urandom(1000), version=f"{number}.0") for number in range(40)]

    assert await asyncio.gather(*(destination.deliver(file) for file in files)) == [Sent()] * 40
    assert most_at_once(azure.seen) <= 8
    assert pages_by_project(azure.seen)["demo"] < 40, "one page read serves all who wait for it"


async def test_a_page_that_is_late_is_waited_for(destination: Destination, azure: AzureArtifacts) -> None:
    azure.manners.page_delay_seconds = 0.3
    settings = DestinationSettings(
        now=now, proxies=Proxies(), look_waits_seconds=(0.1, 0.2, 0.4), allowed_hosts=(azure.storage_origin,)
    )
    credentials = ("build", Secret("the-token"))
    async with Destination.opened(derive_addresses(azure.simple_url), credentials, settings) as patient:
        assert await patient.deliver(replace(outgoing())) == Sent()
