"""A feed as it stands: who may read it, for which targets, how uploads are taken."""

from dataclasses import dataclass
from enum import StrEnum

from feedgate.model.names import FeedPath
from feedgate.model.target import Target


class Uploads(StrEnum):
    """What a first upload of a name makes of it.

    INTERNAL: the name belongs to the feed, and no upstream is ever asked for it.
    LOOK_UP: the upstream is asked whether it lists the file; if so the name is imported.
    """

    INTERNAL = "internal"
    LOOK_UP = "look-up"


class Origin(StrEnum):
    """Where a project's releases come from."""

    IMPORTED = "imported"
    INTERNAL = "internal"


class UpstreamRule(StrEnum):
    """A person's word on a name, over what its origin says."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Feed:
    """The open rows of a feed."""

    path: FeedPath
    is_public: bool
    policy: str
    uploads: Uploads
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class FeedProject:
    """A project of a feed: its origin, and a person's word on its upstream if there is one."""

    name: str
    origin: Origin
    upstream: UpstreamRule | None = None
    status: str = "active"
    status_reason: str | None = None

    @property
    def is_internal(self) -> bool:
        """Whether the name is answered by the feed alone and never asked upstream."""
        if self.upstream is not None:
            return self.upstream is UpstreamRule.DENY
        return self.origin is Origin.INTERNAL
