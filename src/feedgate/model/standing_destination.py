"""A feed's standing destination: what is published in the feed is sent there, by whoever it was published."""

import re
from dataclasses import dataclass
from typing import Final

from feedgate.errors import Invalid
from feedgate.model.destination import Addresses
from feedgate.model.secret_source import SecretSource

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


class InvalidDestinationName(Invalid):
    """A text that no standing destination can be called by."""

    code = "invalid-destination-name"

    def __init__(self, raw: str) -> None:
        # An address may hold a password.
        said = "an address" if "://" in raw or "@" in raw else repr(raw[:80])
        super().__init__(
            f"{said} is no name of a standing destination",
            next_step="A name has 1 to 64 letters, digits, '.', '-' and '_', and begins and ends with a letter or digit.",
        )


@dataclass(frozen=True, slots=True)
class StandingDestination:
    """Where it is, where its secret is (None = it is asked without credentials), and what runs say of names there.

    ``internal`` are patterns, ``upstream_allow`` and ``accept_existing`` project names,
    ``limits`` words like ``metadata=2.1``. It never holds a secret.
    """

    name: str
    addresses: Addresses
    username: str | None = None
    secret: SecretSource | None = None
    internal: tuple[str, ...] = ()
    upstream_allow: tuple[str, ...] = ()
    accept_existing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def parse_destination_name(raw: str) -> str:
    """Return the name in lower case; raises InvalidDestinationName."""
    name = raw.lower()
    if not _NAME.fullmatch(name):
        raise InvalidDestinationName(raw)
    return name
