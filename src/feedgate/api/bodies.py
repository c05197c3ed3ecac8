"""The bodies of ``/api/v1``; ``--json`` prints them unchanged, OpenAPI is made from them.

Times are RFC 3339 in UTC, sizes bytes, digests sha256 in hexadecimal.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from feedgate.model.access import Role, Scope
from feedgate.model.feed import Origin, Uploads, UpstreamRule


class Body(BaseModel):
    """What all bodies have in common: no member that is not named here."""

    # Built at first use: a command needs two or three of them.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


# Clients and terminals show it as it is: no control character, no line break, nothing that turns the text round.
ReasonText: TypeAlias = Annotated[
    str,
    Field(
        max_length=1000,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]*$",
    ),
]


def _without_default(schema: dict[str, Any]) -> None:
    """Leave out of a member's schema what it is when it is left out: that is the server's to say."""
    del schema["default"]


class FeedCreation(Body):
    """A feed to be made; without targets it gets the server's own (``host``)."""

    organization: str
    feed: str
    targets: list[str] = []
    policy: str = "open"
    public: bool = False
    uploads: Uploads = Uploads.INTERNAL


class FeedChange(Body):
    """Settings to change; what is left out stays."""

    public: bool | None = None
    policy: str | None = None
    uploads: Uploads | None = None


class FeedBody(Body):
    """A feed as the caller sees it; ``grants`` only for its Owners.

    ``policy`` is the name, ``policy_document`` the text where it is the feed's own.
    """

    feed: str
    public: bool
    policy: str
    policy_document: str | None = None
    uploads: Uploads
    targets: list[str]
    role: Role
    serial: int
    projects: int
    distributions: int
    size_bytes: int
    grants: dict[str, Role] | None = None
    simple_path: str
    upload_path: str


class TargetBody(Body):
    """A target to add: ``PYTHON@PLATFORM`` or ``host``."""

    target: str


class GrantBody(Body):
    """The role that an actor is given."""

    role: Role


class GrantedBody(Body):
    """An actor's role on a feed after the act; None = none."""

    feed: str
    actor: str
    role: Role | None


class TokenCreation(Body):
    """A token to be made.

    ``expires_in_seconds`` left out = the server's default life, or what is left of
    the asking token's; null = never.
    """

    actor: str | None = None
    feeds: list[str] = []
    scope: Scope = Scope.READ
    expires_in_seconds: Annotated[int, Field(gt=0, le=10 * 366 * 86400)] | None = Field(
        default=None, json_schema_extra=_without_default
    )


class TokenBody(Body):
    """A token without its secret; ``feeds`` null = every feed its actor has a role on."""

    id: str
    actor: str
    scope: Scope
    feeds: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewTokenBody(TokenBody):
    """A token just made; ``token`` is its secret, shown this once.

    ``opens_nothing`` = its actor has no role yet where it reaches, ``without_role`` = those of its feeds where that is so.
    """

    token: str
    opens_nothing: bool = False
    without_role: list[str] = Field([])


class ProjectChange(Body):
    """Whether the upstream may be asked for the name; null = as its origin says."""

    upstream: UpstreamRule | None


class ProjectBody(Body):
    """A project's settings in a feed."""

    project: str
    origin: Origin
    upstream: UpstreamRule | None
    internal: bool


class VersionListing(Body):
    """A version that a feed has; ``yanked`` = every file of it is."""

    version: str
    files: int
    yanked: bool


class ProjectListing(Body):
    """What a feed has of a project: the newest version first.

    ``internal`` = the upstream is never asked for it; ``mixed`` = some of its files are the upstream's, some the feed's own.
    """

    project: str
    origin: Origin
    internal: bool
    mixed: bool = False
    versions: list[VersionListing]


class YankBody(Body):
    """Why a release is yanked; may be empty."""

    reason: ReasonText = ""


class YankedBody(Body):
    """A release after the act; ``reason`` null = not yanked."""

    project: str
    version: str
    reason: str | None
    changed: int


class UploadBody(Body):
    """What became of an upload; ``sends`` are the runs that send it on to the feed's destinations."""

    filename: str
    sha256: str
    project: str
    version: str
    state: Literal["published", "already-present"]
    origin: Origin
    serial: int | None
    note: str | None = None
    sends: list[str] = Field([])


class ErrorBody(Body):
    """What went wrong: a stable code, the sentence, and what to do next."""

    code: str
    message: str
    next: str
    facts: dict[str, object] = {}


class EntryBody(Body):
    """One entry of a ledger."""

    serial: int
    at: datetime
    actor: str
    act: str
    run: str | None
    facts: dict[str, object]
    previous: str
    hash: str


class VerificationBody(Body):
    """What verifying a ledger saw; ``fault`` names the first serial that does not hold."""

    ledger: str
    holds: bool
    entries: int
    serial: int
    hash: str
    fault_serial: int | None = None
    fault: str | None = None


class ProblemBody(Body):
    """An error as problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    error: ErrorBody
