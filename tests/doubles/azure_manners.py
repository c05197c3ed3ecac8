"""How the stand-in for Azure Artifacts behaves: its switches, and faults that are told for a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Role = Literal["none", "reader", "collaborator", "contributor"]
"""What a password may do: nothing; read; also save from upstream sources; also publish."""

ROLES: tuple[Role, ...] = ("none", "reader", "collaborator", "contributor")


@dataclass
class Manners:
    """What the service does all the time; each may be changed while it serves.

    ``page_delay_seconds`` passes between an upload and its link on the page; ``delay_seconds`` before
    every answer. ``newest_metadata`` and ``size_limit_bytes`` refuse uploads above them. A status says
    how a thing is worded: Azure's is the default. ``external_versions`` is the Owner's "allow externally
    sourced versions", for every package; ``supplies_list`` False takes the REST interface away.
    """

    anonymous_reads: bool = False
    states_digests: bool = True
    redirect_status: int = 303
    takes_ranges: bool = True
    link_seconds: float = 3600.0
    newest_metadata: str | None = None
    size_limit_bytes: int | None = None
    upstream_sources: bool = False
    external_versions: bool = False
    accepted_status: int = 200
    exists_status: int = 409
    deleted_status: int = 409
    size_status: int = 413
    delay_seconds: float = 0.0
    page_delay_seconds: float = 0.0
    supplies_list: bool = True


@dataclass(frozen=True)
class Fails:
    """Answers with that status; ``words`` are the reason phrase and the message, whatever stands in them.

    With ``stores_first`` an upload is kept all the same. ``body`` replaces the JSON of the error.
    """

    status: int
    words: str = "The service is not available."
    retry_after: str | None = None
    stores_first: bool = False
    body: str | None = None
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Cuts:
    """Closes the connection: of an upload without a word, of what is read after ``sent_bytes`` of the body."""

    stores_first: bool = False
    sent_bytes: int | None = None


@dataclass(frozen=True)
class Redirects:
    """Answers with another address, an absolute one or a path; an upload is not kept."""

    to: str
    status: int = 302
    stores_first: ClassVar[bool] = False


@dataclass(frozen=True)
class Waits:
    """Waits, and then answers as it should; ``keeps_lost`` says whether it keeps an upload whose sender has gone."""

    seconds: float
    keeps_lost: bool = True
    stores_first: ClassVar[bool] = True


Fault = Fails | Cuts | Redirects | Waits


@dataclass
class Armed:
    fault: Fault
    left: int | None


@dataclass
class Faults:
    """Faults by target: ``page``, ``root``, ``upload``, ``download``, ``storage``, ``rest``, or one of them of one thing.

    ``page:demo``, ``upload:demo`` and ``upload:demo-1.0-py3-none-any.whl``, ``download:FILE``,
    ``storage:FILE``. Faults of one target come one after the other.
    """

    armed: dict[str, list[Armed]] = field(default_factory=dict)

    def arm(self, target: str, fault: Fault, times: int | None) -> None:
        self.armed.setdefault(target, []).append(Armed(fault, times))

    def due(self, kind: str, *things: str) -> Fault | None:
        """Return the fault that this request meets, which is then one less."""
        for target in (*(f"{kind}:{thing}" for thing in things), kind):
            for armed in self.armed.get(target, []):
                if armed.left == 0:
                    continue
                if armed.left is not None:
                    armed.left -= 1
                return armed.fault
        return None


def fault_of(stated: Mapping[str, Any]) -> Fault:
    """Read ``{"fails": {…}}``, ``{"cuts": {…}}``, ``{"redirects": {…}}`` or ``{"waits": {…}}``."""
    for name, kind in (("fails", Fails), ("cuts", Cuts), ("redirects", Redirects), ("waits", Waits)):
        if name in stated:
            made: Fault = kind(**stated[name])
            return made
    message = f"no fault in {stated}"
    raise ValueError(message)
