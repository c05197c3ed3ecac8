"""A feed's standing destinations: one row a name is open, and what was stays told."""

from feedgate.model.destination import Addresses
from feedgate.model.ledger import Act
from feedgate.model.secret_source import parse_secret_source
from feedgate.model.standing_destination import StandingDestination
from feedgate.records import destinations
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from tests.builders.databases import NOON

PLAIN = StandingDestination("azure", Addresses("https://a.example/upload", "https://a.example/simple/"))
FULL = StandingDestination(
    "azure",
    Addresses("https://b.example/upload", "https://b.example/simple/"),
    username="build",
    secret=parse_secret_source("env:AZURE_TOKEN"),
    internal=("acme-*",),
    upstream_allow=("demo",),
    accept_existing=("part", "other"),
    limits=("metadata=2.1", "size=500MB"),
)
OTHER = StandingDestination("other", Addresses("https://c.example/", "https://c.example/simple/"))


def put(records: Database, feed: Located, destination: StandingDestination) -> None:
    with records.change(feed.id, Act.DESTINATION_ADDED, "ada", NOON) as change:
        destinations.put(change, feed.id, destination)
        change.record({"destination": destination.name})


def test_what_is_put_is_found_as_it_is(records: Database, feed: Located) -> None:
    put(records, feed, FULL)

    with records.read() as view:
        assert destinations.find(view, feed.id, "azure") == FULL
        assert destinations.find(view, feed.id, "other") is None


def test_one_of_the_same_name_takes_the_others_place(records: Database, feed: Located) -> None:
    for one in (OTHER, PLAIN, FULL):
        put(records, feed, one)

    with records.read() as view:
        assert destinations.all_of(view, feed.id) == (FULL, OTHER)


def test_one_is_removed_once_and_may_come_again(records: Database, feed: Located) -> None:
    put(records, feed, PLAIN)
    with records.change(feed.id, Act.DESTINATION_REMOVED, "ada", NOON) as change:
        assert destinations.remove(change, feed.id, "azure")
        assert not destinations.remove(change, feed.id, "azure")
        change.record({"destination": "azure"})
    with records.read() as view:
        assert destinations.all_of(view, feed.id) == ()

    put(records, feed, FULL)

    with records.read() as view:
        assert destinations.find(view, feed.id, "azure") == FULL
