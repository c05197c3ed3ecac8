"""One call to a server and its answer: what the client's operations are made of.

Every answer comes parsed and as the text that came, so that ``--json`` prints it unchanged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from pydantic import ValidationError

from feedgate.api.bodies import Body
from feedgate.api.connection import Connection, Sending, Server
from feedgate.api.problem import from_problem
from feedgate.machine import addresses
from feedgate.model.names import FeedPath

BodyT = TypeVar("BodyT", bound=Body)
ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True, slots=True)
class Reply(Generic[ReplyT]):
    """An answer: what it says, and its text as it came."""

    body: ReplyT
    text: str


class Calls:
    """A connection to one server; each call raises RemoteProblem for its errors, ServerUnreachable where none answers.

    ``find_again`` is asked for the server when it is gone; without it, only who
    follows a run waits for its return.
    """

    def __init__(self, server: Server, *, find_again: Callable[[], Server] | None = None) -> None:
        self.connection = Connection(server, find_again=find_again)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.connection.close()

    @property
    def server(self) -> Server:
        """The server that is asked now."""
        return self.connection.server

    def one(
        self, model: type[BodyT], method: str, path: str, body: Body | None = None, *, key: str | None = None
    ) -> Reply[BodyT]:
        """Ask for one object; ``key`` is the call's idempotency key."""
        content = None if body is None else body.model_dump_json(exclude_unset=True)
        return reply_of(model, self.connection.ask(Sending(method, path, {}, content=content, key=key)))

    def lines(self, model: type[BodyT], path: str, **params: str | int) -> Reply[tuple[BodyT, ...]]:
        """Ask for objects, one a line."""
        text = self.connection.ask(Sending("GET", path, params))
        return Reply(tuple(parse(model, line) for line in text.splitlines() if line), text)


def of(feed: FeedPath, route: str, **segments: str) -> str:
    """Return a path of the feed's."""
    return addresses.fill(route, organization=feed.organization, feed=feed.feed, **segments)


def reply_of(model: type[BodyT], text: str) -> Reply[BodyT]:
    """Return the answer with its text."""
    return Reply(parse(model, text), text)


def parse(model: type[BodyT], text: str) -> BodyT:
    """Read what the server said; members that a newer one has more are left out."""
    try:
        return model.model_validate_json(text, extra="ignore")
    except ValidationError:
        raise from_problem(text, 200) from None
