"""Where a destination's credentials come from: the places in which the world writes them, in a fixed order.

Nothing is looked up here that was not handed in: what there is to look at are ``Surroundings``.
One pair serves both addresses of a destination, since whoever named both named one
destination. Places that know a host only give theirs where both addresses are of that host.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from feedgate.errors import FeedgateError, Invalid
from feedgate.machine.errors import MachineError
from feedgate.machine.files import read_file
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret
from feedgate.model.secret_source import SecretPlace, SecretSource
from feedgate.outside.destination_address import AZURE_HOST, AZURE_LEGACY_SUFFIX
from feedgate.outside.index_place import place_of, places_of
from feedgate.outside.index_variables import index_variables
from feedgate.outside.keyring_command import KeyringCommand, KeyringSilent
from feedgate.outside.netrc import find_in_netrc
from feedgate.outside.pypirc import Section, usable_sections

PASSWORD_VARIABLE: Final = "FEEDGATE_DESTINATION_PASSWORD"  # noqa: S105  # a variable's name
TOKEN_VARIABLE: Final = "SYSTEM_ACCESSTOKEN"  # noqa: S105  # the same
COLLECTION_VARIABLE: Final = "SYSTEM_COLLECTIONURI"
BUILD: Final = "build"
"""The user that Azure's own tasks write beside a job's token."""
KEYRING_USER: Final = "VssSessionToken"
"""The user under which Azure's keyring backend is asked; it looks at the address only."""

_LARGEST_SECRET_BYTES: Final = 16_384

AskKeyring: TypeAlias = Callable[[str, str | None], tuple[str, Secret] | None]
"""Service and user (None = any) to user and password; may raise KeyringSilent."""


class PasswordMissing(Invalid):
    """A user was named and no password came with it."""

    code = "password-missing"

    def __init__(self) -> None:
        super().__init__(
            "--username says who, and nothing says the password",
            next_step=f"Put it into {PASSWORD_VARIABLE}, or send it on standard input, alone in its line.",
        )


class UsernameMissing(Invalid):
    """A password was given and no user with it, and nothing else was found."""

    code = "username-missing"

    def __init__(self) -> None:
        super().__init__(
            f"{PASSWORD_VARIABLE} is set, and nothing says whose it is",
            next_step="Add --username NAME; Azure takes any name beside a token.",
        )


class UnusableSecret(Invalid):
    """What stands where credentials are expected can not be sent as such."""

    code = "unusable-secret"

    def __init__(self, source: str) -> None:
        super().__init__(
            f"{source}: what stands there can not be sent: it has several lines, is no text, or the user has a colon",
            next_step="Write the password or token there, alone, in one line.",
        )


@dataclass(frozen=True, slots=True)
class Found:
    """User and password, and where they were found, in words that hold neither."""

    username: str = field(repr=False)
    password: Secret
    source: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a secret could not be read, in words."""

    reason: str


def _nothing_given() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is to look at.

    ``read_password`` gives the first line of standard input, None where nothing comes; it is called only
    where a user was named. From ``closed_folders`` no file is read as a secret.
    """

    environment: Mapping[str, str] = field(repr=False)
    home: Path
    ask_keyring: AskKeyring
    read_password: Callable[[], str | None] = _nothing_given
    closed_folders: tuple[Path, ...] = ()

    @classmethod
    def of(
        cls,
        environment: Mapping[str, str],
        *,
        read_password: Callable[[], str | None] = _nothing_given,
        closed_folders: tuple[Path, ...] = (),
    ) -> "Surroundings":
        """Return the real ones of a process with that environment."""
        home = Path(environment.get("HOME") or Path.home())
        return cls(environment, home, KeyringCommand(environment), read_password, closed_folders)


def find_credentials(
    addresses: Addresses,
    surroundings: Surroundings,
    *,
    username: str | None = None,
    section: Section | None = None,
) -> Found | None:
    """Return the credentials of the first place that has some for that destination, None where none has.

    The order: ``username`` (``--username``) with its password, and then nothing else; .pypirc,
    of which a named ``section`` alone counts; PIP_INDEX_URL and PIP_EXTRA_INDEX_URL;
    SYSTEM_ACCESSTOKEN; the keyring; netrc.

    Raises PasswordMissing, UsernameMissing, UnusableSecret, and what is wrong with a file that counts.
    """
    if username is not None:
        return _checked(_of_user(username, addresses, surroundings))
    sections = _sections(addresses, surroundings) if section is None else (section,)
    found = (
        _in_pypirc(sections)
        or _in_index_variables(addresses, surroundings)
        or _job_token(addresses, surroundings)
        or _in_keyring(addresses, surroundings, sections)
        or _in_netrc(addresses, surroundings)
    )
    if found is None:
        if surroundings.environment.get(PASSWORD_VARIABLE):
            raise UsernameMissing
        return None
    return _checked(found)


def read_secret(
    source: SecretSource, surroundings: Surroundings, *, url: str = "", username: str = ""
) -> Secret | Missing:
    """Return a standing destination's secret as it is at this moment, or why there is none; raises nothing.

    The keyring is asked for ``url``, the upload address, and ``username``.
    """
    try:
        match source.place:
            case SecretPlace.ENVIRONMENT:
                return _from_variable(source.name, surroundings)
            case SecretPlace.FILE:
                return _from_file(Path(source.name), surroundings)
            case SecretPlace.KEYRING:
                return _from_keyring(url, username, surroundings)
    except (FeedgateError, MachineError) as error:
        return Missing(error.message)


