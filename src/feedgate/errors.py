"""The one error tree: a root and eleven kinds.

A kind says how the outside hears of an error: ``web/problems.py`` maps it to a
status, ``cli/exit.py`` to an exit status. Leaves live beside the code that
raises them (``docs/reference/errors.md`` says where each is); each has a
``code`` that never changes and is used once.
"""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

Fact: TypeAlias = str | int | float | bool | list[str] | None


class FeedgateError(Exception):
    """What went wrong, to which thing, with which value, and what to do next."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, next_step: str, facts: Mapping[str, Fact] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.facts: dict[str, Fact] = dict(facts or {})

    def __str__(self) -> str:
        return self.message


class Invalid(FeedgateError):
    """The input itself is wrong; the same again will fail again."""


class Unauthenticated(FeedgateError):
    """No valid credential came with the call."""


class Forbidden(FeedgateError):
    """The actor is known, and may not do this."""


class Missing(FeedgateError):
    """The thing does not exist, or this actor may not know of it."""


class Conflict(FeedgateError):
    """The call contradicts what is there already."""


class TooLarge(FeedgateError):
    """More bytes than the limit that the message names."""


class Held(FeedgateError):
    """Stored, not served, waiting for a person."""


class Refused(FeedgateError):
    """Policy does not let it in."""


class Unavailable(FeedgateError):
    """Something we lean on does not answer now; later may do."""


class Full(FeedgateError):
    """No room left where bytes or rows should go."""


class Broken(FeedgateError):
    """What came from elsewhere is not what it was said to be."""
