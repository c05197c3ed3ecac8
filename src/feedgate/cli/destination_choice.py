"""What ``--to`` and the options around it mean: where to send, as whom, and what holds for names there.

Nothing is asked of any server here; files are read, and standard input where it must be.
"""

import getpass
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from feedgate.app.own_destination import OwnDestination
from feedgate.errors import Invalid
from feedgate.model.destination import parse_limits
from feedgate.model.name_pattern import parse_name_pattern
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.model.standing_destination import parse_destination_name
from feedgate.outside.credentials import PASSWORD_VARIABLE, Surroundings, find_credentials
from feedgate.outside.destination_address import derive_addresses
from feedgate.outside.index_place import has_plain_authority
from feedgate.outside.pypirc import Section, find_section, pypirc_path, section_names

if TYPE_CHECKING:
    from feedgate.api.run_bodies import DestinationChoice

_FILE_MARK: Final = "@"


class OptionWithoutDestination(Invalid):
    """An option that says something of a destination, and no destination."""

    code = "option-without-destination"

    def __init__(self, option: str) -> None:
        super().__init__(
            f"{option} is about a destination, and none is named",
            next_step=f"Name it with --to URL|NAME, or leave {option} out.",
        )


class NoPlainAddress(Invalid):
    """An address with user information, or with what may be some."""

    code = "no-plain-address"

    def __init__(self, option: str) -> None:
        # Nothing of it is repeated: it may hold a password.
        super().__init__(
            f"{option}: before its path an address has a host and a port, and nothing else",
            next_step="Say who with --username, and the password with "
            f"{PASSWORD_VARIABLE}; or have .pypirc say both.",
        )


class UnknownDestination(Invalid):
    """A name that no standing destination and no section of .pypirc has."""

    code = "unknown-destination"

    def __init__(
        self, name: str, looked_at: Path, sections: Sequence[str], *, standing: Sequence[str] | None = None
    ) -> None:
        there = f"Sections there: {', '.join(sections)}." if sections else "No section there has an address."
        if standing is None:
            what, others = "is no", "The name of one of a feed's standing destinations needs -f ORG/FEED."
        else:
            what = "is neither a standing destination of the feed nor a"
            others = f"Standing destinations of the feed: {', '.join(standing) or 'none'}."
        super().__init__(
            f"{name[:200]!r} {what} section of {looked_at}",
            next_step=f"{there} {others} An address begins with https://.",
        )


class StandingKnowsItself(Invalid):
    """An option that says of a standing destination what that says itself."""

    code = "standing-destination-option"

    def __init__(self, option: str) -> None:
        super().__init__(
            f"{option}: a standing destination of a feed says that itself",
            next_step=f"Leave {option} out, or change the destination with: feedgate destination add",
        )


class PatternFileUnreadable(Invalid):
    """A file of patterns that can not be read, or that holds none."""

    code = "pattern-file-unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}",
            next_step="Write one pattern a line, for example acme-*; what follows a # is a comment.",
        )


