"""What a call says outside its body: read as it is documented, documented as it is read."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from starlette.requests import Request

from feedgate.access.require import require_actor
from feedgate.errors import Invalid
from feedgate.model.names import FeedPath, InvalidFeedName, parse_feed_path
from feedgate.web.authentication import caller_of

LARGEST: Final = 2**53 - 1
"""The largest whole number that JSON's readers agree on."""

_SHOWN_CHARACTERS: Final = 80
_DIGITS: Final = re.compile(r"[0-9]{1,16}")


class InvalidParameter(Invalid):
    """A query parameter or header that can not be read."""

    code = "invalid-parameter"

    def __init__(self, name: str, raw: str, *, expected: str) -> None:
        super().__init__(
            f"{name}: {raw[:_SHOWN_CHARACTERS]!r} is not {expected}",
            next_step=f"Give {name} as {expected}, or leave it out.",
            facts={"parameter": name},
        )


class Parameter(Protocol):
    """What the OpenAPI document tells of a parameter."""

    @property
    def name(self) -> str:
        """Its name in the query, or the header's."""
        ...

    @property
    def place(self) -> str:
        """Where it stands: ``query`` or ``header``."""
        ...

    @property
    def meaning(self) -> str:
        """What it does, as a sentence."""
        ...

    def schema(self) -> dict[str, object]:
        """Return its JSON Schema."""
        ...


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A number of the query, from ``least`` to ``most``."""

    name: str
    meaning: str
    default: int
    least: int = 0
    most: int = LARGEST
    place: ClassVar[str] = "query"

    def read(self, request: Request) -> int:
        """Return the number that the request gives, or the default; raises InvalidParameter."""
        raw = request.query_params.get(self.name)
        if raw is None:
            return self.default
        if _DIGITS.fullmatch(raw) and self.least <= int(raw) <= self.most:
            return int(raw)
        raise InvalidParameter(self.name, raw, expected=f"a whole number from {self.least} to {self.most}")

    def schema(self) -> dict[str, object]:
        """Return its JSON Schema."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most, "default": self.default}


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false`` in the query; left out = false."""

    name: str
    meaning: str
    place: ClassVar[str] = "query"

    def read(self, request: Request) -> bool:
        """Return what the request gives; raises InvalidParameter."""
        raw = request.query_params.get(self.name, "false")
        if raw not in {"true", "false"}:
            raise InvalidParameter(self.name, raw, expected="true or false")
        return raw == "true"

    def schema(self) -> dict[str, object]:
        """Return its JSON Schema."""
        return {"type": "boolean", "default": False}


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the query or of a header that matches ``pattern`` whole."""

    name: str
    meaning: str
    pattern: str
    expected: str
    place: str = "query"

    def read(self, request: Request) -> str | None:
        """Return the text, None where it is left out; raises InvalidParameter."""
        given = request.headers if self.place == "header" else request.query_params
        raw = given.get(self.name)
        if raw is not None and not re.fullmatch(self.pattern, raw):
            raise InvalidParameter(self.name, raw, expected=self.expected)
        return raw

    def schema(self) -> dict[str, object]:
        """Return its JSON Schema."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}


def feed_path(request: Request, feed: str | None = None) -> FeedPath:
    """Return the feed that the path names, or ``feed`` of its organization.

    Raises InvalidFeedName; to nobody in particular such a feed is like any other
    (CredentialsRequired).
    """
    segments = request.path_params
    try:
        return parse_feed_path(f"{segments['organization']}/{segments['feed'] if feed is None else feed}")
    except InvalidFeedName:
        require_actor(caller_of(request))
        raise
