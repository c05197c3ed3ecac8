"""The bodies of ``/api/v1`` about indexes that move in: what is copied, and what became of each file."""

from typing import Annotated

from pydantic import Field

from feedgate.api.bodies import Body, ReasonText
from feedgate.model.feed import Origin
from feedgate.model.moving_in import FileEnd


class ListedFileBody(Body):
    """A file of a folder that a command reads."""

    filename: str
    sha256: str


class ImportCreation(Body):
    """An index to copy into a feed, by the address of its pages or of its uploads; never with credentials.

    ``internal`` are patterns of names that are never asked upstream, ``names`` the projects to
    copy, none = all that the source lists. ``files`` stand in a source's place for a look beforehand.
    """

    source: str | None = None
    files: Annotated[list[ListedFileBody], Field(max_length=5000)] = Field([])
    internal: Annotated[list[str], Field(max_length=1000)] = Field([])
    names: Annotated[list[str], Field(max_length=100_000)] = Field([])
    dry_run: bool = False
    reason: ReasonText | None = None


class ImportBody(Body):
    """How far an import has come; ``new`` is what one that only looks would take.

    ``unread`` are projects of which nothing could be read; ``internal`` those that are, or become,
    the feed's own, ``mixed`` those among them that hold the upstream's files too.
    """

    source: str
    dry_run: bool
    projects: int = 0
    unread: int = 0
    internal: int = 0
    mixed: int = 0
    files: int = 0
    new: int = 0
    taken: int = 0
    present: int = 0
    held: int = 0
    refused: int = 0
    conflicts: int = 0
    unreadable: int = 0
    size_bytes: int = 0
    """Of what was taken, or would be."""


class ImportedFileBody(Body):
    """A file of a source and what became of it; ``filename`` null = of the whole project nothing could be read."""

    project: str
    filename: str | None
    state: FileEnd
    sha256: str | None = None
    size_bytes: int | None = None
    origin: Origin | None = None
    internal: bool = False
    mixed: bool = False
    reason: str | None = None


class FolderBody(Body):
    """What copying a folder came to, which no run did: the two members of a run's body that tell it."""

    feed: str
    imported: ImportBody
