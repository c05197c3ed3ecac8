"""Standing destinations: set and taken by Owners, within what an administrator allowed, and never with a secret."""

import json

import pytest

from feedgate.errors import FeedgateError
from feedgate.feed.destinations import (
    AddressNotPlain,
    AskedStanding,
    NoSuchDestination,
    UsernameUnusable,
    add_destination,
    list_destinations,
    remove_destination,
    show_destination,
)
from feedgate.model.destination import Addresses, InvalidLimit
from feedgate.model.name_pattern import InvalidNamePattern
from feedgate.model.names import InvalidName
from feedgate.model.secret_source import InvalidSecretSource, parse_secret_source
from feedgate.model.standing_destination import InvalidDestinationName, StandingDestination
from feedgate.outside.allowed_destinations import AllowedDestinations, DestinationNotAllowed
from feedgate.outside.destination_address import AddressNotDerivable, InvalidDestination
from feedgate.records.database import Database
from feedgate.records.entries import entries
from feedgate.records.feeds import find
from tests.builders.databases import NOON
from tests.builders.installation import FEED, LOCAL, Installation

AZURE = "https://pkgs.dev.azure.com/acme/_packaging/pip-feed/pypi"
ALLOWED = AllowedDestinations.of("pkgs.dev.azure.com")
CANARY = "c4n4ry-t0k3n"


def add(records: Database, name: str = "azure", asked: AskedStanding | None = None) -> StandingDestination:
    asked = asked or AskedStanding(to=f"{AZURE}/upload")
    return add_destination(records, ALLOWED, LOCAL, FEED, name, asked, now=NOON)


def facts(records: Database) -> list[tuple[str, dict[str, object]]]:
    """Return act and facts of the entries after the feed's first."""
    with records.read() as view:
        located = find(view, FEED)
        assert located is not None
        return [(entry.act, json.loads(entry.facts)) for entry in entries(view, located.id)][1:]


def test_either_address_gives_both(records: Database) -> None:
    by_upload = add(records, "one")
    by_pages = add(records, "two", AskedStanding(to=f"{AZURE}/simple/"))

    assert by_upload.addresses == Addresses(f"{AZURE}/upload", f"{AZURE}/simple/") == by_pages.addresses
    assert list_destinations(records, LOCAL, FEED) == (by_upload, by_pages)
    assert show_destination(records, LOCAL, FEED, "ONE") == by_upload


def test_what_runs_say_of_names_there_is_kept_in_the_form_in_which_it_is_compared(records: Database) -> None:
    made = add(
        records,
        asked=AskedStanding(
            to=f"{AZURE}/upload",
            username="build",
            secret="env:AZURE_TOKEN",
            internal=("Acme_*", "acme-*", "own"),
            upstream_allow=("De.Mo",),
            accept_existing=("Part", "part"),
            limits=("metadata=2.1", "size=500MB"),
        ),
    )

    assert made.secret == parse_secret_source("env:AZURE_TOKEN")
    assert (made.internal, made.upstream_allow, made.accept_existing) == (
        ("acme-*", "own"),
        ("de-mo",),
        ("part",),
    )
    assert show_destination(records, LOCAL, FEED, "azure") == made


def test_each_change_is_an_entry_that_says_where_the_secret_is_and_not_who_asks(records: Database) -> None:
    asked = AskedStanding(to=f"{AZURE}/upload", username="somebody", secret="file:/run/secrets/azure")
    add(records, asked=asked)
    add(records, asked=asked)
    remove_destination(records, LOCAL, FEED, "Azure", now=NOON)

    (added, said), removed = facts(records)
    assert added == "destination-added"
    assert (said["destination"], said["upload_url"], said["secret"]) == (
        "azure",
        f"{AZURE}/upload",
        "file:/run/secrets/azure",
    )
    assert "somebody" not in json.dumps(said), "people write tokens there"
    assert removed == ("destination-removed", {"destination": "azure"})


