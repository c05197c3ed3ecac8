"""An index moves in: what the upstream lists is taken as its, all else as the feed's own, and each file ends as it should."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedgate.api.bodies import FeedChange, TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server as Address
from feedgate.api.import_bodies import ImportCreation, ImportedFileBody, ListedFileBody
from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import RunBody
from feedgate.model.access import Role, Scope
from feedgate.model.feed import Origin, UpstreamRule
from feedgate.model.moving_in import FileEnd
from feedgate.model.run import RunKind, RunState
from feedgate.model.secret import Secret
from tests.builders.advisories import make_database, make_record
from tests.builders.intake_feed import Intake
from tests.builders.working_server import WorkingServer, wait_until
from tests.doubles.upstream import Answer, Pause, Upstream, WrongBytes, upstream_in_thread
from tests.intake.conftest import make_feed, settings_for

OLD = "2019-05-04T03:02:01Z"


@dataclass
class Moving:
    """A feed, its upstream, and the index that moves in."""

    intake: Intake
    source: Upstream

    @property
    def client(self) -> Client:
        return self.intake.client

    @property
    def upstream(self) -> Upstream:
        return self.intake.upstream

    def has(self, name: str, version: str, *, page: dict[str, object] | None = None, **options: Any) -> Path:
        """Have the source list a wheel, and not the upstream."""
        return self.lists(self.intake.wheel(name, version, **options), **(page or {}))

    def lists(self, file: Path, **page: object) -> Path:
        self.source.add(file.name, file.read_bytes(), **page)  # type: ignore[arg-type]  # keys of an entry
        return file

    def both(self, name: str, version: str, *, page: dict[str, object] | None = None, **options: Any) -> Path:
        """Have source and upstream list the same wheel; ``page`` is of the upstream's entry."""
        return self.lists(self.intake.offer(name, version, page=page, **options), upload_time=None)

    def post(self, client: Client | None = None, **asked: Any) -> RunBody:
        creation = ImportCreation(**{"source": self.source.url, **asked})
        found = client or self.client
        return found.import_feed(self.intake.path, creation, key=uuid.uuid4().hex).body

    def moves(self, **asked: Any) -> RunBody:
        return self.intake.ended(self.post(**asked))

    def moved(self, **asked: Any) -> dict[str, ImportedFileBody]:
        """Move in, which must come to its end; returns what became of each file."""
        run = self.moves(**asked)
        assert run.state in {RunState.PUBLISHED, RunState.PLANNED}, run.reason
        return self.files(run)

    def files(self, run: RunBody) -> dict[str, ImportedFileBody]:
        return {body.filename or body.project: body for body, _line in self.client.imported_files(run.run)}

    def project(self, name: str) -> dict[str, Any]:
        (listing,) = self.client.list_projects(self.intake.path, name).body
        return listing.model_dump()


@pytest.fixture(scope="module")
def shared_source() -> Iterator[Upstream]:
    with upstream_in_thread() as source:
        yield source


