"""Advisory databases off a real server: fetched where the operator said, and nowhere else; whole, or not at all."""

from collections.abc import AsyncIterator

import pytest

from feedgate.errors import FeedgateError
from feedgate.model.index import NoSuchFile, UpstreamUnavailable
from feedgate.outside.advisories import AdvisoryFetching, open_advisories
from feedgate.outside.body import AnswerTooLarge, Limits
from feedgate.outside.egress import EgressDenied
from feedgate.outside.patience import Patience
from feedgate.outside.proxies import Proxies
from tests.builders.advisories import make_database, make_record
from tests.doubles.upstream import Answer, Drip, Fault, NoLength, Redirect, ShortBody, Upstream

NAME = "all-1.0.zip"
DATABASE = make_database(*(make_record(f"PYSEC-{number}") for number in range(20)))


async def no_nap(_: float) -> None:
    """Wait for nothing."""


@pytest.fixture
async def published() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        upstream.add(NAME, DATABASE, metadata=b"")
        yield upstream


@pytest.fixture
async def elsewhere() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        upstream.add(NAME, DATABASE, metadata=b"")
        yield upstream


async def fetch(published: Upstream, url: str | None = None, *, limit_bytes: int = 10_000_000) -> bytes:
    address = published.file_url(NAME)
    fetching = AdvisoryFetching(
        urls=("https://advisories.example/all.zip", address),
        patience=Patience(attempts=2, sleep=no_nap),
        proxies=Proxies(),
        limits=Limits(silence_seconds=0.5, grace_seconds=1.0),
        limit_bytes=limit_bytes,
    )
    async with open_advisories("osv", url or address, fetching) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_a_database_comes_whole(published: Upstream) -> None:
    assert await fetch(published) == DATABASE


async def test_an_address_that_passes_for_a_moment_is_asked_again(published: Upstream) -> None:
    published.fault(NAME, Answer(503), times=1)

    assert await fetch(published) == DATABASE


async def test_a_length_that_nobody_states_is_no_harm(published: Upstream) -> None:
    published.fault(NAME, NoLength())

    assert await fetch(published) == DATABASE


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Answer(404), NoSuchFile),
        (Answer(403), UpstreamUnavailable),
        (Answer(503), UpstreamUnavailable),
        (ShortBody(1000), UpstreamUnavailable),
        (Drip(chunk_bytes=1, pause_seconds=0.01), UpstreamUnavailable),
    ],
)
async def test_what_does_not_come_whole_is_said_of_the_source(
    published: Upstream, fault: Fault, error: type[FeedgateError]
) -> None:
    published.fault(NAME, fault)

    with pytest.raises(error, match="the advisory source osv"):
        await fetch(published)


async def test_a_larger_one_than_any_is_not_begun(published: Upstream) -> None:
    with pytest.raises(AnswerTooLarge) as raised:
        await fetch(published, limit_bytes=len(DATABASE) - 1)

    assert "advisories.sources" in raised.value.next_step


async def test_an_address_that_no_setting_names_must_be_global(
    published: Upstream, elsewhere: Upstream
) -> None:
    with pytest.raises(EgressDenied) as raised:
        await fetch(published, elsewhere.file_url(NAME))

    assert "advisories.sources" in raised.value.next_step
    assert elsewhere.log == []


async def test_a_redirect_leads_nowhere_else(published: Upstream, elsewhere: Upstream) -> None:
    published.fault(NAME, Redirect(elsewhere.file_url(NAME)))

    with pytest.raises(EgressDenied):
        await fetch(published)

    assert elsewhere.log == []
