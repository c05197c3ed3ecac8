"""What a request says of its destination: read at the door, and stored without a secret."""

import json
from dataclasses import asdict

import pytest

from feedgate.errors import Invalid
from feedgate.intake.asked_destination import AskedDestination, DestinationUnclear
from feedgate.model.destination import Addresses, Limits
from feedgate.model.names import parse_project_name
from feedgate.model.standing_destination import StandingDestination

OWN = AskedDestination(
    upload_url="https://feed.example/upload",
    read_url="https://feed.example/simple/",
    internal=("Acme_*",),
    upstream_allow=("Acme.Core",),
    accept_existing=("Other_Name",),
    limits=("metadata=2.1", "size=10MB"),
)
STANDING = StandingDestination(
    "azure",
    Addresses("https://feed.example/upload", "https://feed.example/simple/"),
    internal=("acme-*",),
    upstream_allow=("six",),
    accept_existing=("part",),
    limits=("metadata=2.2",),
)


def test_what_is_stored_is_what_was_asked() -> None:
    assert AskedDestination.from_stored(json.loads(json.dumps(asdict(OWN)))) == OWN


def test_names_and_patterns_are_compared_normalized() -> None:
    core = parse_project_name("acme-core")

    assert OWN.said.pattern_of(parse_project_name("acme-web")) == "acme-*"
    assert OWN.said.pattern_of(core) is None  # allowed by name
    assert OWN.accepted == {parse_project_name("other-name")}


def test_addresses_are_both_or_none() -> None:
    assert OWN.addresses == Addresses("https://feed.example/upload", "https://feed.example/simple/")
    assert AskedDestination(name="azure").addresses is None
    assert (OWN.in_words, AskedDestination(name="azure").in_words) == (
        "https://feed.example/simple/",
        "azure",
    )


def test_limits_are_those_said() -> None:
    assert OWN.stated_limits == Limits("2.1", 10_000_000)


@pytest.mark.parametrize(
    "unclear",
    [
        pytest.param(AskedDestination(), id="neither"),
        pytest.param(
            AskedDestination(name="azure", upload_url="https://a.example/", read_url="https://a.example/"),
            id="name-and-addresses",
        ),
        pytest.param(AskedDestination(upload_url="https://a.example/"), id="one-address"),
        pytest.param(
            AskedDestination(name="azure", read_url="https://a.example/"), id="name-and-one-address"
        ),
    ],
)
def test_a_destination_that_is_named_in_no_way_or_in_two_is_refused(unclear: AskedDestination) -> None:
    with pytest.raises(DestinationUnclear):
        unclear.check()


@pytest.mark.parametrize(
    "wrong",
    [
        AskedDestination(name="azure", internal=("acme core",)),
        AskedDestination(name="azure", upstream_allow=("no/name",)),
        AskedDestination(name="azure", accept_existing=("",)),
        AskedDestination(name="azure", limits=("metadata=old",)),
    ],
)
def test_each_word_of_it_is_checked(wrong: AskedDestination) -> None:
    with pytest.raises(Invalid):
        wrong.check()


def test_a_standing_destinations_words_come_beside_the_requests() -> None:
    asked = AskedDestination(
        name="AZURE",
        internal=("own", "acme-*"),
        upstream_allow=("Demo",),
        accept_existing=("other",),
        limits=("metadata=2.1",),
    )

    united = asked.with_standing(STANDING, by_owner=True)

    assert united.name == "azure"
    assert united.internal == ("acme-*", "own")
    assert united.upstream_allow == ("six", "demo")
    assert united.accept_existing == ("part", "other")
    assert united.stated_limits == Limits(metadata_version="2.1")


def test_only_an_owner_allows_the_upstream_for_more_names() -> None:
    asked = AskedDestination(name="azure", upstream_allow=("Acme_Core",), internal=("own",))

    united = asked.with_standing(STANDING, by_owner=False)

    assert united.upstream_allow == STANDING.upstream_allow
    assert united.internal == ("acme-*", "own")
    assert united.said.pattern_of(parse_project_name("acme-core")) == "acme-*"