@pytest.fixture(scope="module")
def moving_server(
    shared_upstream: Upstream, shared_source: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkingServer]:
    settings = settings_for(shared_upstream) | {"FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": shared_source.origin}
    server = WorkingServer(tmp_path_factory.mktemp("moving") / "data", settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def moving(
    moving_server: WorkingServer, shared_source: Upstream, upstream: Upstream, tmp_path: Path
) -> Iterator[Moving]:
    shared_source.forget()
    yield Moving(make_feed(moving_server, upstream, tmp_path), shared_source)
    shared_source.forget()


# ------------------------------------------------------------------------------------ whose file it is


def test_a_file_that_the_upstream_lists_comes_as_the_upstreams_with_its_time(moving: Moving) -> None:
    wheel = moving.both("demo", "1.0", page={"upload_time": OLD}, requires_python=">=3.9")

    found = moving.moved()

    assert (found[wheel.name].state, found[wheel.name].origin) == (FileEnd.TAKEN, Origin.IMPORTED)
    shown = moving.intake.files("demo")[wheel.name]
    assert (shown["upload-time"], shown["requires-python"]) == (OLD, ">=3.9")
    assert moving.intake.download("demo", wheel.name) == wheel.read_bytes()
    assert moving.project("demo")["origin"] is Origin.IMPORTED
    assert moving.upstream.asked(wheel.name) == [], "the bytes are the source's"


def test_a_file_that_the_upstream_does_not_list_is_the_feeds_own_with_the_sources_time(
    moving: Moving,
) -> None:
    moving.intake.offer("acme-core", "9.9")
    wheel = moving.has("acme-core", "1.0", page={"upload_time": OLD})

    found = moving.moved()

    assert (found[wheel.name].state, found[wheel.name].origin) == (FileEnd.TAKEN, Origin.INTERNAL)
    assert moving.intake.files("acme-core")[wheel.name]["upload-time"] == OLD
    assert moving.project("acme-core")["internal"]
    assert len(moving.upstream.asked("acme-core")) == 1


def test_a_name_with_files_of_both_kinds_is_internal_and_listed_as_mixed(moving: Moving) -> None:
    theirs, ours = moving.both("demo", "1.0"), moving.has("demo", "1.0+acme")
    pure = moving.both("pure", "1.0")

    run = moving.moves()

    found = moving.files(run)
    assert {name: body.origin for name, body in found.items()} == {
        theirs.name: Origin.IMPORTED,
        ours.name: Origin.INTERNAL,
        pure.name: Origin.IMPORTED,
    }
    assert {name for name, body in found.items() if body.mixed} == {theirs.name, ours.name}
    assert run.imported is not None
    assert (run.imported.projects, run.imported.internal, run.imported.mixed) == (2, 1, 1)
    assert (moving.project("demo")["internal"], moving.project("demo")["mixed"]) == (True, True)
    assert (moving.project("pure")["internal"], moving.project("pure")["mixed"]) == (False, False)


def test_a_name_that_matches_a_pattern_is_never_asked_upstream(moving: Moving) -> None:
    moving.both("acme-core", "1.0")
    moving.both("demo", "1.0")

    found = moving.moved(internal=["Acme_*"])

    assert {body.project: body.origin for body in found.values()} == {
        "acme-core": Origin.INTERNAL,
        "demo": Origin.IMPORTED,
    }
    assert moving.upstream.asked("acme-core") == []
    assert len(moving.upstream.asked("demo")) == 1, "once a name"


def test_a_name_that_is_the_feeds_own_already_or_denied_is_not_asked_upstream(moving: Moving) -> None:
    moving.intake.upload(moving.intake.wheel("acme-core", "0.9"))
    moving.client.set_project(moving.intake.path, "denied", UpstreamRule.DENY)
    moving.has("acme-core", "1.0")
    moving.both("denied", "1.0")
    moving.upstream.log.clear()

    found = moving.moved()

    assert {body.origin for body in found.values()} == {Origin.INTERNAL}
    assert moving.upstream.log == []


def test_an_upstream_that_does_not_answer_ends_the_run_and_the_same_command_goes_on(moving: Moving) -> None:
    first, second = moving.both("alpha", "1.0"), moving.both("beta", "1.0")
    moving.upstream.fault("beta", Answer(503))

    run = moving.moves()

    assert (run.state, run.error and run.error.code) == (RunState.FAILED, "upstream-unavailable")
    assert moving.intake.names() in (["alpha"], []), "nothing came that nobody could judge"
    moving.upstream.behave()
    again = moving.moved()
    assert {body.origin for body in again.values()} == {Origin.IMPORTED}
    assert {first.name, second.name} == again.keys()


def test_a_poor_record_is_taken_of_the_upstreams_files_and_of_no_others(moving: Moving) -> None:
    theirs = moving.both("theirs", "1.0", record="missing")
    ours = moving.has("ours", "1.0", record="missing")

    found = moving.moved()

    assert found[theirs.name].state is FileEnd.TAKEN
    assert found[ours.name].state is FileEnd.REFUSED
    assert "it has no RECORD" in (found[ours.name].reason or "")


def test_what_moves_in_meets_the_rules_of_names_and_ages_too(
    moving: Moving, moving_server: WorkingServer, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    malware = make_record("MAL-2026-1", "ours", events=None, versions=["1.0"], modified=now)
    database = tmp_path / "advisories.zip"
    database.write_bytes(make_database(malware))
    moving_server.client.load_advisories("osv", database, force=True)
    moving.client.set_feed(moving.intake.path, FeedChange(policy="default"))
    bad, good = moving.has("ours", "1.0"), moving.has("ours", "1.1")
    old = moving.both("theirs", "1.0", page={"upload_time": OLD})
    young = moving.both("theirs", "1.1", page={"upload_time": now.strftime("%Y-%m-%dT%H:%M:%SZ")})

    found = moving.moved()

    assert {name: body.state for name, body in found.items()} == {
        bad.name: FileEnd.REFUSED,
        good.name: FileEnd.TAKEN,
        old.name: FileEnd.TAKEN,
        young.name: FileEnd.HELD,
    }
    assert "is malicious: MAL-2026-1" in (found[bad.name].reason or "")
    assert "policy waits 7 d" in (found[young.name].reason or "")


def test_what_policy_holds_is_held_by_name_and_the_rest_comes(moving: Moving) -> None:
    held = moving.both("demo", "1.0", record="wrong")
    taken = moving.both("demo", "1.1")

    found = moving.moved()

    assert {name: body.state for name, body in found.items()} == {
        held.name: FileEnd.HELD,
        taken.name: FileEnd.TAKEN,
    }
    (entry,) = (entry for entry in moving.intake.ledger() if entry.act == "published")
    assert [file["filename"] for file in entry.facts["held"]] == [held.name]  # type: ignore[attr-defined]  # JSON


# --------------------------------------------------------------------------------- a look, and again


def test_a_look_beforehand_fetches_no_file_and_changes_nothing(moving: Moving) -> None:
    theirs, ours = moving.both("demo", "1.0"), moving.has("demo", "1.1")
    own = moving.has("acme-core", "1.0")
    odd = moving.has("odd", "1.0")
    moving.source.rename(odd.name, "odd-1.0.exe")
    there = moving.intake.wheel("there", "1.0")
    moving.intake.upload(moving.lists(there))
    serial = moving.intake.serial

    run = moving.moves(dry_run=True, internal=["acme-*"])

    assert (run.kind, run.state) == (RunKind.IMPORT_PLAN, RunState.PLANNED)
    found = moving.files(run)
    assert {name: body.state for name, body in found.items()} == {
        theirs.name: FileEnd.NEW,
        ours.name: FileEnd.NEW,
        own.name: FileEnd.NEW,
        there.name: FileEnd.PRESENT,
        "odd-1.0.exe": FileEnd.UNREADABLE,
    }
    assert {body.project for body in found.values() if body.mixed} == {"demo"}
    assert {body.project for body in found.values() if body.internal} == {"demo", "acme-core", "there"}
    assert run.imported is not None
    assert (run.imported.new, run.imported.present, run.imported.unreadable) == (3, 1, 1)
    assert [seen for seen in moving.source.log if "/files/" in seen.path] == []
    assert moving.intake.serial == serial
    assert moving.intake.names() == ["there"]


def test_a_second_time_takes_what_is_new_and_fetches_nothing_else(moving: Moving) -> None:
    first = moving.has("demo", "1.0")
    moving.moved()
    moving.source.log.clear()
    second = moving.has("demo", "1.1")

    found = moving.moved()

    assert {name: body.state for name, body in found.items()} == {
        first.name: FileEnd.PRESENT,
        second.name: FileEnd.TAKEN,
    }
    assert [seen.what for seen in moving.source.log if "/files/" in seen.path] == [second.name]


def test_a_yank_comes_along_with_its_reason_and_one_that_comes_later_too(moving: Moving) -> None:
    old, new = moving.has("demo", "1.0", page={"yanked": "loses files"}), moving.has("demo", "1.1")
    moving.moved()
    assert moving.intake.files("demo")[old.name]["yanked"] == "loses files"
    assert moving.intake.files("demo")[new.name]["yanked"] is False
    moving.lists(new, yanked="was a mistake")
    moving.lists(old, yanked=False)

    found = moving.moved()

    assert {body.state for body in found.values()} == {FileEnd.PRESENT}
    assert moving.intake.files("demo")[new.name]["yanked"] == "was a mistake"
    assert moving.intake.files("demo")[old.name]["yanked"] == "loses files", "a yank is never taken back"
    assert moving.intake.acts()[-1] == "yanked"
    moving.intake.verify()


def test_other_bytes_under_a_name_that_is_used_are_a_conflict_with_both_digests(moving: Moving) -> None:
    there = moving.intake.upload(moving.intake.wheel("demo", "1.0"))
    here = moving.has("demo", "1.0", files={"other.py": "1"})
    added = moving.has("demo", "1.1")

    found = moving.moved()

    assert found[here.name].state is FileEnd.CONFLICT
    assert there.sha256 in (found[here.name].reason or "")
    assert str(found[here.name].sha256) in (found[here.name].reason or "")
    assert found[added.name].state is FileEnd.TAKEN
    assert moving.intake.files("demo")[here.name]["hashes"]["sha256"] == there.sha256
    assert moving.source.asked(here.name) == [], "the page told enough"


def test_files_whose_page_states_no_digest_are_fetched_once_for_all_times(moving: Moving) -> None:
    theirs = moving.lists(moving.intake.offer("demo", "1.0"), hashes={})
    ours = moving.lists(moving.intake.wheel("demo", "1.1"), hashes={})

    found = moving.moved()
    again = moving.moved()

    assert (found[theirs.name].origin, found[ours.name].origin) == (Origin.IMPORTED, Origin.INTERNAL)
    assert {body.state for body in again.values()} == {FileEnd.PRESENT}
    for file in (theirs, ours):
        asked = [seen.headers.get("Range") for seen in moving.source.asked(file.name)]
        assert asked == [None, "bytes=0-0"], "once whole; later one byte tells whether it is another by now"


# ----------------------------------------------------------------------------- what can not be had


def test_what_can_not_be_had_is_named_and_stops_nothing_else(moving: Moving) -> None:
    gone, lied, away, good = (moving.has("demo", version) for version in ("1.0", "1.1", "1.2", "1.3"))
    moving.source.fault(gone.name, Answer(404))
    moving.source.fault(lied.name, WrongBytes())
    moving.source.fault(away.name, Answer(403))
    moving.has("unread", "1.0")
    moving.source.fault("unread", Answer(200, {"Content-Type": "text/plain"}, b"no page"))

    run = moving.moves()

    assert run.state is RunState.PUBLISHED
    found = moving.files(run)
    assert {name: body.state for name, body in found.items()} == {
        gone.name: FileEnd.UNREADABLE,
        lied.name: FileEnd.UNREADABLE,
        away.name: FileEnd.UNREADABLE,
        good.name: FileEnd.TAKEN,
        "unread": FileEnd.UNREADABLE,
    }
    for name, words in (
        (gone.name, "has no such file"),
        (lied.name, "promised sha256"),
        (away.name, "does not allow it (403 Forbidden)"),
        ("unread", "content type is 'text/plain'"),
    ):
        assert words in (found[name].reason or ""), found[name]
        assert "the source 127.0.0.1" in (found[name].reason or ""), found[name]
    assert run.imported is not None
    assert (run.imported.unread, run.imported.unreadable) == (1, 3)
    assert moving.intake.names() == ["demo"]


def test_of_several_names_of_one_file_the_first_counts_and_a_strangers_file_is_refused(
    moving: Moving,
) -> None:
    plain = moving.has("demo", "1.0")
    body = plain.read_bytes()
    other, strange = "demo-1.0.0-py3-none-any.whl", "stranger-1.0-py3-none-any.whl"
    moving.source.add(other, body)
    listed = moving.has("demo", "1.1")
    moving.source.rename(listed.name, strange)

    found = moving.moved()

    states = {name: body.state for name, body in found.items()}
    assert states == {plain.name: FileEnd.TAKEN, other: FileEnd.REFUSED, strange: FileEnd.REFUSED}
    assert f"is {plain.name} under another spelling" in (found[other].reason or "")
    assert "named as one of stranger" in (found[strange].reason or "")


def test_sdists_come_along_and_a_zip_of_ones_own_does_not(moving: Moving) -> None:
    sdist = moving.lists(moving.intake.sdist("demo", "1.0"))
    zipped = moving.intake.wheel("demo", "1.1")
    moving.source.add("demo-1.1.zip", zipped.read_bytes())

    found = moving.moved()

    assert found[sdist.name].state is FileEnd.TAKEN
    assert (found["demo-1.1.zip"].state, "PEP 625" in (found["demo-1.1.zip"].reason or "")) == (
        FileEnd.REFUSED,
        True,
    )


def test_only_the_names_that_are_asked_for_come_and_one_that_is_not_there_is_named(moving: Moving) -> None:
    wheel = moving.has("demo", "1.0")
    moving.has("other", "1.0")

    run = moving.moves(names=["Demo", "no-such"])

    found = moving.files(run)
    assert found.keys() == {wheel.name, "no-such"}
    assert "has no project of that name" in (found["no-such"].reason or "")
    assert moving.intake.names() == ["demo"]


# ------------------------------------------------------------------------------------- who, and how often


def test_an_index_on_a_host_that_nobody_allowed_is_not_even_asked(moving: Moving) -> None:
    with upstream_in_thread() as stranger:
        run = moving.moves(source=stranger.url)

        assert (run.state, run.error and run.error.code) == (RunState.FAILED, "source-not-allowed")
        assert f"http://127.0.0.1:{stranger.port}" in (run.reason or "")
        assert stranger.log == []


def test_an_address_that_shows_no_index_is_named(moving: Moving) -> None:
    run = moving.moves(source=f"{moving.source.origin}/nothing/here/simple/")

    assert (run.state, run.error and run.error.code) == (RunState.FAILED, "not-a-source")


def test_only_owners_may_have_an_index_copied(moving: Moving) -> None:
    moving.has("demo", "1.0")
    feed = str(moving.intake.path)
    moving.client.grant(moving.intake.path, "ada", Role.CONTRIBUTOR)
    made = moving.client.create_token(TokenCreation(actor="ada", feeds=[feed], scope=Scope.MANAGE)).body
    with Client(Address(moving.client.server.origin, Secret(made.token), is_local=True)) as ada:
        with pytest.raises(RemoteProblem) as problem:
            moving.post(ada)
        assert (problem.value.status, problem.value.code) == (403, "role-too-small")

        moving.client.grant(moving.intake.path, "ada", Role.OWNER)
        run = moving.intake.ended(moving.post(ada))

    assert (run.state, run.requester) == (RunState.PUBLISHED, "ada")


def test_who_owns_the_feed_no_more_ends_the_copying(moving: Moving) -> None:
    wheel = moving.has("demo", "1.0")
    moving.source.fault(wheel.name, Pause(1), times=1)
    feed = str(moving.intake.path)
    moving.client.grant(moving.intake.path, "bea", Role.OWNER)
    made = moving.client.create_token(TokenCreation(actor="bea", feeds=[feed], scope=Scope.MANAGE)).body
    with Client(Address(moving.client.server.origin, Secret(made.token), is_local=True)) as bea:
        run = moving.post(bea)
        wait_until(lambda: bool(moving.source.asked(wheel.name)))
        moving.client.remove_grant(moving.intake.path, "bea")

    ended = moving.intake.ended(run)

    assert (ended.state, ended.error and ended.error.code) == (RunState.FAILED, "importer-may-not")
    assert moving.intake.names() == []


def test_the_same_import_asked_for_while_it_goes_on_is_that_run(moving: Moving) -> None:
    wheel = moving.has("demo", "1.0")
    moving.source.fault(wheel.name, Pause(2), times=1)

    first, second = moving.post(), moving.post()
    other = moving.post(dry_run=True)

    assert first.run == second.run
    assert other.run != first.run
    assert moving.intake.ended(first).state is RunState.PUBLISHED
    assert moving.intake.ended(other).state is RunState.PLANNED
    assert moving.moves().run != first.run, "a run that has ended is not gone through again"


def test_a_cancelled_import_keeps_what_it_had_brought(moving: Moving) -> None:
    first, second = moving.has("alpha", "1.0"), moving.has("beta", "1.0")
    moving.source.fault(second.name, Pause(60), times=1)
    run = moving.post()
    wait_until(lambda: moving.intake.names() == ["alpha"])

    moving.client.cancel_run(run.run)

    ended = moving.intake.ended(run)
    assert ended.state is RunState.CANCELLED
    assert moving.files(ended).keys() == {first.name}
    moving.source.behave()
    again = moving.moved()
    assert {name: body.state for name, body in again.items()} == {
        first.name: FileEnd.PRESENT,
        second.name: FileEnd.TAKEN,
    }


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"source": None}, "source-unclear", id="neither"),
        pytest.param({"source": "ftp://index.example/"}, "invalid-destination", id="no-http"),
        pytest.param(
            {"source": "https://me:canary@index.example/"}, "source-address-not-plain", id="password"
        ),
        pytest.param({"internal": ["a b"]}, "invalid-name-pattern", id="pattern"),
        pytest.param({"names": ["-"]}, "invalid-name", id="name"),
        pytest.param(
            {"source": None, "files": [ListedFileBody(filename="a-1.0.tar.gz", sha256="0" * 64)]},
            "source-unclear",
            id="files-to-be-copied",
        ),
        pytest.param(
            {
                "source": None,
                "dry_run": True,
                "files": [ListedFileBody(filename="a", sha256="0" * 64)],
            },
            "invalid-filename",
            id="no-distribution",
        ),
    ],
)
def test_what_is_no_import_is_refused_before_there_is_a_run(
    moving: Moving, asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(RemoteProblem) as problem:
        moving.post(**asked)

    assert (problem.value.status, problem.value.code) == (400, code)
    assert "canary" not in problem.value.text
