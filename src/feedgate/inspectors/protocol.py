"""What an inspector is, and what the walk through an archive tells it.

Each member is inflated and hashed once, by ``walk.py``, for all inspectors
together. An inspector never learns the file's name: its findings are kept by
the digest alone, and the same bytes may come under two names.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.model.distribution import Kind
from feedgate.model.inspection import Finding


class MemberKind(StrEnum):
    """What a member would become when unpacked; SPECIAL are devices, pipes and sparse files."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Remark:
    """What the archive's form tells of a member, or of itself, that keeps nobody from reading it."""

    code: ArchiveCode
    sentence: str
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, as the archive states it.

    ``name`` is unchecked. ``target`` is where a tar's link points, read from
    the archive's top; None for what is no link, and for links in zips.
    ``remarks`` are the reader's, of the first member also those on the whole.
    """

    name: str
    kind: MemberKind
    size_bytes: int
    target: str | None = None
    remarks: tuple[Remark, ...] = ()


class Look(Protocol):
    """One inspector's view of one file.

    ``member`` comes once for each member; behind that of a FILE follow its
    bytes, chunk by chunk, and then ``end``. What names a wheel's other members
    (``*.dist-info/``) comes first.
    """

    def member(self, member: Member) -> None:
        """Hear that ``member`` is there."""
        ...

    def chunk(self, content: bytes) -> None:
        """Take the next bytes of the member."""
        ...

    def end(self, sha256: bytes) -> None:
        """Hear that the member is whole, and its digest (32 bytes)."""
        ...

    def stop(self, finding: Finding) -> None:
        """Hear that the archive can not be read further, and why; nothing but ``findings`` follows."""
        ...

    def findings(self) -> tuple[Finding, ...]:
        """Say what was found in all that came."""
        ...


class Inspector(Protocol):
    """Makes looks. A new ``version`` makes every file be looked at anew."""

    name: ClassVar[str]
    version: ClassVar[int]

    def open(self, kind: Kind) -> Look:
        """Begin to look at a file of that kind."""
        ...
