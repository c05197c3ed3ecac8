"""What the commands' client does when its server is cut off, silent, or another one."""

from collections.abc import Iterator

import pytest

from feedgate.api.bodies import FeedCreation
from feedgate.api.client import Client
from feedgate.api.connection import Connection, Server, ServerUnreachable
from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import EventBody, RunCreation
from feedgate.model.names import FeedPath
from feedgate.model.run import RunState
from feedgate.model.secret import Secret
from tests.doubles.scripted_server import scripted, streamed, whole

FEED = FeedPath("acme", "pip-feed")
END = b'{"state":"published"}'
RUN = (
    b'{"run":"r","kind":"add","state":"queued","feed":"acme/pip-feed","requester":"a",'
    b'"created_at":"2026-03-08T12:00:00Z","started_at":null,"finished_at":null}'
)


def event(number: int) -> bytes:
    return (
        b'{"number":%d,"at":"2026-03-08T12:00:00Z","step":"fetch","target":null,"kind":"k","facts":{}}'
        % number
    )


def follow(client: Client, ends: list[RunState]) -> Iterator[EventBody]:
    ends.append((yield from client.follow("r")))


def numbers(client: Client) -> list[int]:
    ends: list[RunState] = []
    found = [said.number for said in follow(client, ends)]
    assert ends == [RunState.PUBLISHED]
    return found


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(streamed(event(1), event(2), ends=False), id="in-the-middle"),
        pytest.param(streamed(event(1), event(2), b"", ends=True), id="at-its-end-without-a-state"),
        pytest.param(
            streamed(event(1), event(2), b'{"state":"running"}', ends=True), id="before-the-run-ended"
        ),
    ],
)
def test_following_goes_on_behind_the_last_event_seen(cut: bytes) -> None:
    with scripted(cut, streamed(event(3), b"", END, ends=True)) as server:
        with Client(Server(server.origin, None)) as client:
            assert numbers(client) == [1, 2, 3]

        assert server.lines == [
            "GET /api/v1/runs/r/events?after=0&follow=true HTTP/1.1",
            "GET /api/v1/runs/r/events?after=2&follow=true HTTP/1.1",
        ]


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])
def test_a_proxy_whose_server_is_away_is_waited_for(status: str) -> None:
    answers = whole(b"<html>", status), streamed(event(1), END, ends=True)
    with scripted(*answers) as server, Client(Server(server.origin, None)) as client:
        assert numbers(client) == [1]


def test_what_waiting_does_not_mend_ends_the_following() -> None:
    broken = whole(b"{}", "500 Internal Server Error")
    with (
        scripted(broken) as server,
        Client(Server(server.origin, None)) as client,
        pytest.raises(RemoteProblem),
    ):
        numbers(client)


def test_a_server_that_came_back_elsewhere_is_found_and_asked_on() -> None:
    with (
        scripted(streamed(event(1), ends=False)) as first,
        scripted(streamed(event(2), END, ends=True)) as second,
    ):
        found = Server(second.origin, Secret("new-key"), is_local=True)
        with Client(Server(first.origin, Secret("key"), is_local=True), find_again=lambda: found) as client:
            assert numbers(client) == [1, 2]
            assert client.server is found

        assert "authorization: Bearer new-key\r\n" in second.requests[0].replace(
            "Authorization", "authorization"
        )
        assert "after=1" in second.lines[0]


def test_a_call_that_nobody_heard_is_sent_to_the_server_found_again() -> None:
    with scripted() as gone:
        pass
    with scripted(whole(b"")) as there:
        found = Server(there.origin, None, is_local=True)
        with Client(Server(gone.origin, None, is_local=True), find_again=lambda: found) as client:
            assert client.list_feeds().body == ()


def test_a_request_with_its_key_is_sent_again_when_the_answer_was_cut_off() -> None:
    with scripted(b"HTTP/1.1 202 Acc", whole(RUN, "202 Accepted")) as server:
        again = Server(server.origin, None, is_local=True)
        with Client(again, find_again=lambda: again) as client:
            assert client.create_run(FEED, RunCreation(requirements=["demo"]), key="k-1").body.run == "r"

        assert [request.count("k-1") for request in server.requests] == [1, 1]


def test_what_might_be_done_twice_is_never_sent_again() -> None:
    with scripted(b"HTTP/1.1 201 Cre", whole(b"{}", "201 Created")) as server:
        again = Server(server.origin, None, is_local=True)
        with Client(again, find_again=lambda: again) as client, pytest.raises(ServerUnreachable):
            client.create_feed(FeedCreation(organization="a", feed="b"))

        assert len(server.requests) == 1


def test_a_silent_server_is_taken_for_dead() -> None:
    with scripted(None) as server:
        connection = Connection(Server(server.origin, None))
        with pytest.raises(ServerUnreachable):
            list(connection.lines("/api/v1/runs/r/events", {}, silence_seconds=0.2))
        connection.close()


def test_an_answer_of_another_program_is_told_as_such() -> None:
    with (
        scripted(whole(b"<html>Sign in</html>")) as server,
        Client(Server(server.origin, None)) as client,
        pytest.raises(RemoteProblem) as caught,
    ):
        client.show_feed(FEED)

    assert caught.value.code == "unexpected-answer"


def test_a_redirect_is_not_followed_with_our_token() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with (
        scripted(away) as server,
        Client(Server(server.origin, Secret("fgt_x"))) as client,
        pytest.raises(RemoteProblem) as caught,
    ):
        client.show_feed(FEED)

    assert "302" in caught.value.message
