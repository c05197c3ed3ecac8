"""The bodies of ``/api/v1``; ``--json`` prints them unchanged, OpenAPI is made from them.

Times are RFC 3339 in UTC, sizes bytes, digests sha256 in hexadecimal.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from feedgate.model.access import Role, Scope
from feedgate.model.feed import Origin, Uploads, UpstreamRule
from feedgate.model.run import RunKind, RunState


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
    """A feed as the caller sees it; ``grants`` only for its Owners."""

    feed: str
    public: bool
    policy: str
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
    """A token just made; ``token`` is its secret, shown this once."""

    token: str


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
    """What a feed has of a project: the newest version first. ``internal`` = the upstream is never asked for it."""

    project: str
    origin: Origin
    internal: bool
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
    """What became of an upload."""

    filename: str
    sha256: str
    project: str
    version: str
    state: Literal["published", "already-present"]
    origin: Origin
    serial: int | None
    note: str | None = None


class NamedText(Body):
    """A file that the caller read: its name as said in errors, its kind and its text."""

    name: str
    kind: Literal["requirements", "constraints", "lock"]
    text: str


Texts: TypeAlias = Annotated[list[str], Field(max_length=1000)]


class DestinationChoice(Body):
    """Where a closure is sent: a standing destination by its name, or the asking command's own addresses.

    Credentials are never part of it. ``internal`` are patterns of names that are not asked upstream,
    ``limits`` are words like ``metadata=2.1`` and ``size=500MB``.
    """

    name: str | None = None
    upload_url: str | None = None
    read_url: str | None = None
    internal: Texts = []
    upstream_allow: Texts = []
    accept_existing: Texts = []
    limits: Texts = []


class RunCreation(Body):
    """A request: what to bring in, for which targets (none = the feed's), and where to send it."""

    kind: Literal["add", "plan"] = "add"
    requirements: Annotated[list[str], Field(max_length=1000)] = []
    files: Annotated[list[NamedText], Field(max_length=100)] = []
    targets: Annotated[list[str], Field(max_length=64)] = []
    pre: bool = False
    exclude_newer: str | None = None
    upgrade: bool = False
    upgrade_packages: list[str] = []
    reason: ReasonText | None = None
    destination: DestinationChoice | None = None


class ClosureBody(Body):
    """How much the closure is, over all targets."""

    projects: int
    distributions: int
    bytes: int


class TargetOutcome(Body):
    """One target's end; ``reason`` says why not, or where the promise begins."""

    target: str
    proved: bool
    reason: str | None = None


class FileOutcome(Body):
    """One file of the closure and what became of it."""

    filename: str
    sha256: str | None
    size_bytes: int | None = None
    state: Literal[
        "new", "present", "fetched", "published", "held", "refused", "conflict", "spent", "kept-back"
    ]
    reason: str | None = None


class PassedOverBody(Body):
    """A newer version that was not taken, and by which rule."""

    name: str
    version: str
    target: str
    rule: str
    reason: str


class KeptBody(Body):
    """A name that was not asked for, kept at the version that the feed has."""

    name: str
    version: str


class InternalBody(Body):
    """A name that the destination alone answers for, and why."""

    name: str
    because: str


class StepSeconds(Body):
    """How long a step took, over its targets the longest."""

    name: str
    seconds: float


class ErrorBody(Body):
    """What went wrong: a stable code, the sentence, and what to do next."""

    code: str
    message: str
    next: str
    facts: dict[str, object] = {}


class RunBody(Body):
    """A run: its state at any time, its result once it is final.

    With a destination, ``published``, ``already_present``, ``conflicts`` and ``spent`` speak of that.
    """

    run: str
    kind: RunKind
    state: RunState
    feed: str
    destination: str | None = None
    requester: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    retry_of: str | None = None
    reason: str | None = None
    error: ErrorBody | None = None
    serial: int | None = None
    closure: ClosureBody | None = None
    published: int = 0
    already_present: int = 0
    fetched: int = 0
    built: int = 0
    held: int = 0
    refused: int = 0
    targets: list[TargetOutcome] = []
    files: list[FileOutcome] = []
    conflicts: list[str] = []
    spent: list[str] = []
    internal: list[str] = []
    internal_because: list[InternalBody] = []
    kept: list[KeptBody] = []
    passed_over: list[PassedOverBody] = []
    notes: list[str] = []
    escapes: list[str] = []
    steps: list[StepSeconds] = []
    seconds: float | None = None


class RunLine(Body):
    """A run in a list."""

    run: str
    kind: RunKind
    state: RunState
    feed: str
    destination: str | None = None
    requester: str
    created_at: datetime
    finished_at: datetime | None
    reason: str | None = None


class EventBody(Body):
    """One event of a run; ``number`` counts from 1, following goes on behind the last one seen."""

    number: int
    at: datetime
    step: str
    target: str | None
    kind: str
    facts: dict[str, object]


class RunEndBody(Body):
    """The last line of a run's events: where the run stood when they ended."""

    state: RunState


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
