"""A standing destination is found with the secret of the moment; one whose secret is missing is waited for by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feedgate.feed.feeds import create_feed
from feedgate.intake.destinations import DestinationRemoved
from feedgate.intake.standing import SecretMissing, Standing
from feedgate.model.destination import Addresses
from feedgate.model.feed import Uploads
from feedgate.model.ledger import Act, Serial
from feedgate.model.run import RunId, RunKind
from feedgate.model.secret import Secret
from feedgate.model.secret_source import SecretSource, parse_secret_source
from feedgate.model.send_request import SendRequest
from feedgate.model.standing_destination import StandingDestination
from feedgate.outside.allowed_destinations import AllowedDestinations, DestinationNotAllowed
from feedgate.outside.credentials import Missing
from feedgate.records import destinations, feeds, runs
from feedgate.records.database import Database, FeedId
from feedgate.records.runs import Posting
from tests.builders.databases import NOON, empty_database
from tests.builders.installation import FEED, LOCAL, TARGET

ADDRESSES = Addresses("https://packages.example/upload", "https://packages.example/simple/")
PLAIN = StandingDestination("azure", ADDRESSES)
WITH_SECRET = StandingDestination("azure", ADDRESSES, secret=parse_secret_source("env:AZURE_TOKEN"))
NAMED = StandingDestination("azure", ADDRESSES, "somebody", parse_secret_source("keyring"))


@dataclass
class Stage:
    """A feed, a place where secrets are, and what was asked of it."""

    records: Database
    feed: FeedId
    secrets: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    allowed: AllowedDestinations = field(default_factory=lambda: AllowedDestinations.of("packages.example"))

    @property
    def standing(self) -> Standing:
        return Standing(self.records, self.allowed, self.read)

    def read(self, source: SecretSource, url: str, username: str) -> Secret | Missing:
        self.asked.append((str(source), url, username))
        found = self.secrets.get(str(source))
        return Missing(f"{source.name} is not set") if found is None else Secret(found)

    def put(self, destination: StandingDestination) -> None:
        with self.records.change(self.feed, Act.DESTINATION_ADDED, "ada", NOON) as change:
            destinations.put(change, self.feed, destination)
            change.record({"destination": destination.name})

    def post(self, request: SendRequest) -> RunId:
        posting = Posting(
            RunId("run_1"), RunKind.SEND, self.feed, "ada", "key", request.to_text(), (), destination="azure"
        )
        with self.records.note() as note:
            return runs.post(note, posting, NOON)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    records = empty_database(tmp_path / "records.sqlite")
    create_feed(
        records,
        LOCAL,
        FEED,
        targets=(TARGET,),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    with records.read() as view:
        located = feeds.find(view, FEED)
    assert located is not None
    yield Stage(records, located.id)
    records.close()


def test_the_secret_is_read_each_time(stage: Stage) -> None:
    stage.put(WITH_SECRET)
    found = []
    for secret in ("first", "second"):
        stage.secrets["env:AZURE_TOKEN"] = secret
        destination, credentials = stage.standing.find(stage.feed, "azure")
        assert destination == WITH_SECRET
        assert credentials is not None
        found.append((credentials[0], credentials[1].reveal()))

    assert found == [("build", "first"), ("build", "second")]


def test_the_keyring_is_asked_for_address_and_user(stage: Stage) -> None:
    stage.put(NAMED)
    stage.secrets["keyring"] = "kept"

    _destination, credentials = stage.standing.find(stage.feed, "azure")

    assert credentials is not None
    assert (credentials[0], credentials[1].reveal()) == ("somebody", "kept")
    assert stage.asked == [("keyring", "https://packages.example/upload", "somebody")]


def test_without_a_source_it_is_asked_without_credentials(stage: Stage) -> None:
    stage.put(PLAIN)

    assert stage.standing.find(stage.feed, "azure") == (PLAIN, None)
    assert stage.asked == []


def test_a_missing_secret_is_named_by_its_source(stage: Stage) -> None:
    stage.put(WITH_SECRET)

    with pytest.raises(SecretMissing, match=r"AZURE_TOKEN is not set .env:AZURE_TOKEN.*destination azure"):
        stage.standing.find(stage.feed, "azure")


def test_one_that_is_gone_and_one_that_is_not_allowed_any_more_are_not_found(stage: Stage) -> None:
    with pytest.raises(DestinationRemoved):
        stage.standing.find(stage.feed, "azure")
    stage.put(WITH_SECRET)
    stage.allowed = AllowedDestinations.of("other.example")
    with pytest.raises(DestinationNotAllowed):
        stage.standing.find(stage.feed, "azure")

    assert stage.asked == [], "no secret is read for it"


async def test_a_send_waits_for_its_secret_and_says_so(stage: Stage) -> None:
    stage.put(WITH_SECRET)
    run = stage.post(SendRequest(Serial(1), name="azure"))

    said = await stage.standing.why_it_waits(run)
    assert said is not None
    assert said.startswith("waits: AZURE_TOKEN is not set")

    stage.secrets["env:AZURE_TOKEN"] = "there"
    assert await stage.standing.why_it_waits(run) is None


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(SendRequest(Serial(1), name="removed"), id="a-destination-that-is-gone"),
        pytest.param(
            SendRequest(Serial(1), upload_url="https://a.example/", read_url="https://a.example/"),
            id="a-commands-own",
        ),
    ],
)
async def test_what_has_no_source_waits_for_nothing(stage: Stage, request_: SendRequest) -> None:
    stage.put(WITH_SECRET)

    assert await stage.standing.why_it_waits(stage.post(request_)) is None
