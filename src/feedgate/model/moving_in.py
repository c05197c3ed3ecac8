"""What becomes of another index's files when all of them are copied into a feed, project by project."""

from dataclasses import dataclass
from enum import StrEnum

from feedgate.model.digest import Digest
from feedgate.model.feed import Origin
from feedgate.model.names import ProjectName


class FileEnd(StrEnum):
    """How it ended for one file.

    NEW is a look beforehand's word for what would be taken. UNREADABLE is what could not be had: a
    name that is none, or bytes that the source does not give. CONFLICT has other bytes in the feed.
    """

    NEW = "new"
    TAKEN = "taken"
    PRESENT = "present"
    HELD = "held"
    REFUSED = "refused"
    CONFLICT = "conflict"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class MovedFile:
    """One file and its end; ``origin`` is None where nobody came to ask, ``reason`` where all is well."""

    filename: str
    end: FileEnd
    digest: Digest | None = None
    size_bytes: int | None = None
    origin: Origin | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MovedProject:
    """A project of the source, gone through to its end.

    ``is_mixed`` = some of its files are the upstream's and some are not. ``reason`` says
    why nothing could be read of it, None where its page was read.
    """

    name: ProjectName
    is_internal: bool = False
    is_mixed: bool = False
    reason: str | None = None
    files: tuple[MovedFile, ...] = ()
