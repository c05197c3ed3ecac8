"""What is sent to a destination, and what became of it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeAlias

from feedgate.model.destination import Limits
from feedgate.model.digest import Digest
from feedgate.model.names import ProjectName


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One file with what it says of itself; ``open`` yields its ``size_bytes`` bytes, as often as it is called."""

    project: ProjectName
    version: str
    filename: str
    digest: Digest
    size_bytes: int
    metadata: bytes
    open: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Sent:
    """We sent it, and the destination's page lists these bytes."""


@dataclass(frozen=True, slots=True)
class Present:
    """The destination had these bytes under this name already."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The destination has other bytes under this name; nothing there was touched."""

    there: Digest


@dataclass(frozen=True, slots=True)
class Spent:
    """The destination says that the name is used, and does not show it: deleted there, most likely."""

    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The destination does not take it; ``words`` are its own, on one line, ``advice`` is ours."""

    status: int
    words: str
    advice: str


@dataclass(frozen=True, slots=True)
class Exceeds:
    """The file is more than the destination takes; ``limits`` are what was learnt from that."""

    limits: Limits
    words: str


Delivery: TypeAlias = Sent | Present | Conflict | Spent | Refused | Exceeds
