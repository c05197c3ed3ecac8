"""What ``import-feed`` is told to copy: an index by its address, with the caller's own credentials, or a folder.

Nothing is asked of any server here; files are read, and standard input where it must be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feedgate.app.own_destination import OwnDestination
from feedgate.cli.destination_choice import DestinationOptions, NoPlainAddress, read_said
from feedgate.errors import Invalid
from feedgate.model.destination import Addresses
from feedgate.model.names import InvalidName, ProjectName, parse_project_name
from feedgate.outside.credentials import Surroundings, find_credentials
from feedgate.outside.destination_address import (
    AddressNotDerivable,
    InvalidDestination,
    derive_addresses,
    source_addresses,
)
from feedgate.outside.index_place import has_plain_authority


class SourceNotFound(Invalid):
    """A word that is neither an address nor a folder."""

    code = "source-not-found"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:200]!r} is neither an address nor a folder",
            next_step="Give the index's address, which begins with https:// or http://, or a folder of wheels and sdists.",
        )


class FolderHasNoUser(Invalid):
    """A user name beside a folder."""

    code = "folder-has-no-user"

    def __init__(self) -> None:
        super().__init__(
            "--username is for an index; a folder is read as it lies there", next_step="Leave it out."
        )


class NamesFileUnreadable(Invalid):
    """A file of project names that can not be read, or that holds none, or something else."""

    code = "names-file-unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}",
            next_step="Write one project name a line, for example requests; what follows a # is a comment.",
        )


@dataclass(frozen=True, slots=True)
class ChosenSource:
    """What is to be copied.

    ``folder`` is None for an index, ``own`` for a folder; ``credentials_from`` says in words where ``own`` has
    its credentials, None = it has none. ``names`` are those to copy, none = all; ``internal`` are patterns.
    """

    raw: str
    folder: Path | None
    own: OwnDestination | None
    credentials_from: str | None
    internal: tuple[str, ...]
    names: tuple[ProjectName, ...]

    @property
    def may_share(self) -> bool:
        """Whether a server that runs already may copy it: no credentials have to reach that one."""
        return self.own is None or self.own.credentials is None


def choose_source(
    raw: str,
    surroundings: Surroundings,
    *,
    username: str | None = None,
    internal: Sequence[str] = (),
    names: Path | None = None,
) -> ChosenSource:
    """Return what is to be copied.

    Raises SourceNotFound, NoPlainAddress, FolderHasNoUser, NamesFileUnreadable, InvalidDestination, and what
    ``read_said`` and ``find_credentials`` raise.
    """
    patterns = read_said(DestinationOptions(internal=internal)).internal
    wanted = () if names is None else _names_in(names)
    if "://" not in raw:
        folder = Path(raw)
        if not folder.is_dir():
            raise SourceNotFound(raw) if "@" not in raw else NoPlainAddress("the source")
        if username is not None:
            raise FolderHasNoUser
        return ChosenSource(raw, folder, None, None, patterns, wanted)
    if not has_plain_authority(raw):
        raise NoPlainAddress("the source")
    addresses = source_addresses(raw)
    found = find_credentials(_both(raw, addresses), surroundings, username=username)
    if found is None:
        return ChosenSource(raw, None, OwnDestination(addresses), None, patterns, wanted)
    own = OwnDestination(addresses, found.username, found.password)
    return ChosenSource(raw, None, own, found.source, patterns, wanted)


def _both(raw: str, addresses: Addresses) -> Addresses:
    """Return the addresses under which the world's files may have its credentials: that of uploads too."""
    try:
        return derive_addresses(raw)
    except (AddressNotDerivable, InvalidDestination):
        return addresses


def _names_in(path: Path) -> tuple[ProjectName, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise NamesFileUnreadable(path, error.strerror or "it can not be read") from error
    except ValueError as error:
        raise NamesFileUnreadable(path, "it is no UTF-8 text") from error
    found: dict[ProjectName, None] = {}
    for number, line in enumerate(lines, start=1):
        word = line.partition("#")[0].strip()
        if word:
            try:
                found[parse_project_name(word)] = None
            except InvalidName as error:
                raise NamesFileUnreadable(path, f"line {number}: {error.message}") from error
    if not found:
        raise NamesFileUnreadable(path, "it holds no name")
    return tuple(found)
