"""The door for JSON: what comes in is a typed body, or an error that names the member."""

from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from feedgate.api.bodies import Body
from feedgate.errors import Invalid, TooLarge

LONGEST_BODY_BYTES: Final = 8 * 1024 * 1024

_JSON: Final = "application/json"
_SHOWN_CHARACTERS: Final = 80
_SHOWN_ERRORS: Final = 5

BodyT = TypeVar("BodyT", bound=Body)


class InvalidBody(Invalid):
    """A body that is not the JSON which the operation takes."""

    code = "invalid-body"

    def __init__(self, reason: str, *, members: list[str] | None = None) -> None:
        super().__init__(
            f"the request's body can not be used: {reason}",
            next_step="Send JSON as the OpenAPI document describes it.",
            facts={"members": members} if members else None,
        )


class BodyTooLarge(TooLarge):
    """A JSON body above the limit."""

    code = "body-too-large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"the request's body has more than {limit_bytes} bytes",
            next_step="Send fewer or shorter files with one request.",
            facts={"limit": limit_bytes},
        )


async def read_body(request: Request, model: type[BodyT]) -> BodyT:
    """Return the request's body as ``model``; raises InvalidBody, BodyTooLarge."""
    content_type = request.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != _JSON:
        raise InvalidBody(_other_type(content_type))
    try:
        return model.model_validate_json(await _read(request), strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        reasons = "; ".join(_reason(one) for one in found[:_SHOWN_ERRORS])
        raise InvalidBody(reasons, members=[_member(one) for one in found[:_SHOWN_ERRORS]]) from error


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY_BYTES:
            raise BodyTooLarge(LONGEST_BODY_BYTES)
    return bytes(body)


def _other_type(content_type: str) -> str:
    return f"its Content-Type is {_shown(content_type)}, not {_JSON}"


def _member(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"])


def _reason(error: ErrorDetails) -> str:
    member = _member(error)
    expected = error["msg"][:1].lower() + error["msg"][1:]
    if error["type"] == "missing":
        return f"{member} is missing"
    if error["type"] == "extra_forbidden":
        return f"{member} is no member of it"
    if error["type"] == "json_invalid":
        return expected
    return f"{member or 'the whole'}: {expected}, not {_shown(error['input'])}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
