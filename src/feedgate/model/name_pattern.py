"""Patterns of project names, as a shell has them: ``acme-*`` stands for all names that begin so."""

import re
from fnmatch import fnmatchcase
from typing import Final

from feedgate.errors import Invalid
from feedgate.model.names import ProjectName

_LONGEST: Final = 255
_SEPARATORS: Final = re.compile(r"[-_.]+")
_PIECES: Final = re.compile(r"(?:[a-z0-9*?-]|\[!?[a-z0-9-]+\])+")


class InvalidNamePattern(Invalid):
    """A text that is no pattern of project names."""

    code = "invalid-name-pattern"

    def __init__(self, raw: str, *, where: str = "") -> None:
        super().__init__(
            f"{where}{raw[:80]!r} is no pattern of project names",
            next_step="Write names with * for any letters, ? for one and [abc] for one of these, for example acme-*.",
        )


def parse_name_pattern(raw: str, *, where: str = "") -> str:
    """Return the pattern in the form of the names that it is compared with: lower case, single dashes (PEP 503).

    Else ``Acme_*`` would match nothing, and internal names would be asked for outside.
    ``where`` stands before the error's message. Raises InvalidNamePattern.
    """
    if not raw.isascii() or len(raw) > _LONGEST:
        raise InvalidNamePattern(raw, where=where)
    pattern = _SEPARATORS.sub("-", raw.strip().lower())
    if not _PIECES.fullmatch(pattern):
        raise InvalidNamePattern(raw, where=where)
    return pattern


def matches(pattern: str, name: ProjectName) -> bool:
    """Whether a pattern that was parsed stands for that name."""
    return fnmatchcase(name, pattern)
