"""Where a standing destination's secret is: what is stored in its place, for a secret itself is never kept."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from feedgate.errors import Invalid

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SETTING: Final = re.compile(r"(?i)FEEDGATE_.*__.*")
_LONGEST_PATH: Final = 4096


class InvalidSecretSource(Invalid):
    """A text that does not say where a secret is."""

    code = "invalid-secret-source"

    def __init__(self, reason: str) -> None:
        # What was written is not repeated: it may be the secret itself.
        super().__init__(
            f"that does not say where a secret is: {reason}",
            next_step="Write env:NAME, file:/ABSOLUTE/PATH or keyring, never the secret itself.",
        )


class SecretPlace(StrEnum):
    """The kinds of places that the worker can read."""

    ENVIRONMENT = "env"
    FILE = "file"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class SecretSource:
    """A place and what is to be found there: a variable's name, a file's absolute path; "" for the keyring.

    ``str()`` gives the text that ``parse_secret_source`` reads.
    """

    place: SecretPlace
    name: str = ""

    def __str__(self) -> str:
        return f"{self.place.value}:{self.name}" if self.name else self.place.value


def parse_secret_source(raw: str) -> SecretSource:
    """Read ``env:NAME``, ``file:PATH`` or ``keyring``; raises InvalidSecretSource.

    A path is absolute, since it is another process that reads it. A variable
    that is one of our own settings belongs to the operator, and is refused.
    """
    place, colon, name = raw.partition(":")
    if raw == SecretPlace.KEYRING:
        return SecretSource(SecretPlace.KEYRING)
    if place == SecretPlace.ENVIRONMENT and colon:
        if not _VARIABLE.fullmatch(name):
            raise InvalidSecretSource("a variable's name has letters, digits and underscores")
        if _SETTING.fullmatch(name):
            raise InvalidSecretSource("that variable is a setting of Feedgate's own")
        return SecretSource(SecretPlace.ENVIRONMENT, name)
    if place == SecretPlace.FILE and colon:
        if not name.startswith("/") or not name.isprintable() or len(name) > _LONGEST_PATH:
            raise InvalidSecretSource("a file's path is absolute, of at most 4096 characters")
        return SecretSource(SecretPlace.FILE, name)
    raise InvalidSecretSource("it is neither env:NAME nor file:PATH nor keyring")