def test_one_of_the_same_name_is_replaced(records: Database) -> None:
    add(records)
    changed = add(records, asked=AskedStanding(to=f"{AZURE}/upload", secret="keyring"))

    assert list_destinations(records, LOCAL, FEED) == (changed,)
    assert [act for act, _facts in facts(records)] == ["destination-added", "destination-added"]


def test_one_that_is_not_there_can_neither_be_shown_nor_removed(records: Database) -> None:
    with pytest.raises(NoSuchDestination):
        show_destination(records, LOCAL, FEED, "azure")
    with pytest.raises(NoSuchDestination, match="'azure'"):
        remove_destination(records, LOCAL, FEED, "azure", now=NOON)

    assert facts(records) == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (AskedStanding(to="https://packages.example/"), DestinationNotAllowed),
        (
            AskedStanding(to=f"{AZURE}/upload", read_url="https://packages.example/simple/"),
            DestinationNotAllowed,
        ),
        (AskedStanding(to="pkgs.dev.azure.com"), AddressNotPlain),
        (AskedStanding(to="https://pkgs.dev.azure.com/a/b/c/d"), AddressNotDerivable),
        (AskedStanding(to="ftp://pkgs.dev.azure.com/"), InvalidDestination),
        (AskedStanding(to=f"https://build:{CANARY}@pkgs.dev.azure.com/"), AddressNotPlain),
        (AskedStanding(to=f"https://build:a/{CANARY}@pkgs.dev.azure.com/"), FeedgateError),
        (AskedStanding(to=f"{AZURE}/upload", read_url=f"https://{CANARY}@a.example/"), AddressNotPlain),
        (AskedStanding(to=f"{AZURE}/upload", secret=CANARY), InvalidSecretSource),
        (AskedStanding(to=f"{AZURE}/upload", secret="file:relative"), InvalidSecretSource),
        (AskedStanding(to=f"{AZURE}/upload", username="build"), UsernameUnusable),
        (AskedStanding(to=f"{AZURE}/upload", username="", secret="env:A"), UsernameUnusable),
        (AskedStanding(to=f"{AZURE}/upload", username="x" * 201, secret="env:A"), UsernameUnusable),
        (AskedStanding(to=f"{AZURE}/upload", username=f"a:{CANARY}", secret="env:A"), UsernameUnusable),
        (AskedStanding(to=f"{AZURE}/upload", username="a\nb", secret="env:A"), UsernameUnusable),
        (AskedStanding(to=f"{AZURE}/upload", internal=("acme/*",)), InvalidNamePattern),
        (AskedStanding(to=f"{AZURE}/upload", upstream_allow=("no name",)), InvalidName),
        (AskedStanding(to=f"{AZURE}/upload", accept_existing=("",)), InvalidName),
        (AskedStanding(to=f"{AZURE}/upload", limits=("speed=9",)), InvalidLimit),
    ],
)
def test_what_is_no_destination_is_said_without_a_secret_and_nothing_is_kept(
    records: Database, asked: AskedStanding, error: type[FeedgateError]
) -> None:
    with pytest.raises(error) as caught:
        add(records, asked=asked)

    assert CANARY not in f"{caught.value.message}{caught.value.next_step}{caught.value.facts}"
    assert list_destinations(records, LOCAL, FEED) == ()
    assert facts(records) == []


def test_a_name_is_no_address(records: Database) -> None:
    with pytest.raises(InvalidDestinationName):
        add(records, "https://packages.example/")


def test_the_administrator_of_the_directory_may_not_more_than_others(installation: Installation) -> None:
    with pytest.raises(DestinationNotAllowed, match=r"destinations\.allowed_hosts"):
        add_destination(
            installation.records,
            AllowedDestinations.of(),
            LOCAL,
            FEED,
            "azure",
            AskedStanding(to=f"{AZURE}/upload"),
            now=NOON,
        )
