"""An error has one status and three wordings, and tells no secret."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from feedgate import errors
from feedgate.api.bodies import ProblemBody
from feedgate.api.problem import KINDS
from feedgate.errors import FeedgateError, Invalid
from feedgate.machine import addresses
from feedgate.model.access import Role, Scope
from feedgate.model.names import InvalidFeedName, parse_feed_path
from feedgate.web.problems import STATUSES, Problems, answer_error, reason_phrase, status_of
from tests.builders.installation import Installation

TOKEN = "fgt_" + "Zz09-_" * 7 + "x"


def made(kind: type[FeedgateError], message: str = "demo 1.0: no", **facts: str) -> FeedgateError:
    return kind(message, next_step="Do this.", facts=facts)


def test_every_kind_has_one_status() -> None:
    assert set(STATUSES) == set(FeedgateError.__subclasses__()) == set(KINDS.values())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 400),
        (errors.Unauthenticated, 401),
        (errors.Forbidden, 403),
        (errors.Missing, 404),
        (errors.Conflict, 409),
        (errors.TooLarge, 413),
        (errors.Held, 403),
        (errors.Refused, 403),
        (errors.Unavailable, 503),
        (errors.Full, 507),
        (errors.Broken, 502),
        (FeedgateError, 500),
    ],
)
def test_a_kind_has_its_status(kind: type[FeedgateError], status: int) -> None:
    assert status_of(made(kind)) == status


def test_under_the_api_an_error_is_problem_details() -> None:
    answer = answer_error("/api/v1/feeds", made(errors.Refused, name="demo"))

    body = ProblemBody.model_validate_json(bytes(answer.body))
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (body.type, body.title, body.status) == ("urn:feedgate:refused", "Refused", 403)
    assert body.error.model_dump() == {
        "code": "error",
        "message": "demo 1.0: no",
        "next": "Do this.",
        "facts": {"name": "demo"},
    }


@pytest.mark.parametrize("path", ["/acme/_packaging/f/pypi/upload", "/api", "/apiv1/x", "/-/live"])
def test_elsewhere_it_is_text_that_begins_with_the_message(path: str) -> None:
    answer = answer_error(path, made(errors.Conflict, "File already exists: demo"))

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert bytes(answer.body) == b"File already exists: demo\nNext: Do this.\n"


async def test_no_feed_lies_below_the_api_where_its_errors_would_be_problem_details(
    installation: Installation,
) -> None:
    organization = addresses.API.split("/")[1]

    with pytest.raises(InvalidFeedName):
        parse_feed_path(f"{organization}/feed")
    async with installation.local() as client:
        answer = await client.get(addresses.simple_path(organization, "feed"))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("'api/feed' is no feed: 'api' is where the server's own API answers\n")


def test_unauthenticated_challenges_and_unavailable_says_when() -> None:
    assert (
        answer_error("/", made(errors.Unauthenticated)).headers["WWW-Authenticate"]
        == 'Basic realm="feedgate"'
    )
    assert int(answer_error("/", made(errors.Unavailable)).headers["Retry-After"]) > 0


def test_an_error_is_kept_by_no_cache() -> None:
    assert answer_error("/", made(errors.Missing)).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("message", "phrase"),
    [
        ("plain", "plain"),
        ("two\r\nSet-Cookie: x=1\nlines\tand  spaces", "two Set-Cookie: x=1 lines and spaces"),
        ("sha256 abc… is…", "sha256 abc... is..."),
        ("Zoë\x00\x7f☃", "Zo????"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 117 + "..."),
        ("", ""),
    ],
)
def test_the_reason_is_one_line_of_ascii(message: str, phrase: str) -> None:
    assert reason_phrase(message) == phrase


@pytest.mark.parametrize("path", ["/api/v1/feeds", "/acme"])
def test_no_token_is_ever_shown(path: str) -> None:
    error = made(Invalid, f"{TOKEN!r} is no name", given=TOKEN)
    error.next_step = f"Not {TOKEN}."

    answer = answer_error(path, error)

    assert b"fgt_***" in bytes(answer.body)
    assert TOKEN not in bytes(answer.body).decode() + str(answer.headers)


@pytest.mark.parametrize("path", ["/api/v1/feeds", "/acme"])
def test_no_password_of_an_address_is_ever_shown(path: str) -> None:
    address = "https://build:hunter2@index.example/simple/"
    error = made(Invalid, f"{address} does not answer", upstream=address)
    error.next_step = f"Look at {address}."

    answer = answer_error(path, error)

    assert b"https://***@index.example/simple/" in bytes(answer.body)
    assert "hunter2" not in bytes(answer.body).decode() + str(answer.headers)


async def test_a_call_to_nowhere_says_where_the_addresses_stand(installation: Installation) -> None:
    async with installation.client() as client:
        api, elsewhere = await client.get("/api/v1/nothing"), await client.get("/nothing")

    assert api.status_code == elsewhere.status_code == 404
    assert api.json()["error"]["code"] == "no-such-address"
    assert "/api/v1/openapi.json" in elsewhere.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/feeds", "GET, HEAD, POST"),
        ("POST", "/api/v1/feeds/acme/pip-feed", "GET, HEAD, PATCH"),
        ("GET", "/api/v1/runs/r/cancel", "POST"),
        ("TRACE", "/api/v1/tokens", "GET, HEAD, POST"),
        ("OPTIONS", "/-/live", "GET, HEAD"),
        ("GET", "/acme/_packaging/pip-feed/pypi/upload", "POST"),
        ("PUT", "/acme/_packaging/pip-feed/pypi/simple/", "GET, HEAD, POST"),
        ("BREW", "/acme/_packaging/pip-feed/pypi/download/a/1/a-1.tar.gz", "GET, HEAD"),
    ],
)
async def test_a_405_names_every_method_that_the_address_takes(
    installation: Installation, method: str, path: str, allowed: str
) -> None:
    async with installation.local() as client:
        answer = await client.request(method, path)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed


async def test_a_problem_carries_its_reason_for_the_status_line(installation: Installation) -> None:
    async with installation.client(installation.token("ada", Role.READER, scope=Scope.READ)) as client:
        answer = await client.post("/acme/_packaging/pip-feed/pypi/upload")

    assert answer.status_code == 403
    assert answer.headers["x-feedgate-reason"] == (
        "ada has the role reader on acme/pip-feed; distribution:upload needs contributor"
    )


async def _fail(_request: Request) -> Response:
    raise RuntimeError("the password is hunter2")


async def _fail_in_the_middle(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise made(errors.Unavailable)

    return StreamingResponse(body())


async def _read(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


FAULTY = Starlette(
    routes=[
        Route("/api/v1/fail", _fail),
        Route("/fail", _fail),
        Route("/half", _fail_in_the_middle),
        Route("/read", _read, methods=["POST"]),
    ],
    middleware=[Middleware(Problems)],
)


@pytest.mark.parametrize("path", ["/api/v1/fail", "/fail"])
async def test_a_fault_of_ours_is_logged_and_not_shown(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(FAULTY), base_url="http://x.example"
    ) as client:
        answer = await client.get(path)

    assert answer.status_code == 500
    assert "hunter2" not in answer.text + str(answer.headers)
    assert "a fault of its own" in answer.text
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "hunter2" in caplog.text


async def test_what_fails_in_the_middle_is_cut_off_and_never_ends_well() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(FAULTY), base_url="http://x.example"
    ) as client:
        with pytest.raises(errors.Unavailable):
            await client.get("/half")


async def test_a_client_that_goes_away_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    sent = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/read", "headers": [], "query_string": b""}
    await FAULTY(scope, receive, send)

    assert sent == []
    assert not caplog.records
