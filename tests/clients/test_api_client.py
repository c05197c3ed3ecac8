"""The commands' own client, against a served installation."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedgate.api.bodies import FeedChange, FeedCreation, TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import InvalidServerUrl, Server, ServerUnreachable
from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import EventBody, RunCreation
from feedgate.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from feedgate.model.access import Role, Scope
from feedgate.model.feed import UpstreamRule
from feedgate.model.names import FeedPath
from feedgate.model.run import RunId, RunState
from feedgate.model.secret import Secret
from feedgate.records import events, runs
from feedgate.records.events import Telling
from tests.builders.installation import FEED, LOCAL_KEY, TARGET
from tests.builders.served import Served, serve


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    root = tmp_path / "installation"
    root.mkdir()
    with serve(root) as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(Server(served.origin, LOCAL_KEY, is_local=True)) as found:
        yield found


def tell(served: Served, run: str, *kinds: str) -> None:
    with served.installation.records.note() as note:
        told = [Telling(served.installation.clock(), "fetch", None, kind, {}) for kind in kinds]
        events.append(note, RunId(run), told)


def finish(served: Served, run: str, state: RunState) -> None:
    with served.installation.records.note() as note:
        runs.finish(note, RunId(run), state, served.installation.clock())


def test_every_answer_comes_parsed_and_as_it_came(client: Client) -> None:
    feed = client.show_feed(FEED)

    assert feed.body.feed == "acme/pip-feed"
    assert json.loads(feed.text)["feed"] == "acme/pip-feed"


def test_feeds_are_made_set_and_listed(client: Client) -> None:
    made = client.create_feed(FeedCreation(organization="acme", feed="second", targets=[str(TARGET)]))
    path = FeedPath("acme", "second")
    changed = client.set_feed(path, FeedChange(public=True))
    client.add_target(path, "3.12@aarch64-manylinux_2_28")
    left = client.remove_target(path, str(TARGET))
    listed = client.list_feeds()

    assert (made.body.public, changed.body.public) == (False, True)
    assert left.body.targets == ["3.12@aarch64-manylinux_2_28"]
    assert [feed.feed for feed in listed.body] == ["acme/pip-feed", "acme/second"]
    assert len(listed.text.splitlines()) == 2


def test_roles_and_tokens_come_and_go(served: Served, client: Client) -> None:
    client.grant(FEED, "ada@example.com", Role.READER)
    made = client.create_token(TokenCreation(actor="ada@example.com", scope=Scope.READ))
    assert made.body.expires_at is not None
    with Client(Server(served.origin, Secret(made.body.token))) as ada:
        assert ada.show_feed(FEED).body.role is Role.READER
        client.revoke_token(made.body.id)
        with pytest.raises(RemoteProblem) as caught:
            ada.show_feed(FEED)

    assert caught.value.kind is Unauthenticated
    assert [grant.actor for grant in client.list_grants(FEED).body] == ["ada@example.com"]
    assert client.remove_grant(FEED, "ada@example.com").body.role is None
    assert client.list_tokens().body[0].revoked_at is not None


def test_what_is_left_out_stays_left_out_on_the_wire(client: Client) -> None:
    endless = client.create_token(TokenCreation(actor="bob", expires_in_seconds=None))

    assert endless.body.expires_at is None


def test_a_file_is_streamed_with_its_digest(client: Client, make_wheel: Callable[..., Path]) -> None:
    wheel = make_wheel("demo", "1.0")

    first, again = client.upload(FEED, wheel), client.upload(FEED, wheel)

    assert first.body.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (first.body.state, again.body.state) == ("published", "already-present")


def test_an_upload_that_is_refused_says_why(client: Client, make_wheel: Callable[..., Path]) -> None:
    client.upload(FEED, make_wheel("demo", "1.0"))

    with pytest.raises(RemoteProblem) as caught:
        client.upload(FEED, make_wheel("demo", "1.0", files={"demo/more.py": ""}))

    assert (caught.value.kind, caught.value.code) == (Conflict, "name-spent")
    assert json.loads(caught.value.text)["error"]["code"] == "name-spent"


def test_names_and_releases_are_decided(
    served: Served, client: Client, make_wheel: Callable[..., Path]
) -> None:
    served.do(served.installation.publish(make_wheel("demo", "1.0")))

    (listed,) = client.list_projects(FEED).body
    assert (listed.project, [one.version for one in listed.versions]) == ("demo", ["1.0"])
    assert client.list_projects(FEED, "Demo").body == (listed,)
    assert client.set_project(FEED, "Acme_Core", UpstreamRule.DENY).body.internal
    assert client.yank(FEED, "demo", "1.0", reason="broken").body.reason == "broken"
    assert client.unyank(FEED, "demo", "1.0").body.reason is None


def test_ledgers_are_read_and_verified(client: Client) -> None:
    entries = client.show_ledger(FEED)
    head = entries.body[-1]

    assert client.verify_ledger(FEED, expect=f"{head.serial}:{head.hash}").body.holds
    assert client.show_ledger(FEED, after=head.serial).body == ()
    assert client.verify_ledger().body.ledger == "installation"
    with pytest.raises(RemoteProblem) as caught:
        client.verify_ledger(FEED, expect="word")
    assert caught.value.kind is Invalid


def test_the_same_key_is_the_same_run(client: Client) -> None:
    creation = RunCreation(requirements=["demo"])

    first, again = [client.create_run(FEED, creation, key="k").body for _ in range(2)]

    assert first.run == again.run
    assert [line.run for line in client.list_runs(FEED).body] == [first.run]
    assert [line.run for line in client.list_runs(limit=1).body] == [first.run]
    assert client.cancel_run(first.run).body.state is RunState.QUEUED


def test_a_run_is_followed_to_its_end(served: Served, client: Client) -> None:
    run = client.create_run(FEED, RunCreation(requirements=["demo"]), key="k").body.run
    tell(served, run, "a", "b")

    def end() -> None:
        tell(served, run, "c")
        finish(served, run, RunState.FAILED)

    threading.Timer(0.3, end).start()
    ends: list[RunState] = []

    def follow() -> Iterator[EventBody]:
        ends.append((yield from client.follow(run, after=1)))

    assert [event.kind for event in follow()] == ["b", "c"]
    assert ends == [RunState.FAILED]
    assert client.retry_run(run, key="r").body.retry_of == run


def test_following_what_is_not_there_ends_at_once(client: Client) -> None:
    with pytest.raises(RemoteProblem) as caught:
        next(client.follow("run_none"))

    assert caught.value.kind is Missing


def test_a_role_too_small_is_told_as_such(served: Served) -> None:
    secret = served.installation.token("ada", Role.READER)
    with Client(Server(served.origin, secret)) as ada, pytest.raises(RemoteProblem) as caught:
        ada.set_feed(FEED, FeedChange(public=True))

    assert (caught.value.kind, caught.value.code) == (Forbidden, "role-too-small")
    assert "owner" in caught.value.next_step


def test_a_local_server_is_reached_whatever_proxies_are_set(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Client(Server(served.origin, LOCAL_KEY, is_local=True)) as client:
        assert client.show_feed(FEED).body.serial == 1


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "feed.example",
        "ftp://feed.example",
        "http://",
        "http://h:x",
        "https://u:pw@feed.example",
        "http://h?x=1",
    ],
)
def test_what_is_no_address_is_refused_without_showing_a_password(origin: str) -> None:
    with pytest.raises(InvalidServerUrl) as caught:
        Client(Server(origin, None))

    assert "pw" not in caught.value.message


def test_nobody_there_is_told_with_the_address() -> None:
    with Client(Server("http://127.0.0.1:9", None)) as client, pytest.raises(ServerUnreachable) as caught:
        client.list_feeds()

    assert "127.0.0.1:9" in caught.value.message


def test_what_is_no_api_of_ours_is_told_as_such(served: Served) -> None:
    with (
        Client(Server(f"{served.origin}/elsewhere", LOCAL_KEY)) as client,
        pytest.raises(RemoteProblem) as caught,
    ):
        client.list_feeds()

    assert caught.value.code == "unexpected-answer"
