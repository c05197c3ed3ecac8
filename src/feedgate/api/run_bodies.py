"""The bodies of ``/api/v1`` about runs: what is asked for, what came of it, and what is told meanwhile."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from feedgate.api.bodies import Body, ErrorBody, ReasonText
from feedgate.api.import_bodies import ImportBody
from feedgate.model.run import RunKind, RunState


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
    internal: Texts = Field([])
    upstream_allow: Texts = Field([])
    accept_existing: Texts = Field([])
    limits: Texts = Field([])


class RunCreation(Body):
    """A request: what to bring in, for which targets (none = the feed's), and where to send it."""

    kind: Literal["add", "plan"] = "add"
    requirements: Annotated[list[str], Field(max_length=1000)] = Field([])
    files: Annotated[list[NamedText], Field(max_length=100)] = Field([])
    targets: Annotated[list[str], Field(max_length=64)] = Field([])
    pre: bool = False
    exclude_newer: str | None = None
    upgrade: bool = False
    upgrade_packages: list[str] = Field([])
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


class RequestBody(Body):
    """What a run was asked for: words, the names of files, and why.

    ``projects`` are the names that words and files ask for, over all targets.
    """

    requirements: list[str]
    files: list[str] = Field([])
    projects: list[str] = Field([])
    reason: str | None = None


class StepSeconds(Body):
    """How long a step took, over its targets the longest."""

    name: str
    seconds: float


class SendBody(Body):
    """A run that takes what was published to a standing destination, and how far it is."""

    run: str
    destination: str
    state: RunState
    reason: str | None = None


class RunBody(Body):
    """A run: its state at any time, its result once it is final.

    ``reason`` is why it stands or ended so; why it was asked for is in ``request``, which only what resolves has.
    With a destination, ``published``, ``already_present``, ``conflicts`` and ``spent`` speak of that. What
    an import came to is summed up in ``imported``; its files are too many for one body.
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
    request: RequestBody | None = None
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
    targets: list[TargetOutcome] = Field([])
    files: list[FileOutcome] = Field([])
    conflicts: list[str] = Field([])
    spent: list[str] = Field([])
    internal: list[str] = Field([])
    internal_because: list[InternalBody] = Field([])
    kept: list[KeptBody] = Field([])
    passed_over: list[PassedOverBody] = Field([])
    imported: ImportBody | None = None
    sends: list[SendBody] = Field([])
    notes: list[str] = Field([])
    escapes: list[str] = Field([])
    steps: list[StepSeconds] = Field([])
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
