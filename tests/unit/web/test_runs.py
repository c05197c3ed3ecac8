"""Runs over the API: posted once a key, and followed until they end."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import Message

from feedgate.api.run_bodies import RunBody, RunLine
from feedgate.intake.kept import Resolved, keep_resolved
from feedgate.model.access import Role, Scope
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.names import FeedPath, parse_project_name
from feedgate.model.resolution import PassedOver, Pin
from feedgate.model.run import RunId, RunState
from feedgate.model.secret import Secret
from feedgate.records import events, runs
from feedgate.records.events import Telling
from feedgate.web.application import make_application
from feedgate.web.authentication import Authentication, Door
from feedgate.web.operation import to_routes
from feedgate.web.runs import Runs
from tests.builders.installation import FEED, LOCAL_KEY, ORIGIN, TARGET, Installation

RUNS = "/api/v1/feeds/acme/pip-feed/runs"


async def post(client: httpx.AsyncClient, key: str | None = "k", **body: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(RUNS, json={"requirements": ["demo"], **body}, headers=headers)


def tell(installation: Installation, run: str, *kinds: str) -> None:
    with installation.records.note() as note:
        tellings = [
            Telling(installation.clock(), "fetch", None, kind, {"files": 1, "bytes": 10}) for kind in kinds
        ]
        events.append(note, RunId(run), tellings)


def finish(installation: Installation, run: str, state: RunState, **said: str) -> None:
    installation.clock.move(timedelta(seconds=2))
    with installation.records.note() as note:
        runs.finish(note, RunId(run), state, installation.clock(), **said)


async def test_a_request_is_accepted_and_wakes_the_worker(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await post(client)

    body = RunBody.model_validate_json(answer.text)
    assert answer.status_code == 202
    assert (body.state, body.feed, body.requester) == (RunState.QUEUED, "acme/pip-feed", "local")
    assert [target.target for target in body.targets] == [str(TARGET)]
    assert (body.closure, body.error, body.seconds) == (None, None, None)
    assert installation.woken == ["worker"]


async def test_the_same_key_answers_with_the_same_run(installation: Installation) -> None:
    async with installation.local() as client:
        first, again = await post(client), await post(client)
        other = await post(client, "another")

    assert first.json() == again.json()
    assert other.json()["run"] != first.json()["run"]


async def test_a_key_used_for_another_request_is_a_conflict(installation: Installation) -> None:
    async with installation.local() as client:
        await post(client)
        answer = await post(client, requirements=["other"])

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency-key-used")


async def test_one_actors_key_is_not_another_ones(installation: Installation) -> None:
    ada = installation.token("ada", Role.COLLABORATOR, scope=Scope.WRITE)
    async with installation.local() as local, installation.client(ada) as client:
        assert (await post(local)).json()["run"] != (await post(client)).json()["run"]


async def test_calls_without_a_key_are_runs_of_their_own(installation: Installation) -> None:
    async with installation.local() as client:
        assert (await post(client, None)).json()["run"] != (await post(client, None)).json()["run"]


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "tab\there"])
async def test_a_key_that_is_none_is_refused(installation: Installation, key: str) -> None:
    async with installation.local() as client:
        answer = await post(client, key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-parameter")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"requirements": []}, "nothing-asked"),
        ({"targets": ["3.11"]}, "invalid-target"),
        ({"exclude_newer": "soon"}, "invalid-moment"),
        ({"requirements": ["demo @ https://evil.example/x.whl"]}, None),
        ({"kind": "remove"}, "invalid-body"),
    ],
)
async def test_a_request_that_can_not_be_is_refused_at_once(
    installation: Installation, body: dict[str, Any], code: str | None
) -> None:
    async with installation.local() as client:
        answer = await post(client, **body)

    assert answer.status_code == 400
    assert code in {None, answer.json()["error"]["code"]}
    assert installation.woken == []


async def test_a_failed_run_says_why_and_what_to_do(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        reason = "demo: the upstream has no project of that name. Next: check the spelling"
        finish(installation, run, RunState.FAILED, code="no-such-project", reason=reason)

        body = RunBody.model_validate_json((await client.get(f"/api/v1/runs/{run}")).text)

    assert body.state is RunState.FAILED
    assert body.error is not None
    assert body.error.code == "no-such-project"
    assert body.error.message == "demo: the upstream has no project of that name"
    assert body.error.next == "check the spelling"
    assert body.seconds == 2.0


async def test_a_run_shows_its_closure_and_what_was_passed_over(installation: Installation) -> None:
    name, digest = parse_project_name("demo"), Digest("a" * 64)
    file = Distribution("demo-1.0-py3-none-any.whl", digest, 1000)
    resolved = Resolved(
        pins=(Pin(name, "1.0", file, internal=True),),
        pythons=("3.11.99",),
        passed_over=(PassedOver(name, "2.0", str(TARGET), "source", "has only source"),),
        internal=(name,),
        kept=(name,),
        escapes=("GET http://elsewhere.example/",),
        brought=(),
    )
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        keep_resolved(installation.records, RunId(run), str(TARGET), resolved)
        body = RunBody.model_validate_json((await client.get(f"/api/v1/runs/{run}")).text)

    assert body.closure is not None
    assert body.closure.model_dump() == {"projects": 1, "distributions": 1, "bytes": 1000}
    assert [(one.name, one.version, one.rule) for one in body.passed_over] == [("demo", "2.0", "source")]
    assert [(one.filename, one.sha256, one.state) for one in body.files] == [(file.filename, digest, "new")]
    assert (body.internal, body.escapes) == (["demo"], ["GET http://elsewhere.example/"])
    assert [(one.name, one.version) for one in body.kept] == [("demo", "1.0")]


async def test_several_targets_reasons_stay_whole(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        reason = "3.11@a: x. Next: y\n3.12@b: z. Next: w"
        finish(installation, run, RunState.FAILED, code="unsolvable", reason=reason)

        error = (await client.get(f"/api/v1/runs/{run}")).json()["error"]

    assert error["message"] == reason
    assert run in error["next"]


async def test_a_key_is_of_one_feed_and_tells_nothing_of_another(installation: Installation) -> None:
    other = installation.make_feed(FeedPath("acme", "other"))
    installation.token("ada", Role.COLLABORATOR)
    here = installation.token("ada", only=(FEED,))
    there = installation.token("ada", Role.COLLABORATOR, feed=other, only=(other,))
    headers = {"Idempotency-Key": "k"}
    async with installation.client(here) as first, installation.client(there) as second:
        one = (await post(first)).json()
        answer = await second.post(
            "/api/v1/feeds/acme/other/runs", json={"requirements": ["demo"]}, headers=headers
        )

    assert answer.status_code == 202
    assert (answer.json()["feed"], one["feed"]) == ("acme/other", "acme/pip-feed")
    assert answer.json()["run"] != one["run"]


@pytest.mark.parametrize("body", [{"kind": "plan"}, {"targets": ["3.12@x86_64-manylinux_2_28"]}])
async def test_a_key_is_of_one_kind_and_of_the_targets_named(
    installation: Installation, body: dict[str, Any]
) -> None:
    async with installation.local() as client:
        await post(client)
        answer = await post(client, **body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency-key-used")


async def test_a_key_of_a_request_is_none_of_its_retry(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        finish(installation, run, RunState.FAILED)
        answer = await client.post(f"/api/v1/runs/{run}/retry", headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency-key-used")


async def test_lists_are_a_line_a_run_the_newest_first(installation: Installation) -> None:
    async with installation.local() as client:
        posted = []
        for key in "abc":
            posted.append((await post(client, key)).json()["run"])
            installation.clock.move(timedelta(seconds=1))
        of_feed = await client.get(RUNS, params={"limit": "2"})
        of_all = await client.get("/api/v1/runs")

    assert of_feed.headers["Content-Type"] == "application/x-ndjson"
    assert [RunLine.model_validate_json(line).run for line in of_feed.text.splitlines()] == posted[:0:-1]
    assert [json.loads(line)["run"] for line in of_all.text.splitlines()] == posted[::-1]


async def test_a_run_of_another_feed_is_404_and_not_in_the_list(installation: Installation) -> None:
    stranger = installation.token("eve")
    async with installation.local() as local, installation.client(stranger) as eve:
        run = (await post(local)).json()["run"]
        for path in ("", "/events"):
            assert (await eve.get(f"/api/v1/runs/{run}{path}")).status_code == 404
        for path in ("/cancel", "/retry"):
            assert (await eve.post(f"/api/v1/runs/{run}{path}")).status_code == 404
        assert (await eve.get("/api/v1/runs")).text == ""


async def test_events_are_lines_and_the_last_is_the_state(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        tell(installation, run, "started", "progress")
        lines = [
            json.loads(line) for line in (await client.get(f"/api/v1/runs/{run}/events")).text.splitlines()
        ]

    assert [line.get("number") for line in lines] == [1, 2, None]
    assert lines[0]["facts"] == {"files": 1, "bytes": 10}
    assert lines[-1] == {"state": "queued"}


async def test_following_goes_on_behind_the_last_event_seen(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        tell(installation, run, "a", "b", "c")
        answer = await client.get(f"/api/v1/runs/{run}/events", params={"after": "2"})

    assert [json.loads(line).get("kind") for line in answer.text.splitlines()] == ["c", None]


async def test_more_events_than_one_question_brings_all_come(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        tell(installation, run, *("progress" for _ in range(1201)))
        answer = await client.get(f"/api/v1/runs/{run}/events")

    numbers = [json.loads(line).get("number") for line in answer.text.splitlines()]
    assert numbers == [*range(1, 1202), None]


async def test_a_follower_is_served_until_the_run_ends(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        following = asyncio.create_task(client.get(f"/api/v1/runs/{run}/events", params={"follow": "true"}))
        await asyncio.sleep(0.15)
        assert not following.done()
        tell(installation, run, "late")
        await asyncio.sleep(0.15)
        finish(installation, run, RunState.PUBLISHED)
        lines = (await following).text.splitlines()

    assert [json.loads(line) for line in lines][-1] == {"state": "published"}
    assert json.loads(lines[0])["kind"] == "late"
    assert installation.woken == ["worker", "worker"]


async def test_followers_end_when_the_server_does(installation: Installation) -> None:
    closing = asyncio.Event()
    installation.parts = replace(installation.parts, is_closing=closing.is_set)
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        following = asyncio.create_task(client.get(f"/api/v1/runs/{run}/events", params={"follow": "true"}))
        await asyncio.sleep(0.15)
        closing.set()

        assert (await asyncio.wait_for(following, 5)).text == ""


async def test_a_follower_that_goes_away_is_followed_no_more(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
    messages: asyncio.Queue[Message] = asyncio.Queue()
    begun = asyncio.Event()

    async def send(message: Message) -> None:
        begun.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1/runs/{run}/events",
        "query_string": b"follow=true",
        "headers": [(b"authorization", f"Bearer {LOCAL_KEY.reveal()}".encode())],
    }
    serving = asyncio.create_task(make_application(installation.parts)(scope, messages.get, send))
    await begun.wait()
    tell(installation, run, "before")
    await messages.put({"type": "http.disconnect"})
    await asyncio.sleep(0.05)
    tell(installation, run, "after")

    await asyncio.wait_for(serving, 5)


async def test_head_of_events_does_not_follow(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        answer = await asyncio.wait_for(
            client.head(f"/api/v1/runs/{run}/events", params={"follow": "true"}), 5
        )

    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_waiting_run_is_cancelled_once_and_an_ended_one_not(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        assert (await client.post(f"/api/v1/runs/{run}/cancel")).status_code == 200
        finish(installation, run, RunState.CANCELLED)
        assert (await client.post(f"/api/v1/runs/{run}/cancel")).json()["state"] == "cancelled"

        over = (await post(client, "other")).json()["run"]
        finish(installation, over, RunState.PUBLISHED)
        answer = await client.post(f"/api/v1/runs/{over}/cancel")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "run-is-over")


async def test_a_retry_is_a_new_run_that_names_the_old_one(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        early = await client.post(f"/api/v1/runs/{run}/retry", headers={"Idempotency-Key": "r"})
        finish(installation, run, RunState.FAILED)
        first, again = [
            await client.post(f"/api/v1/runs/{run}/retry", headers={"Idempotency-Key": "r"}) for _ in range(2)
        ]

    assert (early.status_code, early.json()["error"]["code"]) == (409, "run-goes-on")
    assert (first.status_code, first.json()["retry_of"]) == (202, run)
    assert first.json()["run"] == again.json()["run"] != run


@pytest.mark.parametrize(
    "query", [{"after": "-1"}, {"after": "x"}, {"after": "9" * 17}, {"follow": "yes"}, {"after": "1.5"}]
)
async def test_a_question_that_can_not_be_read_is_refused(
    installation: Installation, query: dict[str, str]
) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        answer = await client.get(f"/api/v1/runs/{run}/events", params=query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid-parameter")


def impatient(installation: Installation, secret: Secret) -> httpx.AsyncClient:
    """Return a client of runs whose followers hear from the server many times a second."""
    parts = installation.parts
    operations = Runs(parts.records, parts.clock, parts.wake, parts.is_closing, heartbeat_seconds=0.05)
    door = Door(parts.records, LOCAL_KEY, parts.attempts, parts.clock, parts.downloads.used)
    application = Starlette(
        routes=to_routes(operations.operations()), middleware=[Middleware(Authentication, door=door)]
    )
    headers = {"Authorization": f"Bearer {secret.reveal()}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=ORIGIN, headers=headers)


@pytest.mark.parametrize("end", ["revoked", "expired", "no-role"])
async def test_following_ends_with_the_right_to_read(installation: Installation, end: str) -> None:
    secret = installation.token("ada", Role.READER, life=timedelta(hours=1))
    async with installation.local() as client:
        run = (await post(client)).json()["run"]
        (token,) = [json.loads(line)["id"] for line in (await client.get("/api/v1/tokens")).text.splitlines()]
        async with impatient(installation, secret) as ada:
            following = asyncio.create_task(ada.get(f"/api/v1/runs/{run}/events", params={"follow": "true"}))
            await asyncio.sleep(0.2)
            assert not following.done()
            if end == "revoked":
                await client.delete(f"/api/v1/tokens/{token}")
            elif end == "expired":
                installation.clock.move(timedelta(hours=2))
            else:
                await client.delete("/api/v1/feeds/acme/pip-feed/grants/ada")
            await asyncio.sleep(0.3)
            tell(installation, run, "secret")
            answer = await asyncio.wait_for(following, 5)

    assert answer.text.strip() == ""


async def test_a_silent_run_still_says_that_the_server_lives(installation: Installation) -> None:
    async with installation.local() as client:
        run = (await post(client)).json()["run"]

    async with impatient(installation, LOCAL_KEY) as client:
        events_path = f"/api/v1/runs/{run}/events"
        following = asyncio.create_task(client.get(events_path, params={"follow": "true"}))
        await asyncio.sleep(0.4)
        finish(installation, run, RunState.CANCELLED)
        lines = (await following).text.splitlines()

    assert lines[0] == ""
    assert [line for line in lines if line] == ['{"state":"cancelled"}']
