"""Who fetched a file: a token where one asked, else the address that the call came from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feedgate.model.digest import Digest


class ClientKind(StrEnum):
    """How a client is known; ``others`` are clients that were too many to be told apart."""

    TOKEN = "token"  # noqa: S105  # a kind's name, no credential
    ADDRESS = "address"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Client:
    """Whoever fetched: ``name`` is the token's id or the address, empty for ``others``."""

    kind: ClientKind
    name: str = ""


OTHERS = Client(ClientKind.OTHERS)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched of one file name, and when for the first and the last time."""

    digest: Digest
    first_at: datetime
    last_at: datetime

    def joined(self, other: "Fetched") -> "Fetched":
        """Return both as one."""
        return Fetched(self.digest, min(self.first_at, other.first_at), max(self.last_at, other.last_at))
