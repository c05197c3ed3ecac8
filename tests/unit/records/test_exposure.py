"""Which files a feed ever had, and whither they went: also what a run that broke off may have sent."""

from datetime import timedelta

import pytest

from feedgate.model.arrival import Arrival
from feedgate.model.canonical import Json
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath, parse_project_name
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import distributions, exposure, feeds, outcomes, runs, send_attempts, tables
from feedgate.records.database import Database, FeedId
from feedgate.records.exposure import SentAway
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting
from feedgate.records.span import close
from tests.builders.databases import NOON, published

WHEEL, SDIST, OTHER = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz", "other-1.0.tar.gz"
DEMO = parse_project_name("demo")
ENDED = NOON + timedelta(minutes=1)
UPLOADS = "https://packages.example/acme/upload"


def publish(records: Database, feed: FeedId, *filenames: str) -> None:
    with records.change(feed, Act.PUBLISHED, "local", NOON) as change:
        distributions.publish(change, feed, [published(name) for name in filenames])
        change.record({})


def run_with(
    records: Database, feed: FeedId, name: str, ends: dict[str, str] | None, *attempted: str
) -> RunId:
    """Write a run that has ended; ``ends`` is what it said of files, ``attempted`` what it was about to send."""
    run = RunId(name)
    posting = Posting(run, RunKind.SEND, feed, "local", name, "{}", (), destination="azure")
    with records.note() as note:
        runs.post(note, posting, NOON)
        if ends is not None:
            files: Json = {file: {"end": end, "reason": None, "address": None} for file, end in ends.items()}
            outcomes.put(note, run, "send", {"files": files, "is_complete": True})
        send_attempts.put(note, UPLOADS, attempted, run)
        runs.finish(note, run, RunState.PUBLISHED, ENDED)
    return run


def sent(records: Database, feed: FeedId, *filenames: str) -> list[SentAway]:
    with records.read() as view:
        return list(exposure.sent_away(view, feed, filenames or [WHEEL]))


def another_feed(records: Database) -> FeedId:
    with records.note() as note:
        return feeds.prepare(note, FeedPath("acme", "another"))


def test_a_file_that_went_is_still_one_that_the_feed_had(records: Database, feed: Located) -> None:
    publish(records, feed.id, WHEEL, SDIST, OTHER)
    with records.change(feed.id, Act.YANKED, "local", NOON) as change:
        distributions.replace(change, feed.id, published(SDIST, yanked="broken"))
        change.record({})
    with records.change(feed.id, Act.YANKED, "local", NOON) as change:
        close(change, tables.distribution, tables.distribution.c.filename == WHEEL)
        change.record({})

    with records.read() as view:
        found = list(exposure.ever_published(view, feed.id, [DEMO]))
        elsewhere = list(exposure.ever_published(view, FeedId(feed.id + 1), [DEMO]))

    assert [(one.filename, one.is_listed, one.yanked) for one in found] == [
        (WHEEL, False, None),
        (SDIST, True, "broken"),
    ]
    assert elsewhere == []


@pytest.mark.parametrize(
    ("end", "arrival"),
    [
        ("published", Arrival.SENT),
        ("present", Arrival.PRESENT),
        ("conflict", None),
        ("spent", None),
        ("refused", None),
        ("kept-back", None),
    ],
)
def test_a_file_is_where_a_run_says_that_it_is(
    records: Database, feed: Located, end: str, arrival: Arrival | None
) -> None:
    run = run_with(records, feed.id, "run_1", {WHEEL: end, SDIST: "published"})

    found = sent(records, feed.id)

    assert found == ([] if arrival is None else [SentAway(WHEEL, "azure", run, arrival, ENDED)])


def test_what_a_run_was_about_to_send_when_it_broke_off_may_be_there(
    records: Database, feed: Located
) -> None:
    silent = run_with(records, feed.id, "run_1", None, WHEEL)
    held_back = run_with(records, feed.id, "run_2", {SDIST: "kept-back"}, SDIST)
    run_with(records, feed.id, "run_3", {OTHER: "refused"}, OTHER)

    found = sent(records, feed.id, WHEEL, SDIST, OTHER)

    assert {(one.filename, one.run, one.arrival) for one in found} == {
        (WHEEL, silent, Arrival.UNKNOWN),
        (SDIST, held_back, Arrival.UNKNOWN),
    }


def test_what_was_sent_after_all_is_said_once(records: Database, feed: Located) -> None:
    run = run_with(records, feed.id, "run_1", {WHEEL: "published"}, WHEEL)

    assert [(one.run, one.arrival) for one in sent(records, feed.id)] == [(run, Arrival.SENT)]


def test_another_feeds_run_and_a_name_that_holds_the_name_are_another_matter(
    records: Database, feed: Located
) -> None:
    run_with(records, another_feed(records), "run_1", {WHEEL: "published"}, WHEEL)
    run_with(records, feed.id, "run_2", {f"x{WHEEL}": "published"})

    assert sent(records, feed.id) == []


def test_more_files_than_one_question_takes_are_all_found(records: Database, feed: Located) -> None:
    many = [f"demo-{number}.tar.gz" for number in range(250)]
    run_with(records, feed.id, "run_1", dict.fromkeys(many, "published"))

    assert sorted(one.filename for one in sent(records, feed.id, *many)) == sorted(many)
