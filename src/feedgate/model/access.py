"""Who may do what: actors, roles, scopes, and the table that joins them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feedgate.model.names import FeedPath


class Role(StrEnum):
    """An actor's role on a feed; each includes the smaller ones."""

    READER = "reader"
    COLLABORATOR = "collaborator"
    CONTRIBUTOR = "contributor"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for Reader up to 3 for Owner."""
        return list(Role).index(self)

    def includes(self, other: "Role") -> bool:
        """Whether this role may do all that ``other`` may."""
        return self.rank >= other.rank


class Scope(StrEnum):
    """What a token lets its actor use of its roles; each includes the smaller ones."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"

    @property
    def rank(self) -> int:
        """0 for read up to 2 for manage."""
        return list(Scope).index(self)

    def includes(self, other: "Scope") -> bool:
        """Whether this scope covers ``other``."""
        return self.rank >= other.rank


LOCAL_ADMINISTRATOR = "local"
"""The actor behind the key in a data directory."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and how far the credential reaches.

    ``actor`` is None for a call without credentials. ``feeds`` None means every
    feed the actor has a role on; a token made for some feeds names them.
    """

    actor: str | None
    scope: Scope = Scope.READ
    feeds: frozenset[FeedPath] | None = None
    is_administrator: bool = False
    token_id: str | None = None
    expires_at: datetime | None = None


ANONYMOUS = Caller(actor=None)
