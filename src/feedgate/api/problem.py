"""An error on its way: made into problem details by the server, read back by the client (RFC 9457).

``type`` says the error's kind, because several kinds share a status and the
command's exit status hangs on the kind.
"""

from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

from feedgate.api.bodies import ErrorBody, ProblemBody
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

CONTENT_TYPE: Final = "application/problem+json"

KINDS: Final[dict[str, type[FeedgateError]]] = {
    "invalid": Invalid,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "missing": Missing,
    "conflict": Conflict,
    "too-large": TooLarge,
    "held": Held,
    "refused": Refused,
    "unavailable": Unavailable,
    "full": Full,
    "broken": Broken,
}
"""The eleven kinds by the name that ``type`` carries."""

_TYPE_PREFIX: Final = "urn:feedgate:"
_NO_TYPE: Final = "about:blank"
_SHOWN_CHARACTERS: Final = 200


class RemoteProblem(Exception):
    """The server answered with an error; it carries what an error of ours carries.

    ``text`` is the body as it came, for ``--json``. ``kind`` is FeedgateError itself
    where the answer told none (a fault of the server, or no server of ours).
    """

    def __init__(self, body: ProblemBody, *, text: str | None = None) -> None:
        super().__init__(body.error.message)
        self.status = body.status
        self.kind = KINDS.get(body.type.removeprefix(_TYPE_PREFIX), FeedgateError)
        self.code = body.error.code
        self.message = body.error.message
        self.next_step = body.error.next
        self.facts = body.error.facts
        self.text = text if text is not None else body.model_dump_json()

    def __str__(self) -> str:
        return self.message


def kind_of(error: FeedgateError) -> str | None:
    """Return the name of the error's kind, None for one that has none."""
    return next((name for name, kind in KINDS.items() if isinstance(error, kind)), None)


def to_problem(error: FeedgateError, status: int) -> ProblemBody:
    """Return the problem details that tell of ``error`` under ``status``."""
    kind = kind_of(error)
    return ProblemBody(
        type=_NO_TYPE if kind is None else _TYPE_PREFIX + kind,
        title=_phrase(status) if kind is None else kind.replace("-", " ").capitalize(),
        status=status,
        detail=f"{error.message}. Next: {error.next_step}",
        error=ErrorBody(
            code=error.code, message=error.message, next=error.next_step, facts=dict(error.facts)
        ),
    )


def from_problem(body: str, status: int) -> RemoteProblem:
    """Return the error that an answer tells of; an answer that is no problem of ours is one too."""
    try:
        return RemoteProblem(ProblemBody.model_validate_json(body, extra="ignore"), text=body)
    except ValidationError:
        return RemoteProblem(_stranger(body, status))


def plain_problem(status: int, *, code: str, message: str, next_step: str) -> ProblemBody:
    """Return the problem details of what is no error of a kind, under the status's own title."""
    return ProblemBody(
        title=_phrase(status),
        status=status,
        detail=f"{message}. Next: {next_step}",
        error=ErrorBody(code=code, message=message, next=next_step),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # proxies have numbers of their own
        return f"Status {status}"


def _stranger(body: str, status: int) -> ProblemBody:
    """Word what somebody else answered in the server's place: a proxy, or another program."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(body.split()))
    said = f": {line[:_SHOWN_CHARACTERS]}" if line and not line.startswith("<") else ""
    return plain_problem(
        status,
        code="unexpected-answer",
        message=f"the server answered {status}, and not as Feedgate does{said}",
        next_step="Check the address (FEEDGATE_URL), and what stands between here and the server.",
    )
