"""Each publish is followed by a send to the feed's standing destinations: durable, in its turn, and never in secret."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedgate.api.bodies import TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server
from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import DestinationChoice, RunCreation
from feedgate.model.access import Role, Scope
from feedgate.model.run import RunKind, RunState
from feedgate.model.secret import Secret
from tests.builders.intake_feed import chosen, reason, states
from tests.builders.standing_feed import TOKEN, StandingFeed, digests
from tests.builders.working_server import WorkingServer, wait_until
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.azure_manners import Fails, Waits
from tests.doubles.upstream import Upstream
from tests.intake.conftest import make_feed, settings_for


@dataclass(frozen=True)
class Stage:
    """Two destinations, and a server that may send there."""

    azure: AzureArtifacts
    other: AzureArtifacts
    server: WorkingServer


@contextmanager
def stage_of(upstream: Upstream, data: Path) -> Iterator[Stage]:
    with (
        azure_in_thread(AzureArtifacts(passwords={TOKEN: "contributor"})) as azure,
        azure_in_thread(AzureArtifacts(passwords={TOKEN: "contributor"}, feed="other-feed")) as other,
    ):
        hosts = f"{azure.origin},{azure.storage_origin},{other.origin},{other.storage_origin}"
        settings = settings_for(upstream) | {
            "FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": hosts,
            "FEEDGATE_DESTINATIONS__ATTEMPTS": "2",  # one that is away is the run's to wait for
        }
        server = WorkingServer(data, settings)
        server.start()
        try:
            yield Stage(azure, other, server)
        finally:
            server.stop()


@pytest.fixture(scope="module")
def shared_stage(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """For all tests that leave the server alive."""
    with stage_of(shared_upstream, tmp_path_factory.mktemp("standing") / "data") as stage:
        yield stage


@pytest.fixture
def other(shared_stage: Stage) -> AzureArtifacts:
    """The second destination of the shared stage."""
    return shared_stage.other


@pytest.fixture
def feed(shared_stage: Stage, upstream: Upstream, tmp_path: Path) -> StandingFeed:
    """A fresh feed, and empty destinations."""
    shared_stage.azure.forget()
    shared_stage.other.forget()
    return feed_on(shared_stage, upstream, tmp_path)


@pytest.fixture
def own_feed(upstream: Upstream, tmp_path: Path) -> Iterator[StandingFeed]:
    """A fresh feed on a server that the test may kill."""
    with stage_of(upstream, tmp_path / "data") as stage:
        yield feed_on(stage, upstream, tmp_path)


def feed_on(stage: Stage, upstream: Upstream, folder: Path) -> StandingFeed:
    made = make_feed(stage.server, upstream, folder)
    return StandingFeed(
        stage.server, upstream, made.path, made.folder, azure=stage.azure, secrets=folder / "secrets"
    )


def offer_demo(feed: StandingFeed) -> list[Path]:
    return [feed.offer("demo", "1.0", requires=["part"]), feed.offer("part", "1.0")]


def test_a_publish_is_followed_by_a_send_of_its_closure(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    files = offer_demo(feed)

    run = feed.added("demo")

    (send,) = run.sends
    assert send.destination == "azure"
    ended = feed.sent(send.run)
    assert feed.azure.files() == digests(*files)
    assert (ended.kind, ended.destination, ended.serial) == (RunKind.SEND, "azure", run.serial)
    assert (ended.published, ended.already_present) == (2, 0)
    assert states(ended) == {"demo": "published", "part": "published"}
    assert [one.state for one in feed.client.show_run(run.run).body.sends] == [RunState.PUBLISHED]
    assert feed.acts().count("published") == 1, "a send changes no feed"


def test_where_nothing_new_was_published_nothing_is_sent(feed: StandingFeed) -> None:
    offer_demo(feed)
    feed.added("demo")
    feed.to("azure", feed.token_file())

    run = feed.added("demo")

    assert run.published == 0
    assert (run.sends, feed.sends(), feed.azure.files()) == ([], [], {})


def test_a_closure_is_sent_whole_though_only_a_part_of_it_is_new(feed: StandingFeed) -> None:
    part = feed.offer("part", "1.0")
    feed.added("part")
    feed.to("azure", feed.token_file())
    demo = feed.offer("demo", "1.0", requires=["part"])

    feed.added("demo")

    feed.sent()
    assert feed.azure.files() == digests(demo, part)


def test_an_upload_is_sent(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    file = feed.wheel("acme-core", "1.0")

    uploaded = feed.upload(file)

    assert uploaded.sends == [feed.sends()[0].run]
    assert feed.sent().serial == uploaded.serial
    assert feed.azure.files() == digests(file)
    assert feed.upload(file).sends == [], "the same bytes again change nothing"


def test_sends_to_one_destination_go_one_after_the_other(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    feed.azure.fault("upload:acme-core-1.0-py3-none-any.whl", Waits(2.0))
    files = [feed.wheel("acme-core", version) for version in ("1.0", "2.0", "3.0")]

    runs = [feed.upload(file).sends[0] for file in files]

    feed.waits(runs[2], "an earlier run sends there first")
    ended = [feed.sent(run) for run in runs]
    began = [run.started_at for run in ended]
    assert began == sorted(one for one in began if one is not None)
    for earlier, later in itertools.pairwise(ended):
        assert earlier.finished_at is not None
        assert later.started_at is not None
        assert earlier.finished_at <= later.started_at
    assert feed.azure.files() == digests(*files)


def test_two_destinations_both_get_it_and_the_ones_refusal_is_not_the_others(
    feed: StandingFeed, other: AzureArtifacts
) -> None:
    feed.to("azure", feed.token_file())
    feed.to("other", feed.token_file(), azure=other)
    files = offer_demo(feed)
    other.fault(f"upload:{files[1].name}", Fails(400, "No parts here."))

    run = feed.added("demo")

    to = {send.destination: feed.ended(send.run) for send in run.sends}
    assert {name: ended.state for name, ended in to.items()} == {
        "azure": RunState.PUBLISHED,
        "other": RunState.FAILED,
    }
    assert feed.azure.files() == digests(*files)
    assert other.files() == {}
    assert "No parts here." in reason(to["other"])
    assert states(to["other"]) == {"part": "refused", "demo": "kept-back"}


def test_a_send_that_failed_can_be_retried(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    (file,) = [feed.wheel("acme-core", "1.0")]
    feed.azure.fault("upload", Fails(400, "Not today."), times=1)
    failed = feed.ended(feed.upload(file).sends[0])
    assert failed.state is RunState.FAILED

    retried = feed.client.retry_run(failed.run, key="again").body

    assert feed.sent(retried.run).published == 1
    assert feed.azure.files() == digests(file)


def test_a_later_send_carries_what_an_earlier_one_could_not(feed: StandingFeed) -> None:
    """What is installed from the destination must not need what only the feed has."""
    feed.to("azure", feed.token_file())
    root = feed.wheel("acme-root", "1.0")
    base = feed.wheel("acme-base", "1.0", requires=["acme-root"])
    stranger = feed.wheel("acme-stranger", "1.0")
    feed.azure.fault("upload", Fails(400, "Not today."), times=3)
    for file in (root, base, stranger):
        assert feed.ended(feed.upload(file).sends[0]).state is RunState.FAILED
    app = feed.wheel("acme-app", "1.0", requires=["acme-base"])

    ended = feed.sent(feed.upload(app).sends[0])

    assert states(ended) == {"acme-app": "published"}
    assert f"sent along, since they are depended on: {base.name}, {root.name}" in ended.model_dump_json()
    assert feed.azure.files() == digests(root, base, app)


def test_a_later_send_is_kept_back_by_what_is_still_refused(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    base = feed.wheel("acme-base", "1.0")
    feed.azure.fault(f"upload:{base.name}", Fails(400, "No bases here."))
    assert feed.ended(feed.upload(base).sends[0]).state is RunState.FAILED

    ended = feed.ended(feed.upload(feed.wheel("acme-app", "1.0", requires=["acme-base"])).sends[0])

    assert ended.state is RunState.FAILED
    assert "No bases here." in reason(ended)
    assert states(ended) == {"acme-app": "kept-back"}
    assert feed.azure.files() == {}


def test_one_refused_version_fails_no_later_send_that_another_version_serves(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    old, new = feed.wheel("acme-base", "1.0"), feed.wheel("acme-base", "2.0")
    feed.azure.fault(f"upload:{old.name}", Fails(400, "Too old."))
    feed.ended(feed.upload(old).sends[0])
    feed.sent(feed.upload(new).sends[0])
    app = feed.wheel("acme-app", "1.0", requires=["acme-base"])

    ended = feed.sent(feed.upload(app).sends[0])

    assert feed.azure.files() == digests(new, app)
    assert f"can do without: {old.name}" in ended.model_dump_json()


# ------------------------------------------------------------------------- killed


def test_a_send_survives_the_death_of_its_worker_and_of_its_server(own_feed: StandingFeed) -> None:
    own_feed.to("azure", own_feed.token_file())
    names = [f"part-{number}" for number in range(12)]
    files = [own_feed.offer(name, "1.0") for name in names] + [own_feed.offer("demo", "1.0", requires=names)]
    own_feed.azure.manners.delay_seconds = 0.2
    run = own_feed.added("demo")
    (send,) = run.sends

    wait_until(lambda: len(own_feed.azure.files()) > 0)
    worker = own_feed.server.worker
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: own_feed.server.worker not in {None, worker})
    wait_until(lambda: len(own_feed.azure.files()) > 5)
    own_feed.server.kill()
    there = len(own_feed.azure.files())
    assert there < len(files), "it was killed on its way"
    own_feed.server.start()

    ended = own_feed.sent(send.run)
    assert own_feed.azure.files() == digests(*files)
    assert ended.published == len(files), "what it sent before it was killed, it sent"
    uploads = [one for one in own_feed.azure.seen if one.kind == "upload" and one.method == "POST"]
    listed_once = {one.what for one in uploads if one.status == 200}
    assert listed_once == {file.name for file in files}
    assert sum(1 for one in uploads if one.status == 200) == len(files), "nothing was taken twice"


def test_a_publish_and_its_send_are_one(own_feed: StandingFeed) -> None:
    """Killed right after the publish, before anything of the send: it is posted all the same, and once."""
    own_feed.to("azure", own_feed.token_file(None))
    files = offer_demo(own_feed)
    run = own_feed.post("demo")
    own_feed.follow_until(run, lambda event: (event.step, event.kind) == ("publish", "published"))
    own_feed.server.kill()
    own_feed.server.start()

    assert own_feed.ended(run).state is RunState.PUBLISHED
    assert len(own_feed.sends()) == 1
    (send,) = own_feed.client.show_run(run.run).body.sends
    own_feed.waits(send.run, "does not exist")
    assert {file.filename for file in own_feed.client.show_run(send.run).body.files} == {
        file.name for file in files
    }


# ------------------------------------------------------------------------- a secret that is not there


def test_a_send_waits_by_name_for_its_secret_and_goes_on_when_it_comes(feed: StandingFeed) -> None:
    token = feed.token_file(None)
    feed.to("azure", token)
    offer_demo(feed)

    (send,) = feed.added("demo").sends

    waiting = feed.waits(send.run, f"{token} does not exist")
    assert waiting.reason == (
        f"waits: {token} does not exist, or the worker may not enter its folder "
        f"(file:{token}, the secret of the destination azure)"
    )
    assert waiting.started_at is None
    (line,) = feed.sends()
    assert (line.state, line.reason) == (RunState.QUEUED, waiting.reason)
    told = feed.client.follow(send.run)
    event = next(told)
    assert (event.step, event.kind, event.facts) == ("send", "waits", {"reason": waiting.reason})
    token.write_text(TOKEN)
    came_at = time.monotonic()
    assert [event.kind for event in told][-1] == "finished"
    assert time.monotonic() - came_at < 20
    ended = feed.sent(send.run)
    assert ended.reason is None
    assert len(feed.azure.files()) == 2


def test_sends_that_wait_take_no_slot_from_other_runs(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file(None))
    for number in range(6):  # more than runs go at once
        feed.upload(feed.wheel("acme-core", f"{number}.0"))
    feed.waits(feed.sends()[0].run, "does not exist")
    feed.offer("demo", "1.0")

    assert chosen(feed.added("demo")) == {"demo": "1.0"}
    assert {run.state for run in feed.sends()} == {RunState.QUEUED}


def test_a_variable_is_read_where_the_worker_runs(own_feed: StandingFeed) -> None:
    own_feed.to("azure", "env:AZURE_TOKEN")
    file = own_feed.wheel("acme-core", "1.0")
    run = own_feed.upload(file).sends[0]
    said = own_feed.waits(run, "AZURE_TOKEN").reason
    assert said == (
        "waits: the variable AZURE_TOKEN is not set where the worker runs "
        "(env:AZURE_TOKEN, the secret of the destination azure)"
    )

    own_feed.server.stop()
    own_feed.server.settings = {**own_feed.server.settings, "AZURE_TOKEN": TOKEN}
    own_feed.server.start()

    own_feed.sent(run)
    assert own_feed.azure.files() == digests(file)


def test_a_secret_that_changed_is_read_anew(own_feed: StandingFeed) -> None:
    token = own_feed.token_file()
    own_feed.to("azure", token)
    own_feed.upload(own_feed.wheel("acme-core", "1.0"))
    own_feed.sent()
    own_feed.azure.passwords.clear()
    own_feed.azure.passwords["a-newer-token"] = "contributor"

    token.write_text("a-newer-token\n")
    own_feed.upload(own_feed.wheel("acme-core", "2.0"))

    own_feed.sent()
    assert len(own_feed.azure.files()) == 2


def test_a_send_whose_token_expired_waits_for_a_new_one(feed: StandingFeed) -> None:
    token = feed.token_file("an-old-token")
    feed.to("azure", token)
    file = feed.wheel("acme-core", "1.0")

    run = feed.upload(file).sends[0]

    said = feed.waits(run, "401")
    assert "its secret is not valid there" in (said.reason or "")
    assert "the next try is at" in (said.reason or "")
    assert "an-old-token" not in said.model_dump_json()
    token.write_text(TOKEN)
    assert feed.sent(run).reason is None
    assert feed.azure.files() == digests(file)


def test_a_token_that_expires_between_pages_and_uploads_waits_too(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    file = feed.wheel("acme-core", "1.0")
    feed.azure.fault("upload", Fails(401), times=1)

    run = feed.upload(file).sends[0]

    feed.waits(run, "401")
    feed.sent(run)
    assert feed.azure.files() == digests(file)


def test_a_secret_without_the_right_fails_the_send_with_what_to_look_at(feed: StandingFeed) -> None:
    feed.azure.fault("upload", Fails(403), times=1)
    feed.to("azure", feed.token_file())

    ended = feed.ended(feed.upload(feed.wheel("acme-core", "1.0")).sends[0])

    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert ended.error.code == "destination-denied"
    assert TOKEN not in ended.model_dump_json()


def test_a_waiting_send_can_be_cancelled(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file(None))
    run = feed.upload(feed.wheel("acme-core", "1.0")).sends[0]
    feed.waits(run, "does not exist")

    feed.client.cancel_run(run)

    assert feed.ended(run).state is RunState.CANCELLED
    assert feed.client.show_run(run).body.reason is None


def test_no_secret_is_read_from_the_data_directory(feed: StandingFeed) -> None:
    feed.to("azure", feed.server.directory.address)

    run = feed.upload(feed.wheel("acme-core", "1.0")).sends[0]

    feed.waits(run, "lies where no secret is read from")


# ------------------------------------------------------------------------- away


def test_a_destination_that_is_away_is_tried_again_and_the_run_says_so(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    feed.azure.fault("root", Fails(503))
    file = feed.wheel("acme-core", "1.0")

    run = feed.upload(file).sends[0]
    said = feed.waits(run, "503").reason or ""

    assert "the next try is at" in said
    assert "UTC" in said
    feed.azure.behave()
    assert feed.sent(run).reason is None
    assert feed.azure.files() == digests(file)


# ------------------------------------------------------------------------- taken away


def test_a_removed_destination_gets_nothing_more(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file(None))
    waiting = feed.upload(feed.wheel("acme-core", "1.0")).sends[0]
    feed.waits(waiting, "does not exist")

    feed.client.remove_destination(feed.path, "azure")

    assert feed.ended(waiting).state is RunState.CANCELLED
    assert feed.upload(feed.wheel("acme-core", "2.0")).sends == []
    assert len(feed.sends()) == 1
    with pytest.raises(RemoteProblem, match="no standing destination"):
        feed.send("azure")


def test_a_host_that_is_not_allowed_any_more_is_not_sent_to(own_feed: StandingFeed) -> None:
    own_feed.to("azure", own_feed.token_file())
    own_feed.server.stop()
    own_feed.server.settings = {
        **own_feed.server.settings,
        "FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": "packages.example",
    }
    own_feed.server.start()

    ended = own_feed.ended(own_feed.upload(own_feed.wheel("acme-core", "1.0")).sends[0])

    assert ended.error is not None
    assert ended.error.code == "destination-not-allowed"
    assert own_feed.azure.origin in ended.error.message
    assert "destinations.allowed_hosts" in ended.error.message
    assert own_feed.azure.seen == []


# ------------------------------------------------------------------------- sent by hand


def test_what_a_feed_held_at_a_serial_is_sent(feed: StandingFeed) -> None:
    first = feed.wheel("acme-core", "1.0")
    second = feed.wheel("acme-core", "2.0", requires=["acme-base"])
    base = feed.wheel("acme-base", "1.0")
    serial = feed.upload(first).serial
    feed.upload(base)
    feed.upload(second)
    feed.to("azure", feed.token_file())

    then = feed.send("azure", serial)
    assert (then.state, then.serial, then.published) == (RunState.PUBLISHED, serial, 1)
    assert feed.azure.files() == digests(first)

    now = feed.send("azure")
    assert (now.published, now.already_present, now.serial) == (2, 1, feed.serial)
    assert feed.azure.files() == digests(first, second, base)
    posted = [one.what for one in feed.azure.seen if one.kind == "upload" and one.method == "POST"]
    assert posted == [first.name, base.name, second.name], "what it depends on goes first"


def test_what_is_yanked_is_left_out_and_said(feed: StandingFeed) -> None:
    good, bad = feed.wheel("acme-core", "1.0"), feed.wheel("acme-core", "2.0")
    feed.upload(good)
    feed.upload(bad)
    feed.client.yank(feed.path, "acme-core", "2.0", reason="it is broken")
    feed.to("azure", feed.token_file())

    ended = feed.send("azure")

    assert ended.state is RunState.PUBLISHED
    assert feed.azure.files() == digests(good)
    assert ended.notes == [f"yanked, and so not sent: {bad.name}"]


def test_a_version_that_is_refused_keeps_back_no_one_for_whom_another_would_do(feed: StandingFeed) -> None:
    old, new = feed.wheel("base", "1.0"), feed.wheel("base", "2.0")
    takes_any = feed.wheel("any", "1.0", requires=["base"])
    takes_new = feed.wheel("new", "1.0", requires=["base>=2"])
    for file in (old, new, takes_any, takes_new):
        feed.upload(file)
    feed.to("azure", feed.token_file())
    feed.azure.fault(f"upload:{new.name}", Fails(400, "Not that one."))

    ended = feed.send("azure")

    assert ended.state is RunState.FAILED
    assert feed.azure.files() == digests(old, takes_any)
    assert {file.filename: file.state for file in ended.files} == {
        old.name: "published",
        new.name: "refused",
        takes_any.name: "published",
        takes_new.name: "kept-back",
    }


def test_what_is_above_the_destinations_limits_is_refused_unsent(feed: StandingFeed) -> None:
    small, large = (
        feed.wheel("small", "1.0"),
        feed.wheel("large", "1.0", files={"blob": os.urandom(50_000).hex()}),
    )
    for file in (small, large):
        feed.upload(file)
    feed.to("azure", feed.token_file(), limits=["size=20KB"])

    ended = feed.send("azure")

    assert ended.state is RunState.FAILED
    assert feed.azure.files() == digests(small)
    assert "the destination takes 20000 at most" in reason(ended)
    assert large.name not in {one.what for one in feed.azure.seen if one.kind == "upload"}


def test_a_conflict_is_named_unless_it_is_accepted(feed: StandingFeed) -> None:
    theirs, ours = feed.wheel("acme-core", "1.0", files={"a": "theirs"}), feed.wheel("acme-core", "1.0")
    feed.azure.store(theirs.name, theirs.read_bytes())
    feed.upload(ours)
    feed.to("azure", feed.token_file())

    refused = feed.send("azure")
    assert refused.conflicts == [ours.name]
    assert all(digest in reason(refused) for one in (ours, theirs) for digest in digests(one).values())

    accepted = feed.send("azure", accept_existing=["acme-core"])
    assert (accepted.state, accepted.already_present) == (RunState.PUBLISHED, 1)
    assert feed.azure.files() == digests(theirs)


# ------------------------------------------------------------------------- add --to NAME


def test_a_request_may_name_a_standing_destination(feed: StandingFeed) -> None:
    feed.to("azure", feed.token_file())
    files = offer_demo(feed)

    run = feed.added("demo", destination={"name": "azure"})

    assert feed.azure.files() == digests(*files)
    assert run.destination == "azure"
    assert run.sends == [], "it was sent already"
    assert [target.proved for target in run.targets] == [True]


def test_the_feeds_own_names_are_asked_nowhere_else(feed: StandingFeed) -> None:
    """Though they are not at the destination yet, and whatever the request allows."""
    feed.offer("acme-core", "9.9")
    feed.offer("demo", "1.0", requires=["acme-core"])
    feed.upload(feed.wheel("acme-core", "1.0"))
    feed.to("azure", feed.token_file())

    run = feed.add("demo", destination={"name": "azure", "upstream_allow": ["acme-core"]})

    assert run.state is RunState.FAILED
    assert feed.upstream.asked("acme-core") == []
    assert feed.azure.files() == {}


def test_what_an_owner_allows_a_retry_by_somebody_else_does_not(feed: StandingFeed) -> None:
    """The words of a request are its requester's: whoever gives them again gives only those that are his to give."""
    feed.azure.store(*_named(feed.wheel("acme-core", "1.0")))
    feed.offer("acme-core", "9.9")
    feed.to("azure", feed.token_file())
    words = {"name": "azure", "upstream_allow": ["acme-core"]}
    feed.client.grant(feed.path, "carol", Role.CONTRIBUTOR)
    token = feed.client.create_token(TokenCreation(actor="carol", scope=Scope.WRITE)).body.token
    owners = feed.add("acme-core", kind=RunKind.PLAN, destination=words, upgrade=True)
    with Client(Server(feed.client.server.origin, Secret(token), is_local=True)) as carol:
        with pytest.raises(RemoteProblem) as caught:
            carol.create_run(
                feed.path,
                RunCreation(requirements=["acme-core"], destination=DestinationChoice.model_validate(words)),
                key="once",
            )
        retried = feed.ended(carol.retry_run(owners.run, key="again").body)
    again = feed.ended(feed.client.retry_run(owners.run, key="again").body)

    assert caught.value.code == "role-too-small"
    assert chosen(owners) == chosen(again) == {"acme-core": "9.9"}
    assert chosen(retried) == {"acme-core": "1.0"}
    assert retried.internal == ["acme-core"]


