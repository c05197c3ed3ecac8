"""A project of another index becomes visible once a run, with one entry, and each of its files is accounted for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedgate.access.grants import grant, remove_grant
from feedgate.feed.feeds import create_feed
from feedgate.feed.moving_in import ImporterMayNot, Moving, conflict, move_project_in, would_move
from feedgate.feed.publish import RunHasEnded
from feedgate.model.access import Caller, Role, Scope
from feedgate.model.destination import Addresses
from feedgate.model.digest import Digest
from feedgate.model.feed import FeedProject, Origin, Uploads, UpstreamRule
from feedgate.model.ledger import Act, Entry
from feedgate.model.moving_in import FileEnd, MovedFile, MovedProject
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.model.send_request import SendRequest
from feedgate.model.standing_destination import StandingDestination
from feedgate.model.target import parse_target
from feedgate.records import destinations, distributions, entries, moving_in, projects, runs
from feedgate.records.database import Database
from feedgate.records.distributions import Published
from feedgate.records.feeds import Located, find
from feedgate.records.runs import Posting
from tests.builders.databases import NOON, empty_database, published

FEED = FeedPath("acme", "team")
LOCAL = Caller("local", Scope.MANAGE, is_administrator=True)
DEMO = ProjectName("demo")
FIRST, SECOND = "demo-1.0-py3-none-any.whl", "demo-1.1-py3-none-any.whl"
BAD = MovedFile("demo-2.0-py3-none-any.whl", FileEnd.REFUSED, Digest("b" * 64), 3, Origin.INTERNAL, "bad")
WAITS = MovedFile("demo-3.0-py3-none-any.whl", FileEnd.HELD, Digest("c" * 64), 3, Origin.INTERNAL, "young")


@dataclass
class Stage:
    """A feed, and the imports into it, which Ada asks for."""

    records: Database
    feed: Located

    def post(self, run: str = "run_1") -> RunId:
        posting = Posting(
            id=RunId(run),
            kind=RunKind.IMPORT,
            feed=self.feed.id,
            requester="ada",
            idempotency_key=run,
            request="{}",
            targets=(),
        )
        with self.records.note() as note:
            return runs.post(note, posting, NOON)

    def move(
        self,
        *rows: Published,
        others: tuple[MovedFile, ...] = (),
        yanks: dict[str, str] | None = None,
        run: str = "run_1",
        is_own: bool = False,
    ) -> MovedProject | None:
        moving = Moving(
            MovedProject(DEMO, files=others), rows, yanks or {}, is_own, {"source": "https://index.example/"}
        )
        return move_project_in(self.records, self.feed, RunId(run), "ada", moving, now=NOON)

    def moved(self, *rows: Published, **facts: object) -> dict[str, FileEnd]:
        done = self.move(*rows, **facts)  # type: ignore[arg-type]  # as ``move`` takes them
        assert done is not None
        return {file.filename: file.end for file in done.files}

    def rows(self) -> dict[str, Published]:
        with self.records.read(self.feed.id) as snapshot:
            found = distributions.of_project(snapshot, self.feed.id, DEMO)
        return {row.file.filename: row for row in found}

    def project(self) -> FeedProject | None:
        with self.records.read(self.feed.id) as snapshot:
            return projects.find(snapshot, self.feed.id, DEMO)

    def written(self) -> list[Entry]:
        """Return the entries that runs wrote."""
        with self.records.read() as view:
            return [entry for entry in entries.entries(view, self.feed.id) if entry.run is not None]

    def put(self, project: FeedProject) -> None:
        with self.records.change(self.feed.id, Act.PROJECT_CHANGED, "local", NOON) as change:
            projects.put(change, self.feed.id, project)
            change.record({"project": project.name})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    records = empty_database(tmp_path / "records.sqlite")
    targets = (parse_target("3.11@x86_64-manylinux_2_28"),)
    create_feed(
        records,
        LOCAL,
        FEED,
        targets=targets,
        policy="open",
        is_public=False,
        uploads=Uploads.INTERNAL,
        now=NOON,
    )
    grant(records, LOCAL, FEED, "ada", Role.OWNER, now=NOON)
    with records.read() as view:
        located = find(view, FEED)
    assert located is not None
    found = Stage(records, located)
    found.post()
    yield found
    records.close()


def test_what_may_enter_becomes_visible_with_one_entry_that_tells_it_all(stage: Stage) -> None:
    done = stage.moved(
        published(FIRST), published(SECOND, digest="d", origin=Origin.INTERNAL), others=(BAD, WAITS)
    )

    assert done == {
        FIRST: FileEnd.TAKEN,
        SECOND: FileEnd.TAKEN,
        BAD.filename: FileEnd.REFUSED,
        WAITS.filename: FileEnd.HELD,
    }
    assert stage.rows().keys() == {FIRST, SECOND}
    (entry,) = stage.written()
    assert (entry.act, entry.actor, entry.run) == ("published", "ada", "run_1")
    assert json.loads(entry.facts) == {
        "project": "demo",
        "internal": True,
        "source": "https://index.example/",
        "files": [
            {"filename": FIRST, "sha256": "a" * 64, "origin": "imported"},
            {"filename": SECOND, "sha256": "d" * 64, "origin": "internal"},
        ],
        "refused": [{"filename": BAD.filename, "sha256": "b" * 64, "reason": "bad"}],
        "held": [{"filename": WAITS.filename, "sha256": "c" * 64, "reason": "young"}],
    }


def test_the_same_run_again_does_nothing(stage: Stage) -> None:
    stage.move(published(FIRST))

    assert stage.move(published(FIRST), published(SECOND, digest="d")) is None
    assert stage.rows().keys() == {FIRST}
    assert len(stage.written()) == 1


def test_another_run_finds_it_present_and_writes_nothing(stage: Stage) -> None:
    stage.move(published(FIRST))
    stage.post("run_2")

    done = stage.moved(published(FIRST), run="run_2")

    assert done == {FIRST: FileEnd.PRESENT}
    assert [entry.run for entry in stage.written()] == ["run_1"]
    with stage.records.read() as view:
        assert moving_in.is_done(view, RunId("run_2"), DEMO)
        assert moving_in.totals(view, RunId("run_2")).files == {FileEnd.PRESENT: 1}


def test_other_bytes_that_somebody_brought_meanwhile_are_a_conflict_and_the_rest_comes(stage: Stage) -> None:
    stage.move(published(FIRST, digest="e"))
    stage.post("run_2")

    done = stage.move(published(FIRST), published(SECOND), run="run_2")

    assert done is not None
    first, second = done.files
    assert (first.end, second.end) == (FileEnd.CONFLICT, FileEnd.TAKEN)
    assert "e" * 64 in (first.reason or "")
    assert "a" * 64 in (first.reason or "")
    assert stage.rows()[FIRST].digest == "e" * 64


@pytest.mark.parametrize(
    ("others", "act"), [((BAD, WAITS), "refused"), ((WAITS,), "held"), ((), None)], ids=str
)
def test_where_nothing_enters_the_entry_says_what_was_kept_out(
    stage: Stage, others: tuple[MovedFile, ...], act: str | None
) -> None:
    present = MovedFile(FIRST, FileEnd.PRESENT)

    stage.move(others=(*others, present))

    assert [entry.act for entry in stage.written()] == ([] if act is None else [act])
    for entry in stage.written():
        named = [file["filename"] for file in json.loads(entry.facts)["files"]]
        assert named == [BAD.filename if act == "refused" else WAITS.filename]
    with stage.records.read() as view:
        assert moving_in.is_done(view, RunId("run_1"), DEMO)


def test_a_yank_of_what_is_there_is_carried_over_once_and_never_taken_back(stage: Stage) -> None:
    stage.move(published(FIRST), published(SECOND, yanked="old"))
    stage.post("run_2")
    stage.post("run_3")

    stage.move(yanks={FIRST: "breaks", SECOND: "another reason", "absent.whl": ""}, run="run_2")
    stage.move(yanks={FIRST: "breaks"}, run="run_3")

    assert {name: row.file.yanked for name, row in stage.rows().items()} == {FIRST: "breaks", SECOND: "old"}
    assert [entry.act for entry in stage.written()] == ["published", "yanked"]
    facts = json.loads(stage.written()[-1].facts)
    assert facts["files"] == [{"filename": FIRST, "sha256": "a" * 64, "reason": "breaks"}]


@pytest.mark.parametrize(
    ("before", "origin", "is_own", "after"),
    [
        pytest.param(None, Origin.IMPORTED, False, Origin.IMPORTED, id="all-the-upstreams"),
        pytest.param(None, Origin.INTERNAL, False, Origin.INTERNAL, id="all-its-own"),
        pytest.param(None, Origin.IMPORTED, True, Origin.INTERNAL, id="said-to-be-internal"),
        pytest.param(Origin.IMPORTED, Origin.INTERNAL, False, Origin.INTERNAL, id="was-imported"),
        pytest.param(Origin.INTERNAL, Origin.IMPORTED, False, Origin.INTERNAL, id="stays-internal"),
    ],
)
def test_whose_the_name_is(
    stage: Stage, before: Origin | None, origin: Origin, is_own: bool, after: Origin
) -> None:
    if before is not None:
        stage.put(FeedProject("demo", before, UpstreamRule.ALLOW))

    stage.move(published(FIRST, origin=origin), is_own=is_own)

    project = stage.project()
    assert project is not None
    assert project.origin is after
    assert project.upstream is (None if before is None else UpstreamRule.ALLOW), "a person's word stays"


def test_a_held_file_of_its_own_makes_the_name_internal_and_a_refused_one_does_not() -> None:
    theirs = MovedFile(FIRST, FileEnd.TAKEN, origin=Origin.IMPORTED)

    assert would_move([theirs], None, (), is_own=False) == (False, False)
    assert would_move([theirs, BAD], None, (), is_own=False) == (False, False)
    assert would_move([theirs, WAITS], None, (), is_own=False) == (True, True)
    there = published(SECOND, origin=Origin.INTERNAL)
    assert would_move([theirs], FeedProject("demo", Origin.INTERNAL), [there], is_own=False) == (True, True)


def test_who_owns_the_feed_no_more_brings_nothing(stage: Stage) -> None:
    remove_grant(stage.records, LOCAL, FEED, "ada", now=NOON)
    grant(stage.records, LOCAL, FEED, "ada", Role.CONTRIBUTOR, now=NOON)

    with pytest.raises(ImporterMayNot, match="ada may not copy an index into acme/team any more"):
        stage.move(published(FIRST))
    with pytest.raises(ImporterMayNot):
        stage.move(others=(MovedFile(FIRST, FileEnd.PRESENT),))

    assert stage.rows() == {}
    with stage.records.read() as view:
        assert not moving_in.is_done(view, RunId("run_1"), DEMO)


def test_a_run_that_has_ended_brings_nothing(stage: Stage) -> None:
    with stage.records.note() as note:
        runs.finish(note, RunId("run_1"), RunState.CANCELLED, NOON)

    with pytest.raises(RunHasEnded):
        stage.move(published(FIRST))

    assert stage.rows() == {}


def test_what_came_in_is_sent_on_and_what_was_kept_out_is_not(stage: Stage) -> None:
    addresses = Addresses("https://a.example/upload", "https://a.example/simple/")
    with stage.records.change(stage.feed.id, Act.DESTINATION_ADDED, "local", NOON) as change:
        destinations.put(change, stage.feed.id, StandingDestination("azure", addresses))
        change.record({"destination": "azure"})
    stage.move(others=(BAD,))
    stage.post("run_2")
    stage.move(published(FIRST), others=(BAD,), run="run_2")

    with stage.records.read() as view:
        sends = [run for run in runs.newest(view, feeds=None, limit=9) if run.kind is RunKind.SEND]
        requests = [SendRequest.from_text(runs.request_text(view, run.id)) for run in sends]
    assert [(request.name, request.filenames) for request in requests] == [("azure", (FIRST,))]


def test_a_conflict_names_both_digests() -> None:
    found = conflict(FIRST, there=Digest("a" * 64), here=Digest("b" * 64), size_bytes=3)

    assert (found.end, found.digest, found.size_bytes) == (FileEnd.CONFLICT, "b" * 64, 3)
    assert (
        found.reason
        == f"the name is used in the feed for sha256 {'a' * 64}, the source has sha256 {'b' * 64}"
    )
