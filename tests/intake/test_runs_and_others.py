"""Runs beside other runs, and beside people who change the feed, the roles and their minds."""

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedgate.api.bodies import TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server as Address
from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import EventBody, RunBody
from feedgate.model.access import Role, Scope
from feedgate.model.feed import UpstreamRule
from feedgate.model.run import RunState
from feedgate.model.secret import Secret
from tests.builders.intake_feed import Intake, chosen, reason, states
from tests.builders.working_server import command_of, descendants_of, wait_until
from tests.doubles.upstream import Pause
from tests.intake.conftest import NewFeed

SILENCE = Pause(60.0)
MOMENT = Pause(0.8)


def paused(intake: Intake, what: str, *requirements: str, client: Client | None = None) -> RunBody:
    """Post a run, and return it while the upstream thinks about ``what`` (a page or a file)."""
    run = intake.post(*requirements, client=client)
    wait_until(lambda: bool(intake.upstream.asked(what)))
    return run


def resolvers_of(intake: Intake, run: RunBody) -> list[int]:
    """Return the resolver's processes that work for the run: those in a folder of its name."""
    worker = intake.server.worker
    assert worker is not None
    return [
        pid for pid in descendants_of(worker) if run.run in _folder_of(pid) and "compile" in command_of(pid)
    ]


