"""What was refused after a look is known in every later round, and in none of another run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from feedgate.feed.feeds import create_feed
from feedgate.intake.asked import Asked
from feedgate.intake.refused_releases import (
    RefusedReleases,
    keep_refused_releases,
    refused_releases_by,
)
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.feed import Uploads
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId, RunKind
from feedgate.records import feeds, runs
from feedgate.records.database import Database
from feedgate.records.runs import Posting
from tests.builders.databases import empty_database
from tests.builders.installation import FEED, LOCAL, NOON, TARGET

RUN, OTHER = RunId("run-1"), RunId("run-2")
DEMO, PART = ProjectName("demo"), ProjectName("part")
CLIMBS = Opinion("archive", Verdict.REFUSE, "demo-1.1.whl: climbs", findings=("climbing-member",))
LIES = Opinion("identity", Verdict.REFUSE, "part-2.0.whl: goes by two names")


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    opened = empty_database(tmp_path / "records.sqlite")
    create_feed(
        opened,
        LOCAL,
        FEED,
        targets=(TARGET,),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    with opened.note() as note:
        located = feeds.find(note, FEED)
        assert located is not None
        for run in (RUN, OTHER):
            text = Asked(RunKind.ADD, ("demo",)).to_text()
            runs.post(
                note,
                Posting(run, RunKind.ADD, located.id, LOCAL.actor or "", run, text, (str(TARGET),)),
                NOON,
            )
    yield opened
    opened.close()


def test_before_anything_was_refused_it_is_the_first_round(records: Database) -> None:
    assert refused_releases_by(records, RUN) == RefusedReleases()


def test_each_round_adds_to_what_is_known(records: Database) -> None:
    first = RefusedReleases().next_round({(DEMO, Version("1.1")): CLIMBS})
    keep_refused_releases(records, RUN, first)
    second = refused_releases_by(records, RUN).next_round({(PART, Version("2.0")): LIES})
    keep_refused_releases(records, RUN, second)

    assert refused_releases_by(records, RUN) == RefusedReleases(
        3, {(DEMO, Version("1.1")): CLIMBS, (PART, Version("2.0")): LIES}
    )
    assert refused_releases_by(records, OTHER) == RefusedReleases()
