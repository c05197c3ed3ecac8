"""A closure becomes visible all at once, once a run, for who may still ask; or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feedgate.access.grants import grant, remove_grant
from feedgate.feed.feeds import create_feed
from feedgate.feed.projects import set_project
from feedgate.feed.publish import (
    Changed,
    Closure,
    NameIsImported,
    NameIsInternal,
    Publication,
    ReleaseIsInternal,
    RequesterMayNot,
    RunHasEnded,
    has_published,
    publish_closure,
)
from feedgate.feed.spent import NameSpent
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.feed import FeedProject, Origin, Uploads, UpstreamRule
from feedgate.model.ledger import Act, Serial
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.model.target import parse_target
from feedgate.records import distributions, entries, projects, runs
from feedgate.records.database import Change, Database
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located, find
from feedgate.records.runs import Posting
from tests.builders.databases import NOON, empty_database, published

FEED = FeedPath("acme", "team")
ADMINISTRATOR = Caller("local", Scope.MANAGE, is_administrator=True)
DEMO, PART = "demo-1.0-py3-none-any.whl", "part-1.0-py3-none-any.whl"


@dataclass
class Stage:
    """A feed, and the runs that publish into it."""

    records: Database
    feed: Located
    kept: list[Publication] = field(default_factory=list)

    @property
    def serial(self) -> Serial:
        with self.records.read(self.feed.id) as snapshot:
            return snapshot.at

    def post(self, run: str = "run_1") -> RunId:
        posting = Posting(
            id=RunId(run),
            kind=RunKind.ADD,
            feed=self.feed.id,
            requester="ada",
            idempotency_key=run,
            request="{}",
            targets=("3.11@x86_64-manylinux_2_28",),
        )
        with self.records.note() as note:
            runs.post(note, posting, NOON)
        return RunId(run)

    def publish(
        self,
        *rows: Published,
        run: str = "run_1",
        base: int | None = None,
        present: tuple[tuple[ProjectName, str], ...] = (),
        count: int = 1,
        follows: bool = False,
    ) -> Publication | Changed:
        def keep(_change: Change, publication: Publication) -> None:
            self.kept.append(publication)

        closure = Closure(
            rows=rows,
            present=present,
            base=Serial(self.serial if base is None else base),
            facts={"requirements": ["demo"]},
            round=count,
            follows=follows,
        )
        return publish_closure(self.records, self.feed, RunId(run), "ada", closure, keep=keep, now=NOON)

    def has_published(self, run: str = "run_1") -> bool:
        with self.records.read() as view:
            return has_published(view, RunId(run))

    def origin(self, name: str) -> Origin | None:
        with self.records.read(self.feed.id) as snapshot:
            project = projects.find(snapshot, self.feed.id, ProjectName(name))
            return None if project is None else project.origin

    def listed(self) -> list[str]:
        with self.records.read(self.feed.id) as snapshot:
            return [
                row.file.filename
                for name in projects.names(snapshot)
                for row in distributions.of_project(snapshot, self.feed.id, name)
            ]

    def upload(self, row: Published) -> None:
        """Put an uploaded file there, as ``feed/upload.py`` does."""
        with self.records.change(self.feed.id, Act.UPLOADED, "bob", NOON) as change:
            projects.put(change, self.feed.id, FeedProject(row.project, Origin.INTERNAL))
            distributions.publish(change, self.feed.id, [row])
            change.record({"files": [row.file.filename]})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    records = empty_database(tmp_path / "records.sqlite")
    create_feed(
        records,
        ADMINISTRATOR,
        FEED,
        targets=(parse_target("3.11@x86_64-manylinux_2_28"),),
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    grant(records, ADMINISTRATOR, FEED, "ada", Role.COLLABORATOR, now=NOON)
    with records.read() as view:
        located = find(view, FEED)
    assert located is not None
    stage = Stage(records, located)
    stage.post()
    yield stage
    records.close()


def test_all_of_it_is_one_entry_that_names_the_run_and_every_file(stage: Stage) -> None:
    done = stage.publish(published(PART, digest="b"), published(DEMO))

    assert done == Publication(Serial(3), (DEMO, PART), ())
    assert stage.listed() == [DEMO, PART]
    assert stage.kept == [done]
    with stage.records.read() as view:
        entry = entries.written_by(view, stage.feed.id, "run_1", Act.PUBLISHED)
        assert entry is not None
        assert entry.facts == (
            f'{{"files":[{{"filename":"{DEMO}","sha256":"{"a" * 64}"}},'
            f'{{"filename":"{PART}","sha256":"{"b" * 64}"}}],"requirements":["demo"]}}'
        )
    assert stage.has_published()


def test_new_names_are_imported_ones(stage: Stage) -> None:
    stage.publish(published(DEMO))

    with stage.records.read(stage.feed.id) as snapshot:
        project = projects.find(snapshot, stage.feed.id, ProjectName("demo"))
    assert project == FeedProject("demo", Origin.IMPORTED)


def test_the_same_run_again_publishes_nothing_and_says_what_it_had_published(stage: Stage) -> None:
    first = stage.publish(published(DEMO), published(PART))
    serial = stage.serial

    again = stage.publish(published(DEMO), published(PART))

    assert again == first
    assert stage.serial == serial
    assert len(stage.kept) == 1


def test_what_another_run_brought_meanwhile_with_the_same_bytes_is_skipped(stage: Stage) -> None:
    base = stage.serial
    stage.post("run_2")
    stage.publish(published(PART), run="run_2")
    base = stage.serial

    done = stage.publish(published(DEMO), published(PART), base=base)

    assert done == Publication(Serial(base + 1), (DEMO,), (PART,))


def test_where_everything_is_there_already_there_is_no_entry(stage: Stage) -> None:
    stage.publish(published(DEMO))
    stage.post("run_2")
    serial = stage.serial

    done = stage.publish(published(DEMO), run="run_2", present=((ProjectName("part"), PART),))

    assert done == Publication(serial, (), (DEMO, PART))
    assert stage.serial == serial


def test_other_bytes_under_a_used_name_bring_nothing_at_all(stage: Stage) -> None:
    stage.publish(published(PART))
    stage.post("run_2")

    with pytest.raises(NameSpent, match=r"^File already exists: part-1"):
        stage.publish(published(DEMO), published(PART, digest="c"), run="run_2")

    assert stage.listed() == [PART]


def test_a_project_that_changed_since_the_proof_is_proved_again(stage: Stage) -> None:
    base = stage.serial
    stage.post("run_2")
    stage.publish(published("part-0.9-py3-none-any.whl", digest="d"), run="run_2")

    done = stage.publish(published(DEMO), published(PART), base=base)

    assert done == Changed((ProjectName("part"),), stage.serial)
    assert stage.listed() == ["part-0.9-py3-none-any.whl"]
    assert stage.publish(published(DEMO), published(PART)) == Publication(stage.serial, (DEMO, PART), ())


def test_a_change_elsewhere_in_the_feed_does_not_ask_for_another_proof(stage: Stage) -> None:
    base = stage.serial
    stage.post("run_2")
    stage.publish(published("other-1.0-py3-none-any.whl", digest="d"), run="run_2")

    assert isinstance(stage.publish(published(DEMO), base=base), Publication)


def test_a_change_of_a_project_that_is_there_already_counts_too(stage: Stage) -> None:
    stage.publish(published(PART))
    base = stage.serial
    set_project(stage.records, ADMINISTRATOR, FEED, ProjectName("part"), upstream=UpstreamRule.DENY, now=NOON)
    stage.post("run_2")

    done = stage.publish(published(DEMO), run="run_2", base=base, present=((ProjectName("part"), PART),))

    assert done == Changed((ProjectName("part"),), stage.serial)


def test_a_name_that_became_internal_takes_nothing_of_the_upstream(stage: Stage) -> None:
    stage.upload(published("demo-0.1.tar.gz", digest="e", origin=Origin.INTERNAL))

    with pytest.raises(NameIsInternal, match="demo: is internal to acme/team since this run began"):
        stage.publish(published(DEMO))

    assert stage.listed() == ["demo-0.1.tar.gz"]


def test_a_release_that_got_uploads_takes_none_of_the_upstreams_files(stage: Stage) -> None:
    stage.upload(published("demo-1.0.tar.gz", digest="e", origin=Origin.INTERNAL))
    set_project(
        stage.records, ADMINISTRATOR, FEED, ProjectName("demo"), upstream=UpstreamRule.ALLOW, now=NOON
    )

    with pytest.raises(ReleaseIsInternal, match="its release has uploaded files"):
        stage.publish(published(DEMO))
    stage.publish(published("demo-2.0-py3-none-any.whl"))

    assert stage.listed() == ["demo-1.0.tar.gz", "demo-2.0-py3-none-any.whl"]


def test_a_destinations_own_files_are_internal_ones(stage: Stage) -> None:
    stage.publish(published(DEMO, origin=Origin.INTERNAL))

    assert stage.origin("demo") is Origin.INTERNAL


def test_a_destinations_own_files_do_not_come_under_a_name_that_the_feed_imports(stage: Stage) -> None:
    stage.publish(published(DEMO))
    stage.post("run_2")

    with pytest.raises(NameIsImported, match="demo: acme/team imports it"):
        stage.publish(published("demo-2.0-py3-none-any.whl", origin=Origin.INTERNAL), run="run_2")
    assert stage.listed() == [DEMO]


def test_an_owners_word_that_the_name_is_the_feeds_own_lets_them_in(stage: Stage) -> None:
    stage.publish(published(DEMO))
    set_project(stage.records, ADMINISTRATOR, FEED, ProjectName("demo"), upstream=UpstreamRule.DENY, now=NOON)
    stage.post("run_2")

    stage.publish(published("demo-2.0-py3-none-any.whl", origin=Origin.INTERNAL), run="run_2")

    assert stage.listed() == [DEMO, "demo-2.0-py3-none-any.whl"]


def test_a_feed_that_follows_a_destination_follows_it_in_whose_a_name_is(stage: Stage) -> None:
    stage.publish(published(DEMO), follows=True)
    for number, origin in ((2, Origin.INTERNAL), (3, Origin.IMPORTED)):
        stage.post(f"run_{number}")
        stage.publish(
            published(f"demo-{number}.0-py3-none-any.whl", origin=origin), run=f"run_{number}", follows=True
        )
        assert stage.origin("demo") is origin


def test_a_run_that_began_again_publishes_once_a_round(stage: Stage) -> None:
    first = stage.publish(published(DEMO))
    second = stage.publish(published(DEMO), published("demo-2.0-py3-none-any.whl"), count=2)
    again = stage.publish(published(DEMO), published("demo-2.0-py3-none-any.whl"), count=2)

    assert isinstance(first, Publication)
    assert isinstance(second, Publication)
    assert second.published == ("demo-2.0-py3-none-any.whl",)
    assert again == second
    assert stage.listed() == [DEMO, "demo-2.0-py3-none-any.whl"]


def test_whoever_lost_the_role_publishes_no_more(stage: Stage) -> None:
    remove_grant(stage.records, ADMINISTRATOR, FEED, "ada", now=NOON)

    with pytest.raises(RequesterMayNot, match="ada may not request into acme/team any more"):
        stage.publish(published(DEMO))

    assert stage.listed() == []


@pytest.mark.parametrize("state", [state for state in RunState if state.is_final])
def test_a_run_that_has_ended_before_it_published_publishes_nothing(stage: Stage, state: RunState) -> None:
    serial = stage.serial
    with stage.records.note() as note:
        runs.finish(note, RunId("run_1"), state, NOON)

    with pytest.raises(
        RunHasEnded, match="run run_1 has ended before it published; nothing of it is visible"
    ):
        stage.publish(published(DEMO))

    assert (stage.listed(), stage.serial, stage.kept) == ([], serial, [])
    assert not stage.has_published()


def test_a_run_that_is_only_asked_to_stop_may_still_be_the_first(stage: Stage) -> None:
    """Its end is the engine's to give: until then whoever comes first counts."""
    with stage.records.note() as note:
        runs.request_cancel(note, RunId("run_1"))

    assert isinstance(stage.publish(published(DEMO)), Publication)
    assert stage.has_published()


def test_a_cancel_that_comes_after_publishing_takes_nothing_back(stage: Stage) -> None:
    first = stage.publish(published(DEMO))
    with stage.records.note() as note:
        runs.request_cancel(note, RunId("run_1"))
        runs.finish(note, RunId("run_1"), RunState.CANCELLED, NOON)

    assert stage.has_published()
    assert stage.publish(published(DEMO)) == first, "the step is taken again after a kill"
    assert stage.listed() == [DEMO]


def test_what_another_run_published_is_not_this_ones(stage: Stage) -> None:
    stage.post("run_2")
    stage.publish(published(DEMO))

    assert stage.has_published("run_1")
    assert not stage.has_published("run_2")


def test_a_run_that_found_everything_there_has_published_nothing(stage: Stage) -> None:
    stage.publish(published(DEMO))
    stage.post("run_2")
    stage.publish(published(DEMO), run="run_2")

    assert not stage.has_published("run_2")


def test_an_act_of_the_run_that_is_no_publishing_does_not_count(stage: Stage) -> None:
    with stage.records.change(stage.feed.id, Act.REFUSED, "ada", NOON, run=RunId("run_1")) as change:
        change.record({"files": []})

    assert not stage.has_published()