def _folder_of(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


# ------------------------------------------------------------------ beside other runs


def test_runs_that_overlap_fetch_and_publish_nothing_twice(intake: Intake) -> None:
    shared = [f"shared{number}" for number in range(5)]
    wheels = [intake.offer(name, "1.0") for name in shared]
    wheels += [intake.offer(name, "1.0", requires=shared) for name in ("a", "b", "c")]
    for wheel in wheels[:5]:
        intake.upstream.fault(wheel.name, Pause(0.5), times=1)

    runs = [intake.ended(run) for run in [intake.post(name) for name in ("a", "b", "c")]]

    assert [run.state for run in runs] == [RunState.PUBLISHED] * 3
    assert [len(intake.upstream.asked(wheel.name)) for wheel in wheels] == [1] * len(wheels)
    assert sum(run.fetched for run in runs) == len(wheels)
    assert sum(run.published for run in runs) == len(wheels)
    published = Counter(
        file["filename"]
        for entry in intake.ledger()
        if entry.act == "published"
        for file in _files(entry.facts)
    )
    assert published == Counter(wheel.name for wheel in wheels)
    intake.verify()


def _files(facts: dict[str, object]) -> Iterator[dict[str, str]]:
    files = facts["files"]
    assert isinstance(files, list)
    yield from files


def test_the_same_asked_for_many_times_at_once_is_published_once(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, Pause(0.5), times=1)

    runs = [intake.ended(run) for run in [intake.post("demo") for _ in range(6)]]

    assert [run.state for run in runs] == [RunState.PUBLISHED] * 6
    assert sorted(run.published for run in runs) == [0, 0, 0, 0, 0, 1]
    assert intake.acts().count("published") == 1
    assert len(intake.upstream.asked(wheel.name)) == 1


# ------------------------------------------------------------------ cancelled, retried


def test_a_run_that_is_cancelled_while_it_resolves_leaves_no_resolver_and_can_be_retried(
    intake: Intake,
) -> None:
    intake.offer("demo", "1.0")
    intake.upstream.fault("demo", SILENCE)
    run = paused(intake, "demo", "demo")
    assert resolvers_of(intake, run)
    begun = time.monotonic()

    intake.client.cancel_run(run.run)
    ended = intake.ended(run)

    assert ended.state is RunState.CANCELLED
    assert time.monotonic() - begun < 5
    assert resolvers_of(intake, run) == []
    assert intake.names() == []
    intake.upstream.behave()
    retried = intake.ended(intake.client.retry_run(run.run, key=uuid.uuid4().hex).body)
    assert (retried.state, retried.retry_of, chosen(retried)) == (
        RunState.PUBLISHED,
        run.run,
        {"demo": "1.0"},
    )


def test_a_run_that_is_cancelled_while_it_fetches_publishes_nothing_and_can_be_retried(
    intake: Intake,
) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    part = intake.offer("part", "1.0")
    intake.upstream.fault(part.name, SILENCE, times=1)
    serial = intake.serial
    run = paused(intake, part.name, "demo")

    assert intake.client.cancel_run(run.run).body.run == run.run
    ended = intake.ended(run)

    assert (ended.state, ended.published) == (RunState.CANCELLED, 0)
    assert (intake.serial, intake.names()) == (serial, [])
    assert intake.client.cancel_run(run.run).body.state is RunState.CANCELLED, "twice is once"
    key = uuid.uuid4().hex
    retried = intake.client.retry_run(run.run, key=key).body
    assert intake.client.retry_run(run.run, key=key).body.run == retried.run
    assert intake.ended(retried).state is RunState.PUBLISHED


def test_a_run_that_waits_for_others_can_be_cancelled_too(new_feed: NewFeed) -> None:
    intake = new_feed()
    intake.offer("slow", "1.0")
    intake.upstream.fault("slow", SILENCE)
    runs = [intake.post("slow") for _ in range(6)]
    wait_until(lambda: intake.client.show_run(runs[3].run).body.state is RunState.RUNNING)
    assert intake.client.show_run(runs[5].run).body.state is RunState.QUEUED

    for run in reversed(runs):
        intake.client.cancel_run(run.run)

    assert [intake.ended(run).state for run in runs] == [RunState.CANCELLED] * 6


def test_what_has_ended_is_not_cancelled_and_what_goes_on_is_not_retried(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    run = paused(intake, wheel.name, "demo")

    with pytest.raises(RemoteProblem) as goes_on:
        intake.client.retry_run(run.run, key=uuid.uuid4().hex)
    intake.ended(run)
    with pytest.raises(RemoteProblem) as over:
        intake.client.cancel_run(run.run)

    assert (goes_on.value.status, goes_on.value.code) == (409, "run-goes-on")
    assert (over.value.status, over.value.code) == (409, "run-is-over")
    assert intake.client.show_run(run.run).body.state is RunState.PUBLISHED


# ------------------------------------------------------------------ who asked


@pytest.fixture
def carol(intake: Intake) -> Iterator[Client]:
    """A Collaborator of the feed."""
    intake.client.grant(intake.path, "carol", Role.COLLABORATOR)
    token = intake.client.create_token(TokenCreation(actor="carol", scope=Scope.WRITE)).body.token
    with Client(Address(intake.client.server.origin, Secret(token), is_local=True)) as client:
        yield client


def test_a_run_is_its_requesters(intake: Intake, carol: Client) -> None:
    intake.offer("demo", "1.0")

    run = intake.ended(intake.post("demo", client=carol))

    assert (run.state, run.requester) == (RunState.PUBLISHED, "carol")
    assert intake.ledger()[-1].actor == "carol"


def test_a_run_whose_requester_lost_the_role_publishes_nothing(intake: Intake, carol: Client) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    run = paused(intake, wheel.name, "demo", client=carol)

    intake.client.remove_grant(intake.path, "carol")
    ended = intake.ended(run)

    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert (ended.error.code, "carol" in ended.error.message) == ("requester-may-not", True)
    assert intake.names() == []


def test_a_run_whose_requester_may_only_read_now_publishes_nothing(intake: Intake, carol: Client) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    run = paused(intake, wheel.name, "demo", client=carol)

    intake.client.grant(intake.path, "carol", Role.READER)

    assert intake.ended(run).state is RunState.FAILED
    assert intake.names() == []


def test_a_run_acts_as_its_requester_and_not_by_the_token(intake: Intake, carol: Client) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    run = paused(intake, wheel.name, "demo", client=carol)

    for token in carol.list_tokens().body:
        intake.client.revoke_token(token.id)

    assert intake.ended(run).state is RunState.PUBLISHED


# ------------------------------------------------------------------ the feed changes


def proved_again(intake: Intake, run: RunBody) -> list[EventBody]:
    return [event for event in intake.told(run) if event.kind == "proved-again"]


@pytest.fixture
def under_way(intake: Intake) -> tuple[Intake, RunBody]:
    """A run that wants ``b`` with the feed's ``shared``, while ``b`` is still on its way."""
    intake.offer("shared", "1.0")
    intake.added("shared")
    wheel = intake.offer("b", "1.0", requires=["shared"])
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    return intake, paused(intake, wheel.name, "b")


def test_a_closure_of_which_a_project_changed_is_proved_again(under_way: tuple[Intake, RunBody]) -> None:
    intake, run = under_way
    intake.client.yank(intake.path, "shared", "1.0", reason="for a moment")
    intake.client.unyank(intake.path, "shared", "1.0")

    ended = intake.ended(run)

    assert ended.state is RunState.PUBLISHED
    assert [event.facts["changed"] for event in proved_again(intake, ended)] == [["shared"]]


def test_a_change_of_other_projects_needs_no_other_proof(under_way: tuple[Intake, RunBody]) -> None:
    intake, run = under_way
    intake.upload(intake.wheel("unrelated", "1.0"))

    ended = intake.ended(run)

    assert ended.state is RunState.PUBLISHED
    assert proved_again(intake, ended) == []


def test_what_does_not_hold_any_more_is_not_published(under_way: tuple[Intake, RunBody]) -> None:
    intake, run = under_way
    intake.client.yank(intake.path, "shared", "1.0", reason="it is broken")

    ended = intake.ended(run)

    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert (ended.error.code, "shared" in ended.error.message) == ("not-proved", True)
    assert [one.proved for one in ended.targets] == [False]
    assert intake.names() == ["shared"]


def test_a_name_that_was_reserved_meanwhile_is_not_imported(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    run = paused(intake, wheel.name, "demo")
    intake.client.set_project(intake.path, "demo", UpstreamRule.DENY)

    ended = intake.ended(run)

    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert (ended.error.code, "demo" in ended.error.message) == ("name-is-internal", True)
    assert intake.names() == []


def test_a_name_that_became_internal_meanwhile_is_not_imported(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["acme-core"])
    core = intake.offer("acme-core", "9.9")
    intake.upstream.fault(core.name, MOMENT, times=1)
    run = paused(intake, core.name, "demo")
    intake.upload(intake.wheel("acme-core", "1.0"))

    ended = intake.ended(run)

    assert ended.error is not None
    assert ended.error.code == "name-is-internal"
    assert (intake.names(), intake.versions("acme-core")) == (["acme-core"], ["1.0"])
    retried = intake.ended(intake.client.retry_run(run.run, key=uuid.uuid4().hex).body)
    assert chosen(retried) == {"acme-core": "1.0", "demo": "1.0"}


def test_a_file_that_somebody_uploaded_meanwhile_is_there_once(intake: Intake) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    part = intake.offer("part", "1.0")
    intake.upstream.fault(part.name, MOMENT, times=1)
    run = paused(intake, part.name, "demo")
    intake.upload(part, imported=True)

    ended = intake.ended(run)

    assert states(ended) == {"demo": "published", "part": "present"}
    assert (ended.published, ended.already_present) == (1, 1)


def test_a_file_name_that_was_spent_meanwhile_is_not_taken(intake: Intake) -> None:
    wheel = intake.offer("demo", "1.0")
    intake.client.set_project(intake.path, "demo", UpstreamRule.ALLOW)
    intake.upstream.fault(wheel.name, MOMENT, times=1)
    run = paused(intake, wheel.name, "demo")
    own = intake.wheel("demo", "1.0", files={"other.txt": "other bytes"})
    intake.upload(own)

    ended = intake.ended(run)

    assert ended.state is RunState.FAILED
    assert wheel.name in reason(ended)
    assert intake.download("demo", wheel.name) == own.read_bytes()


def test_a_release_that_got_an_upload_meanwhile_does_not_get_the_upstreams_file_beside_it(
    intake: Intake,
) -> None:
    native = intake.offer("demo", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    intake.client.set_project(intake.path, "demo", UpstreamRule.ALLOW)
    intake.upstream.fault(native.name, MOMENT, times=1)
    run = paused(intake, native.name, "demo")
    own = intake.wheel("demo", "1.0")
    intake.upload(own)

    ended = intake.ended(run)

    assert list(intake.files("demo")) == [own.name]
    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert (ended.error.code, native.name in ended.error.message) == ("release-is-internal", True)
