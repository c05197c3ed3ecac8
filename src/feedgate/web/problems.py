"""Errors as answers: a kind has one status, and each error is worded three ways.

Under ``/api/`` as problem details (RFC 9457), elsewhere as plain text (uv shows
the body), and everywhere as one line for the HTTP reason phrase (twine shows
that): the header ``x-feedgate-reason``, which ``web/server.py`` takes off again.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedgate.api.bodies import ProblemBody
from feedgate.api.problem import CONTENT_TYPE, plain_problem, to_problem
from feedgate.errors import (
    Broken,
    Conflict,
    FeedgateError,
    Forbidden,
    Full,
    Held,
    Invalid,
    Missing,
    Refused,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from feedgate.machine import addresses
from feedgate.model.canonical import Json
from feedgate.model.redaction import without_secrets

REASON_HEADER: Final = "x-feedgate-reason"
"""One line of ASCII, at most REASON_CHARACTERS, for the HTTP reason phrase."""

REASON_CHARACTERS: Final = 120
CHALLENGE: Final = 'Basic realm="feedgate"'

STATUSES: Final[Mapping[type[FeedgateError], HTTPStatus]] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Missing: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    # Understood, and not done, for a reason that the body gives (RFC 9110, 15.5.4).
    Held: HTTPStatus.FORBIDDEN,
    Refused: HTTPStatus.FORBIDDEN,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Full: HTTPStatus.INSUFFICIENT_STORAGE,
    Broken: HTTPStatus.BAD_GATEWAY,
}

_RETRY_SECONDS: Final = 10
_TEXT: Final = "text/plain; charset=utf-8"
_NO_STORE: Final = "no-store"
_IN_ASCII: Final = str.maketrans({"…": "..."})

_log = logging.getLogger(__name__)


def status_of(error: FeedgateError) -> HTTPStatus:
    """Return the status of the error's kind; 500 for one that has none."""
    for kind, status in STATUSES.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def answer_error(path: str, error: FeedgateError) -> Response:
    """Return the answer that tells of ``error`` to who asked for ``path``."""
    status = status_of(error)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    return answer_problem(path, to_problem(error, status), headers)


def answer_problem(path: str, problem: ProblemBody, headers: Mapping[str, str]) -> Response:
    """Return ``problem`` in the form that who asks for ``path`` can read, without any credential in it."""
    problem = ProblemBody.model_validate(_hidden(problem.model_dump(mode="json")))
    said = problem.error
    described = {REASON_HEADER: reason_phrase(said.message), "Cache-Control": _NO_STORE, **headers}
    if path.startswith(f"{addresses.API}/"):
        return Response(problem.model_dump_json(), problem.status, described, media_type=CONTENT_TYPE)
    return Response(f"{said.message}\nNext: {said.next}\n", problem.status, described, media_type=_TEXT)


def _hidden(value: Json) -> Json:
    """Return the JSON value with stars for what looks like a credential, in each of its texts."""
    match value:
        case str():
            return without_secrets(value)
        case Mapping():
            return {key: _hidden(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_hidden(inner) for inner in value]
        case _:
            return value


def reason_phrase(message: str) -> str:
    """Return ``message`` as one line of printable ASCII, cut at REASON_CHARACTERS."""
    line = " ".join(message.translate(_IN_ASCII).split())
    line = "".join(character if " " <= character <= "~" else "?" for character in line)
    return line if len(line) <= REASON_CHARACTERS else line[: REASON_CHARACTERS - 3].rstrip() + "..."


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Word what the router found: no such address, or an address that knows no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101  # it is registered for nothing else
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(headers.get("Allow", "").split(", ")))
        message = f"{request.method[:20]} is no method of this address"
        return answer_method(request, allowed, message=message, next_step=f"It takes {allowed}.")
    problem = plain_problem(
        error.status_code,
        code="no-such-address",
        message="there is nothing at this address",
        next_step=f"The addresses of the API are listed at {addresses.API_OPENAPI}.",
    )
    return answer_problem(request.scope["path"], problem, headers)


def answer_method(request: Request, allowed: str, *, message: str, next_step: str) -> Response:
    """Return the 405 that names the methods which the address takes."""
    problem = plain_problem(
        HTTPStatus.METHOD_NOT_ALLOWED, code="method-not-allowed", message=message, next_step=next_step
    )
    return answer_problem(request.scope["path"], problem, {"Allow": allowed})


class Problems:
    """The layer in which whatever is raised further in becomes an answer, once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and answer for what comes back up."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def watch(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            _log.debug("the client went away")
        except Exception as error:
            if has_started:
                raise  # the answer is under way: cutting it off is all that can still be said
            await _answer(scope["path"], error)(scope, receive, send)


def _answer(path: str, error: Exception) -> Response:
    if isinstance(error, FeedgateError):
        return answer_error(path, error)
    _log.error("a fault of our own", exc_info=error)
    problem = plain_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal-error",
        message="the server met a fault of its own",
        next_step="Nothing half-done stays. Look into the server's log, and report what you find there.",
    )
    return answer_problem(path, problem, {})
