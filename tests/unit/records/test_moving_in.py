"""What imports came to: kept once a run, read in order and in parts, summed up by the database."""

import pytest
import sqlalchemy

from feedgate.model.digest import Digest
from feedgate.model.feed import Origin
from feedgate.model.moving_in import FileEnd, MovedFile, MovedProject
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.records import moving_in, runs
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from feedgate.records.runs import Posting
from tests.builders.databases import NOON

ALPHA, BETA, GAMMA = map(ProjectName, ("alpha", "beta", "gamma"))
DIGEST = Digest("a" * 64)
TAKEN = MovedFile("alpha-1.0.tar.gz", FileEnd.TAKEN, DIGEST, 10, Origin.IMPORTED)
REFUSED = MovedFile("alpha-1.1.tar.gz", FileEnd.REFUSED, DIGEST, 7, Origin.INTERNAL, "it has no PKG-INFO")
NEW = MovedFile("beta-1.0.tar.gz", FileEnd.NEW, None, 5)


def post(records: Database, feed: Located, run: str, kind: RunKind = RunKind.IMPORT, **facts: str) -> RunId:
    posting = Posting(
        id=RunId(run),
        kind=kind,
        feed=feed.id,
        requester=facts.get("requester", "ada"),
        idempotency_key=run,
        request=facts.get("request", "{}"),
        targets=(),
    )
    with records.note() as note:
        return runs.post(note, posting, NOON)


@pytest.fixture
def run(records: Database, feed: Located) -> RunId:
    return post(records, feed, "run_1")


@pytest.fixture
def kept(records: Database, run: RunId) -> RunId:
    with records.note() as note:
        for project in (
            MovedProject(BETA, is_internal=True, is_mixed=True, files=(NEW,)),
            MovedProject(ALPHA, files=(REFUSED, TAKEN)),
            MovedProject(GAMMA, reason="the source lists it and has no page of it"),
        ):
            moving_in.put(note, run, project)
    return run


def test_what_was_kept_is_read_in_order_and_in_parts(records: Database, kept: RunId) -> None:
    with records.read() as view:
        first = moving_in.projects_after(view, kept, "", limit=2)
        rest = moving_in.projects_after(view, kept, first[-1].name, limit=2)
        assert moving_in.projects_after(view, kept, rest[-1].name, limit=2) == ()

    assert [project.name for project in (*first, *rest)] == [ALPHA, BETA, GAMMA]
    assert first[0].files == (TAKEN, REFUSED), "by file name"
    assert (first[1].is_internal, first[1].is_mixed, first[1].files) == (True, True, (NEW,))
    assert rest[0].reason == "the source lists it and has no page of it"


def test_sums_are_by_end_and_bytes_of_what_came_or_would(records: Database, kept: RunId) -> None:
    with records.read() as view:
        sums = moving_in.totals(view, kept)
        nothing = moving_in.totals(view, RunId("run_2"))

    assert (sums.projects, sums.unread, sums.internal, sums.mixed) == (3, 1, 1, 1)
    assert sums.files == {FileEnd.TAKEN: 1, FileEnd.REFUSED: 1, FileEnd.NEW: 1}
    assert sums.size_bytes == 15
    assert (nothing.projects, nothing.files, nothing.size_bytes) == (0, {}, 0)


def test_a_project_is_done_once_a_run(records: Database, feed: Located, kept: RunId) -> None:
    other = post(records, feed, "run_2")
    with records.read() as view:
        assert moving_in.is_done(view, kept, ALPHA)
        assert not moving_in.is_done(view, other, ALPHA)
        assert moving_in.names_done(view, kept) == {ALPHA, BETA, GAMMA}

    with pytest.raises(sqlalchemy.exc.IntegrityError), records.note() as note:
        moving_in.put(note, kept, MovedProject(ALPHA))


def test_an_import_goes_on_until_it_ends_or_is_to_be_stopped(records: Database, feed: Located) -> None:
    first, second = post(records, feed, "run_1"), post(records, feed, "run_2")
    post(records, feed, "run_3", RunKind.ADD)

    def found(request: str = "{}", requester: str = "ada") -> RunId | None:
        with records.read() as view:
            return moving_in.find_open(view, feed.id, requester, request)

    assert found() == first, "the oldest"
    assert found(request='{"other": 1}') is None
    assert found(requester="bea") is None
    with records.note() as note:
        runs.finish(note, first, RunState.FAILED, NOON)
    assert found() == second
    with records.note() as note:
        runs.request_cancel(note, second)
    assert found() is None
