"""Actors come into being when a grant or a token first names them."""

from datetime import datetime

from feedgate.errors import Invalid
from feedgate.model.access import LOCAL_ADMINISTRATOR
from feedgate.model.ledger import Act
from feedgate.records import actors
from feedgate.records.database import Database, View

_LONGEST = 200
_FORBIDDEN = frozenset(" :/")  # Basic ends a user name at the colon, a path a segment at the slash


class InvalidActor(Invalid):
    """A text that can name no actor."""

    code = "invalid-actor"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} can name no actor",
            next_step="Use 1 to 200 printable characters without spaces, colons and slashes, such as ci-upload.",
        )


def parse_actor(raw: str) -> str:
    """Return ``raw`` if it can name an actor; raises InvalidActor."""
    if not raw or len(raw) > _LONGEST or not raw.isprintable() or not _FORBIDDEN.isdisjoint(raw):
        raise InvalidActor(raw)
    return raw


def administers(view: View, name: str) -> bool:
    """Whether the actor administers the installation; whoever holds the data directory's key does."""
    return name == LOCAL_ADMINISTRATOR or actors.is_administrator(view, name)


def ensure_actor(
    records: Database, name: str, *, by: str, now: datetime, is_administrator: bool = False
) -> None:
    """Make the actor known; one that is known stays as it is."""
    parse_actor(name)
    is_administrator = is_administrator or name == LOCAL_ADMINISTRATOR
    with records.change(None, Act.ACTOR_CREATED, by, now) as change:
        if not actors.exists(change, name):
            actors.create(change, name, is_administrator=is_administrator)
            change.record({"actor": name, "administrator": is_administrator})
