"""Names of projects, organizations and feeds, and versions, typed at the door."""

import re
import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

import packaging.utils
import packaging.version
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from feedgate.errors import Invalid

ProjectName: TypeAlias = NormalizedName

_FORBIDDEN = frozenset('@~;{}\\+=<>|/?:&$*"#[]')
_LONGEST_NAME = 64
_NOT_AN_ORGANIZATION = "api"  # below it lie our own addresses, whose errors are not worded for pip
_LONGEST_VERSION = 255


class InvalidName(Invalid):
    """A text that is no project name (PEP 508)."""

    code = "invalid-name"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no project name (PEP 508)",
            next_step="A name has ASCII letters, digits, '.', '-' and '_', and begins and ends with a letter or digit.",
        )


class InvalidFeedName(Invalid):
    """A text that Azure Artifacts' rules for organizations and feeds do not allow."""

    code = "invalid-feed-name"

    def __init__(self, raw: str, reason: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no feed: {reason}",
            next_step="Write ORGANIZATION/FEED, for example acme/pip-feed.",
        )


class InvalidVersionText(Invalid):
    """A text that is no version (PEP 440)."""

    code = "invalid-version"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no version (PEP 440)",
            next_step="Write the version as its file names do, for example 1.4.0 or 2.0rc1.",
        )


def parse_project_name(raw: str) -> ProjectName:
    """Return the normalized form of ``raw`` (PEP 503: lower case, single dashes).

    The only place that makes a ProjectName, so a rule cannot be dodged by
    spelling. Raises InvalidName if ``raw`` is no valid name (PEP 508, ASCII only).
    """
    if not raw.isascii():
        raise InvalidName(raw)
    try:
        return canonicalize_name(raw, validate=True)
    except packaging.utils.InvalidName as error:
        raise InvalidName(raw) from error


def parse_version(raw: str) -> Version:
    """Return the version (PEP 440); raises InvalidVersionText, also for one longer than a file name can be."""
    # Beyond the limit Python itself refuses to read the digits, with a bare ValueError.
    if len(raw) > _LONGEST_VERSION:
        raise InvalidVersionText(raw)
    try:
        return Version(raw)
    except packaging.version.InvalidVersion as error:
        raise InvalidVersionText(raw) from error


@dataclass(frozen=True, slots=True, order=True)
class FeedPath:
    """An organization and a feed by name; compared through ``key`` without regard to case."""

    organization: str
    feed: str

    def __str__(self) -> str:
        return f"{self.organization}/{self.feed}"

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of one feed have in common."""
        return self.organization.casefold(), self.feed.casefold()


def parse_feed_path(raw: str) -> FeedPath:
    r"""Read ``ORGANIZATION/FEED``; raises InvalidFeedName.

    Names follow Azure Artifacts: at most 64 characters, no white space or
    control character, no leading ``_`` or ``.``, no trailing ``.``, none of
    ``@ ~ ; { } \ + = < > | / ? : & $ * " # [ ]``. No organization is called ``api``.
    """
    organization, slash, feed = raw.partition("/")
    if not slash:
        raise InvalidFeedName(raw, "the slash between organization and feed is missing")
    if organization.casefold() == _NOT_AN_ORGANIZATION:
        raise InvalidFeedName(raw, f"{organization!r} is where the server's own API answers")
    return FeedPath(_checked(organization, raw), _checked(feed, raw))


def _checked(name: str, whole: str) -> str:
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidFeedName(whole, f"a name has 1 to {_LONGEST_NAME} characters")
    if name[0] in "_.-" or name[-1] == ".":
        raise InvalidFeedName(whole, "a name begins with a letter or digit and does not end with '.'")
    for character in name:
        if character in _FORBIDDEN or character == "%" or not _is_plain(character):
            raise InvalidFeedName(whole, f"{character!r} may not stand in a name")
    return name


def _is_plain(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ" and not re.match(r"\s", character)
