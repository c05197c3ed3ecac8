"""Destinations are opened as runs ask: a command's own once, a standing one for each run, with its secret of then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from feedgate.app.clock import now
from feedgate.intake.asked_destination import AskedDestination
from feedgate.intake.destinations import CredentialsAreGone, Destinations, Own, UserAndPassword
from feedgate.model.destination import Addresses
from feedgate.model.run import RunId
from feedgate.model.secret import Secret
from feedgate.model.standing_destination import StandingDestination
from feedgate.outside.destination import Destination
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.proxies import Proxies
from feedgate.records.database import FeedId

FEED = FeedId(1)
OWN = Addresses("https://own.example/upload", "https://own.example/simple/")
STANDING = Addresses("https://standing.example/upload", "https://standing.example/simple/")
ASKED_OWN = AskedDestination(upload_url=OWN.upload_url, read_url=OWN.read_url)
ASKED_STANDING = AskedDestination(name="azure")


@dataclass
class Opening:
    """Opens destinations that connect nowhere, and remembers what was opened with which password and closed."""

    opened: list[tuple[str, str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=lambda: ["first", "second"])

    @asynccontextmanager
    async def open_one(
        self, addresses: Addresses, credentials: UserAndPassword | None
    ) -> AsyncIterator[Destination]:
        password = "" if credentials is None else credentials[1].reveal()
        self.opened.append((addresses.upload_url, password))
        settings = DestinationSettings(now=now, proxies=Proxies())
        async with Destination.opened(addresses, credentials, settings) as destination:
            yield destination
        self.closed.append(addresses.upload_url)

    def find_standing(self, feed: FeedId, name: str) -> tuple[StandingDestination, UserAndPassword]:
        assert (feed, name) == (FEED, "azure")
        return StandingDestination("azure", STANDING), ("build", Secret(self.secrets.pop(0)))

    def destinations(self, own: Own | None = None) -> Destinations:
        return Destinations(self.open_one, own, self.find_standing)


async def test_a_commands_own_is_opened_once_for_all_its_runs() -> None:
    opening = Opening()
    async with opening.destinations(Own(OWN, ("build", Secret("own")))) as destinations:
        one = await destinations.of(RunId("run_1"), FEED, ASKED_OWN)
        await destinations.release(RunId("run_1"))
        other = await destinations.of(RunId("run_2"), FEED, ASKED_OWN)

        assert one is other
        assert opening.closed == []

    assert opening.opened == [(OWN.upload_url, "own")]
    assert opening.closed == [OWN.upload_url]


async def test_another_servers_own_is_refused() -> None:
    for own in (None, Own(STANDING, None)):
        async with Opening().destinations(own) as destinations:
            with pytest.raises(CredentialsAreGone, match=r"own\.example"):
                await destinations.of(RunId("run_1"), FEED, ASKED_OWN)


async def test_a_standing_one_is_opened_for_each_run_with_the_secret_of_then() -> None:
    opening = Opening()
    async with opening.destinations() as destinations:
        one = await destinations.of(RunId("run_1"), FEED, ASKED_STANDING)
        assert await destinations.of(RunId("run_1"), FEED, ASKED_STANDING) is one
        await destinations.release(RunId("run_1"))
        assert opening.closed == [STANDING.upload_url], "the secret goes with the run"

        assert await destinations.of(RunId("run_2"), FEED, ASKED_STANDING) is not one

    assert [password for _url, password in opening.opened] == ["first", "second"]
    assert opening.closed == [STANDING.upload_url] * 2


async def test_runs_that_send_to_one_place_share_what_they_hold_meanwhile() -> None:
    async with Opening().destinations(Own(OWN, None)) as destinations:
        one = await destinations.of(RunId("run_1"), FEED, ASKED_STANDING)
        other = await destinations.of(RunId("run_2"), FEED, ASKED_STANDING)
        own = await destinations.of(RunId("run_3"), FEED, ASKED_OWN)

        assert destinations.sending(one) is destinations.sending(other)
        assert destinations.sending(one) is not destinations.sending(own)


async def test_releasing_what_was_never_opened_does_nothing() -> None:
    async with Opening().destinations() as destinations:
        await destinations.release(RunId("run_1"))
