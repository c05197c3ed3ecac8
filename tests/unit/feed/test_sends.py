"""A send is posted with what it sends, in one transaction: neither is there without the other."""

import pytest

from feedgate.feed.sends import post_sends
from feedgate.model.destination import Addresses
from feedgate.model.ledger import Act
from feedgate.model.run import Run, RunKind, RunState
from feedgate.model.send_request import SendRequest
from feedgate.model.standing_destination import StandingDestination
from feedgate.records import destinations, feeds, runs
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from tests.builders.databases import NOON
from tests.builders.installation import FEED, TARGET

FILES = ["demo-1.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"]


@pytest.fixture
def feed(records: Database) -> Located:
    """The feed, with two destinations."""
    with records.read() as view:
        located = feeds.find(view, FEED)
    assert located is not None
    for name in ("azure", "other"):
        addresses = Addresses(f"https://{name}.example/upload", f"https://{name}.example/simple/")
        with records.change(located.id, Act.DESTINATION_ADDED, "ada", NOON) as change:
            destinations.put(change, located.id, StandingDestination(name, addresses))
            change.record({"destination": name})
    return located


def posted(records: Database, feed: Located) -> list[tuple[Run, SendRequest]]:
    with records.read() as view:
        found = sorted(runs.newest(view, feeds=[feed.id], limit=9), key=lambda run: run.destination or "")
        return [(run, SendRequest.from_text(runs.request_text(view, run.id))) for run in found]


def test_each_destination_gets_a_run_for_the_files_as_the_change_leaves_them(
    records: Database, feed: Located
) -> None:
    with records.change(feed.id, Act.UPLOADED, "ada", NOON) as change:
        serial = change.record({"files": []})
        made = post_sends(change, feed, FILES)

    found = posted(records, feed)
    assert {run.id for run, _request in found} == set(made)
    for (run, request), name in zip(found, ("azure", "other"), strict=True):
        assert (run.kind, run.state, run.requester, run.destination) == (
            RunKind.SEND,
            RunState.QUEUED,
            "ada",
            name,
        )
        assert run.targets == (TARGET,)
        assert request == SendRequest(serial, tuple(sorted(FILES)), name=name)


def test_a_change_that_is_rolled_back_leaves_no_send(records: Database, feed: Located) -> None:
    with records.change(feed.id, Act.UPLOADED, "ada", NOON) as change:
        assert len(post_sends(change, feed, FILES)) == 2

    assert posted(records, feed) == []


def test_the_one_that_they_are_sent_to_anyway_is_left_out(records: Database, feed: Located) -> None:
    with records.change(feed.id, Act.PUBLISHED, "ada", NOON) as change:
        change.record({"files": []})
        post_sends(change, feed, FILES, but="azure")

    assert [run.destination for run, _request in posted(records, feed)] == ["other"]


def test_no_callers_key_is_a_sends(records: Database, feed: Located) -> None:
    """Else somebody could ask for another run under it beforehand, and nothing would be sent."""
    key = runs.send_key(7, "azure")

    assert " " in key, "the API takes printable characters without spaces"