@dataclass(frozen=True, slots=True)
class DestinationOptions:
    """The options of a command as they were written."""

    to: str | None = None
    read_url: str | None = None
    username: str | None = None
    internal: Sequence[str] = ()
    upstream_allow: Sequence[str] = ()
    accept_existing: Sequence[str] = ()
    limits: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SaidThere:
    """What holds for names at a destination, and what it takes at most."""

    internal: tuple[str, ...]
    upstream_allow: tuple[ProjectName, ...]
    accept_existing: tuple[ProjectName, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChosenDestination:
    """What the options mean.

    ``name`` is what ``--to`` says where that is no address. A standing destination of the feed comes first;
    ``own`` is the section of .pypirc by that name, None where there is none, or what the address
    means. ``sections`` are the names that .pypirc has, where the name is none of them.
    ``credentials_from`` says in words where ``own`` has its credentials, None = it has none.
    """

    name: str | None
    own: OwnDestination | None
    credentials_from: str | None
    looked_at: Path
    internal: tuple[str, ...]
    upstream_allow: tuple[ProjectName, ...]
    accept_existing: tuple[ProjectName, ...]
    limits: tuple[str, ...]
    sections: tuple[str, ...] = ()

    def body(
        self, *, is_standing: bool = False, standing: Sequence[str] | None = None
    ) -> "DestinationChoice":
        """Return what the request says: the standing destination's name, else the own addresses.

        ``standing`` are the names of those that a feed has, None where no feed was named. Raises
        UnknownDestination where there is neither.
        """
        from feedgate.api.run_bodies import DestinationChoice  # pydantic, only where a body is made

        if not is_standing and self.own is None:
            raise UnknownDestination(self.name or "", self.looked_at, self.sections, standing=standing)
        addresses = None if is_standing or self.own is None else self.own.addresses
        return DestinationChoice(
            name=self.name if is_standing else None,
            upload_url=None if addresses is None else addresses.upload_url,
            read_url=None if addresses is None else addresses.read_url,
            internal=[*self.internal],
            upstream_allow=[*self.upstream_allow],
            accept_existing=[*self.accept_existing],
            limits=[*self.limits],
        )


def choose_destination(options: DestinationOptions, surroundings: Surroundings) -> ChosenDestination | None:
    """Return what the options mean, None where they name no destination.

    Raises OptionWithoutDestination, NoPlainAddress, PatternFileUnreadable, InvalidNamePattern, InvalidName,
    InvalidLimit, and what ``derive_addresses``, ``find_section`` and ``find_credentials`` raise.
    """
    if options.to is None:
        _require_nothing_else(options)
        return None
    said = read_said(options)
    name, own, source = _destination(options.to, options, surroundings)
    return ChosenDestination(
        name=name,
        own=own,
        credentials_from=source,
        looked_at=pypirc_path(surroundings),
        internal=said.internal,
        upstream_allow=said.upstream_allow,
        accept_existing=said.accept_existing,
        limits=said.limits,
        sections=() if own is not None else section_names(surroundings),
    )


def choose_standing(options: DestinationOptions, surroundings: Surroundings) -> ChosenDestination | None:
    """Return what the options mean where ``--to`` names a standing destination of a feed; None without ``--to``.

    Only the feed's server knows whether there is one. Raises StandingKnowsItself, and as
    ``choose_destination`` what is wrong with the other options.
    """
    if options.to is None:
        _require_nothing_else(options)
        return None
    for option, value in (("--read-url", options.read_url), ("--username", options.username)):
        if value:
            raise StandingKnowsItself(option)
    said = read_said(options)
    return ChosenDestination(
        name=parse_destination_name(options.to),
        own=None,
        credentials_from=None,
        looked_at=pypirc_path(surroundings),
        internal=said.internal,
        upstream_allow=said.upstream_allow,
        accept_existing=said.accept_existing,
        limits=said.limits,
    )


def read_said(options: DestinationOptions) -> SaidThere:
    """Return what the options say of names and limits; files of patterns are read."""
    parse_limits(tuple(options.limits))
    return SaidThere(
        internal=tuple(dict.fromkeys(pattern for raw in options.internal for pattern in _patterns(raw))),
        upstream_allow=tuple(dict.fromkeys(map(parse_project_name, options.upstream_allow))),
        accept_existing=tuple(dict.fromkeys(map(parse_project_name, options.accept_existing))),
        limits=tuple(options.limits),
    )


def read_password() -> str | None:
    """Return the first line of standard input, asked for without an echo at a terminal; None where nothing comes."""
    if sys.stdin is None:
        return None
    try:
        return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    except (EOFError, UnicodeDecodeError):
        return None


def _destination(
    to: str, options: DestinationOptions, surroundings: Surroundings
) -> tuple[str | None, OwnDestination | None, str | None]:
    """Return the name that was said, the own destination, and where its credentials come from."""
    if options.read_url is not None and not has_plain_authority(options.read_url):
        raise NoPlainAddress("--read-url")
    section: Section | None = None
    address = to
    if "://" not in to:
        if "@" in to or ":" in to:
            raise NoPlainAddress("--to")
        section = find_section(to, surroundings)
        if section is None:
            return to, None, None
        address = section.repository
    elif not has_plain_authority(to):
        raise NoPlainAddress("--to")
    addresses = derive_addresses(address, options.read_url)
    found = find_credentials(addresses, surroundings, username=options.username, section=section)
    name = None if section is None else to
    if found is None:
        return name, OwnDestination(addresses), None
    return name, OwnDestination(addresses, found.username, found.password), found.source


def _require_nothing_else(options: DestinationOptions) -> None:
    for option, value in (
        ("--read-url", options.read_url),
        ("--username", options.username),
        ("--internal", options.internal),
        ("--upstream-allow", options.upstream_allow),
        ("--accept-existing", options.accept_existing),
        ("--limit", options.limits),
    ):
        if value:
            raise OptionWithoutDestination(option)


def _patterns(raw: str) -> list[str]:
    """Return what one ``--internal`` says: a pattern, or with ``@``, a slash or a file's name those in a file.

    A file's name is taken for the file: as a pattern it would leave what stands in it to be asked outside.
    """
    if raw.startswith(_FILE_MARK):
        return _patterns_in(Path(raw.removeprefix(_FILE_MARK)))
    if "/" in raw or Path(raw).is_file():
        return _patterns_in(Path(raw))
    return [parse_name_pattern(raw)]


def _patterns_in(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise PatternFileUnreadable(path, error.strerror or "it can not be read") from error
    except ValueError as error:
        raise PatternFileUnreadable(path, "it is no UTF-8 text") from error
    words = [(number, line.partition("#")[0].strip()) for number, line in enumerate(lines, start=1)]
    found = [parse_name_pattern(word, where=f"{path}, line {number}: ") for number, word in words if word]
    if not found:
        raise PatternFileUnreadable(path, "it holds no pattern")
    return found
