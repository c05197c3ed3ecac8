"""What a step keeps comes back as it was, in types."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedgate.access.grants import grant
from feedgate.feed.feeds import create_feed
from feedgate.intake import kept
from feedgate.intake.kept import Fetched, Proof, Resolved
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.feed import Uploads
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.run import RunId, RunKind
from feedgate.model.target import parse_target
from feedgate.records import feeds, outcomes, runs
from feedgate.records.database import Database
from feedgate.records.decisions import Judged
from feedgate.records.runs import Posting
from tests.builders.databases import NOON, empty_database

RUN = RunId("run_1")
TARGET = "3.11@x86_64-manylinux_2_28"
FEED = FeedPath("acme", "team")
LOCAL = Caller("local", Scope.MANAGE, is_administrator=True)

FULL = Distribution(
    filename="demo-1.0-py3-none-any.whl",
    digest=Digest("a" * 64),
    size_bytes=10,
    requires_python=">=3.9",
    uploaded_at=datetime(2021, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
    metadata_digest="b" * 64,
    yanked="",
    source="https://files.example/demo",
)
BARE = Distribution("part-1.0.tar.gz", None)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    opened = empty_database(tmp_path / "records.sqlite")
    create_feed(
        opened,
        LOCAL,
        FEED,
        targets=(parse_target(TARGET),),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    grant(opened, LOCAL, FEED, "ada", Role.OWNER, now=NOON)
    with opened.read() as view:
        located = feeds.find(view, FEED)
    assert located is not None
    with opened.note() as note:
        runs.post(note, Posting(RUN, RunKind.ADD, located.id, "ada", "key", "{}", (TARGET,)), NOON)
    yield opened
    opened.close()


def test_a_resolution_keeps_every_fact_of_every_file(records: Database) -> None:
    resolved = Resolved(
        pins=(
            Pin(ProjectName("demo"), "1.0", FULL, internal=True, present=True),
            Pin(ProjectName("part"), "1.0", BARE),
        ),
        pythons=("3.11.0", "3.11.99"),
        passed_over=(PassedOver(ProjectName("demo"), "2.0", TARGET, "source", "has only source"),),
        internal=(ProjectName("demo"),),
        kept=(ProjectName("part"),),
        escapes=("CONNECT files.example:443",),
        brought=(Digest("c" * 64),),
        downgrades={
            FULL.filename: Opinion("downgrade", Verdict.HOLD, "is 900 d older", findings=("hidden:2.0",))
        },
    )
    nothing = Resolved((), (), (), (), (), (), ())

    kept.keep_resolved(records, RUN, TARGET, nothing)
    kept.keep_resolved(records, RUN, TARGET, resolved)
    kept.keep_resolved(records, RUN, "other", nothing)

    assert kept.resolved_by(records, RUN) == {TARGET: resolved, "other": nothing}
    assert kept.resolved_by(records, RunId("run_2")) == {}


def test_what_was_not_worked_out_is_not_there(records: Database) -> None:
    assert kept.fetched_by(records, RUN) is None
    assert kept.judged_by(records, RUN) == ()
    assert kept.proofs_by(records, RUN) == {}
    assert kept.publication_by(records, RUN) is None


def test_fetched_judged_and_proved_come_back(records: Database) -> None:
    fetched = Fetched({FULL.filename: Digest("a" * 64)}, 1)
    opinions = (
        Opinion("archive", Verdict.HOLD, "RECORD differs", findings=("record-differs",)),
        Opinion("age", Verdict.HOLD, "2 d old", until=NOON),
    )
    judged = (
        Judged(
            FULL.filename,
            Digest("a" * 64),
            "hold",
            "RECORD differs",
            policy="strict",
            opinions=opinions,
            reported=frozenset({"age"}),
        ),
    )
    proofs = {
        TARGET: Proof(proved=True, reason=None),
        "other": Proof(proved=False, reason="no", escapes=("x",)),
    }

    kept.keep_fetched(records, RUN, fetched)
    kept.keep_judged(records, RUN, judged)
    for target, proof in proofs.items():
        kept.keep_proof(records, RUN, target, proof)

    assert kept.fetched_by(records, RUN) == fetched
    assert kept.judged_by(records, RUN) == judged
    assert kept.proofs_by(records, RUN) == proofs


def test_a_decision_of_an_earlier_version_is_read_without_its_opinions(records: Database) -> None:
    stored = {"filename": FULL.filename, "digest": "a" * 64, "verdict": "admit", "reason": ""}
    with records.note() as note:
        outcomes.put(note, RUN, "decide", {"files": [stored]})

    assert kept.judged_by(records, RUN) == (Judged(FULL.filename, Digest("a" * 64), "admit", ""),)


def test_a_run_knows_its_feed(records: Database) -> None:
    with records.read() as view:
        run = runs.find(view, RUN)
    assert run is not None

    assert kept.feed_of(records, run).path == FEED