def _of_user(username: str, addresses: Addresses, surroundings: Surroundings) -> Found:
    password = surroundings.environment.get(PASSWORD_VARIABLE)
    if password:
        return Found(username, Secret(password), f"--username, with {PASSWORD_VARIABLE}")
    line = (surroundings.read_password() or "").rstrip("\r\n")
    if line:
        return Found(username, Secret(line), "--username, with standard input")
    kept = _ask_keyring(addresses, surroundings, (username,))
    if kept is None:
        raise PasswordMissing
    return kept


def _sections(addresses: Addresses, surroundings: Surroundings) -> tuple[Section, ...]:
    places = places_of(addresses)
    return tuple(
        section for section in usable_sections(surroundings) if place_of(section.repository) in places
    )


def _in_pypirc(sections: tuple[Section, ...]) -> Found | None:
    for section in sections:
        if section.password is not None:
            return Found(section.username, section.password, section.source)
    return None


def _in_index_variables(addresses: Addresses, surroundings: Surroundings) -> Found | None:
    places = places_of(addresses)
    for index in index_variables(surroundings.environment):
        if index.place in places:
            return Found(index.username, index.password, index.variable)
    return None


def _job_token(addresses: Addresses, surroundings: Surroundings) -> Found | None:
    token = surroundings.environment.get(TOKEN_VARIABLE, "")
    if not token or token.startswith("$("):  # a pipeline's variable that was not filled in
        return None
    collection = surroundings.environment.get(COLLECTION_VARIABLE, "")
    if all(_is_of_job(url, collection) for url in (addresses.upload_url, addresses.read_url)):
        return Found(BUILD, Secret(token), TOKEN_VARIABLE)
    return None


def _is_of_job(url: str, collection: str) -> bool:
    place, home = place_of(url), place_of(collection)
    if place is None:
        return False
    if home is not None and (place.scheme, place.host, place.port) == (home.scheme, home.host, home.port):
        return True
    return place.scheme == "https" and _is_azure_host(place.host)


def _is_azure_host(host: str) -> bool:
    """Whether it is one of Azure Artifacts' own in the cloud."""
    return host == AZURE_HOST or host.endswith(AZURE_LEGACY_SUFFIX)


def _in_keyring(
    addresses: Addresses, surroundings: Surroundings, sections: tuple[Section, ...]
) -> Found | None:
    host = _shared_host(addresses)
    if host is None:
        return None
    users: list[str | None] = [section.username for section in sections if section.username]
    if not users:
        users = [KEYRING_USER] if _is_azure_host(host) else [None]
    return _ask_keyring(addresses, surroundings, tuple(users))


def _ask_keyring(
    addresses: Addresses, surroundings: Surroundings, users: tuple[str | None, ...]
) -> Found | None:
    """Ask for both addresses, as twine and pip do, and for the host, as pip does; silence is no answer."""
    services = dict.fromkeys(
        (addresses.upload_url, addresses.read_url, urlsplit(addresses.upload_url).netloc)
    )
    try:
        for user in dict.fromkeys(users):
            for service in services:
                kept = surroundings.ask_keyring(service, user)
                if kept is not None:
                    return Found(*kept, "the keyring")
    except KeyringSilent:
        return None
    return None


def _in_netrc(addresses: Addresses, surroundings: Surroundings) -> Found | None:
    host = _shared_host(addresses)
    entry = None if host is None else find_in_netrc(host, surroundings.environment, surroundings.home)
    if entry is None:
        return None
    username, password, path = entry
    return Found(username, password, str(path))


def _shared_host(addresses: Addresses) -> str | None:
    upload, read = place_of(addresses.upload_url), place_of(addresses.read_url)
    return upload.host if upload is not None and read is not None and upload.host == read.host else None


def _checked(found: Found) -> Found:
    if not _is_plain(found.password.reveal()) or not _is_plain(found.username) or ":" in found.username:
        raise UnusableSecret(found.source)
    return found


def _is_plain(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return not any(character < " " or character == "\x7f" for character in text)


def _from_variable(name: str, surroundings: Surroundings) -> Secret | Missing:
    value = surroundings.environment.get(name, "")
    if not value:
        return Missing(f"the variable {name} is not set where the worker runs")
    if not _is_plain(value):
        raise UnusableSecret(f"the variable {name}")
    return Secret(value)


def _from_file(path: Path, surroundings: Surroundings) -> Secret | Missing:
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # a ring of links; which of the two depends on the Python
        return Missing(f"{path} can not be found")
    if any(real.is_relative_to(folder.resolve()) for folder in surroundings.closed_folders):
        return Missing(f"{path} lies where no secret is read from")
    content = read_file(real)
    if content is None:
        return Missing(f"{path} does not exist, or the worker may not enter its folder")
    text = content[: _LARGEST_SECRET_BYTES + 1].decode("utf-8", errors="surrogateescape").rstrip("\r\n")
    if not text:
        return Missing(f"{path} is empty")
    if len(content) > _LARGEST_SECRET_BYTES or not _is_plain(text):
        raise UnusableSecret(str(path))
    return Secret(text)


def _from_keyring(url: str, username: str, surroundings: Surroundings) -> Secret | Missing:
    for service in dict.fromkeys((url, urlsplit(url).netloc)):
        kept = surroundings.ask_keyring(service, username or KEYRING_USER)
        if kept is not None:
            if not _is_plain(kept[1].reveal()):
                raise UnusableSecret("the keyring")
            return kept[1]
    return Missing("the keyring that the worker asks has no password for that address and user")