def _named(file: Path) -> tuple[str, bytes]:
    return file.name, file.read_bytes()


def test_an_unknown_name_is_said(feed: StandingFeed) -> None:
    with pytest.raises(RemoteProblem, match="no standing destination of that name") as caught:
        feed.post("demo", destination={"name": "azure"})

    assert caught.value.code == "no-such-destination"
    assert f"feedgate destination add NAME -f {feed.path} --to URL" in str(caught.value.next_step)


# ------------------------------------------------------------------------- secrets


def test_the_token_stands_in_no_record_log_or_answer(own_feed: StandingFeed) -> None:
    own_feed.to("azure", own_feed.token_file())
    runs = []
    for number, fault in enumerate(
        [None, Fails(500, TOKEN), Fails(400, f"Look: {TOKEN}"), Fails(401, TOKEN)], start=1
    ):
        file = own_feed.wheel("acme-core", f"{number}.0")
        if fault is not None:
            own_feed.azure.fault(f"upload:{file.name}", fault, times=1)
        runs.append(own_feed.ended(own_feed.upload(file).sends[0]))
    assert [run.state for run in runs].count(RunState.FAILED) == 1, "the others were tried again"

    said = [
        own_feed.client.list_destinations(own_feed.path).text,
        own_feed.client.show_destination(own_feed.path, "azure").text,
        own_feed.client.list_runs(own_feed.path, limit=100).text,
        own_feed.client.show_ledger(own_feed.path).text,
        *(run.model_dump_json() for run in runs),
        *(event.model_dump_json() for run in runs for event in own_feed.client.follow(run.run)),
    ]
    own_feed.server.stop()
    written = [file for file in own_feed.server.data.rglob("*") if file.is_file()] + [own_feed.server.log]
    assert not [text for text in said if TOKEN in text]
    assert not [file for file in written if TOKEN.encode() in file.read_bytes()]
