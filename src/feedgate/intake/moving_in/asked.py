"""What an import is posted with: the index to copy, or a folder's list of files, and what holds for names."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from feedgate.errors import Invalid
from feedgate.model.destination import Addresses
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import parse_filename
from feedgate.model.name_pattern import matches, parse_name_pattern
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.run import RunKind
from feedgate.outside.destination_address import source_addresses
from feedgate.outside.index_place import has_plain_authority


class SourceUnclear(Invalid):
    """An import of no index, or of more than one thing."""

    code = "source-unclear"

    def __init__(self) -> None:
        super().__init__(
            "an import has one source: an index by its address, or for a look beforehand a list of files",
            next_step="Give `source`, or `files` with `dry_run`.",
        )


class SourceNotPlain(Invalid):
    """A source's address with user information, or with what may be some."""

    code = "source-address-not-plain"

    def __init__(self) -> None:
        # Nothing of it is repeated: it may hold a password.
        super().__init__(
            "a source's address has a host and perhaps a port before its path, and nothing else",
            next_step="Say who with --username; the command finds the password as it does for --to.",
        )


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a folder, as the command that lists it saw it."""

    filename: str
    sha256: str


@dataclass(frozen=True)
class AskedImport:
    """An import as it came in, in plain values; never a secret.

    ``source`` is an index's address, None where ``listed`` says what there is. ``internal`` are
    patterns of names that are never asked upstream, ``names`` those to copy, none = all that the source lists.
    """

    kind: RunKind
    source: str | None = None
    listed: tuple[ListedFile, ...] = ()
    internal: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    reason: str | None = None

    def to_text(self) -> str:
        """Return the JSON text that the run's row keeps."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "AskedImport":
        """Read what ``to_text`` wrote."""
        stored: dict[str, Any] = json.loads(text)
        return cls(
            kind=RunKind(stored["kind"]),
            source=stored["source"],
            listed=tuple(ListedFile(**file) for file in stored["listed"]),
            internal=tuple(stored["internal"]),
            names=tuple(stored["names"]),
            reason=stored["reason"],
        )

    @property
    def is_dry(self) -> bool:
        """Whether it only looks."""
        return self.kind is RunKind.IMPORT_PLAN

    @property
    def in_words(self) -> str:
        """What reports call the source."""
        return self.source or "a folder"

    @cached_property
    def addresses(self) -> Addresses:
        """Where the index is; raises SourceUnclear, InvalidDestination."""
        if self.source is None:
            raise SourceUnclear
        return source_addresses(self.source)

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of internal names; raises InvalidNamePattern."""
        return tuple(map(parse_name_pattern, self.internal))

    @cached_property
    def wanted(self) -> tuple[ProjectName, ...]:
        """The names to copy, in order; raises InvalidName."""
        return tuple(sorted(set(map(parse_project_name, self.names))))

    def is_own(self, name: ProjectName) -> bool:
        """Whether a pattern makes the name internal."""
        return any(matches(pattern, name) for pattern in self.patterns)

    def check(self) -> None:
        """Raise the first error there is in it; a listed file that is no distribution is one."""
        if (self.source is None) is not bool(self.listed) or (self.listed and not self.is_dry):
            raise SourceUnclear
        if self.source is not None:
            if not has_plain_authority(self.source):
                raise SourceNotPlain
            _ = self.addresses
        for file in self.listed:
            parse_filename(file.filename)
            parse_digest(file.sha256)
        _ = self.patterns, self.wanted
