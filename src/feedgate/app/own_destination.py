"""A command's own destination: where it sends to, with the caller's own credentials.

They are the caller's, so they go into no record and to no server but the one that this
command started: through its standard input, from there through the worker's.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from feedgate.app.stated import SURROUNDINGS, is_setting
from feedgate.errors import Broken, Conflict
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret

FLAG: Final = "--own-destination"
"""Tells a process to read one from its standard input; it says nothing more."""

_CREDENTIAL_VARIABLES: Final = frozenset(
    {"FEEDGATE_DESTINATION_PASSWORD", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "SYSTEM_ACCESSTOKEN"}
)
_NEEDED: Final = frozenset({"HOME", "PATH", "TMPDIR"})
_SHORTEST_TOKEN: Final = 16
"""A shorter password may stand inside a value by chance."""


class OwnDestinationUnreadable(Broken):
    """What came through the standard input is no destination."""

    code = "own-destination-unreadable"

    def __init__(self) -> None:
        super().__init__(
            "the standard input holds no destination",
            next_step=f"{FLAG} is for the server that a command starts; leave it out.",
        )


class OwnDestinationNotTaken(Conflict):
    """A destination with the caller's own credentials, where another server would do the work."""

    code = "own-destination-not-taken"

    def __init__(self, server: str, cure: str) -> None:
        super().__init__(
            f"the caller's own credentials go to no server but one that this command starts; {server} runs already",
            next_step=f"{cure} give the feed a destination of its own: feedgate destination add.",
            facts={"server": server},
        )


@dataclass(frozen=True, slots=True)
class OwnDestination:
    """Where a command sends to, and as whom; a user name may be a token too, so neither is shown."""

    addresses: Addresses
    username: str | None = field(default=None, repr=False)
    password: Secret | None = None

    @property
    def credentials(self) -> tuple[str, Secret] | None:
        """What to send with each request; None where nobody said any."""
        return None if self.password is None else (self.username or "", self.password)

    def to_bytes(self) -> bytes:
        """Return it with its secret, for a pipe and nothing else."""
        body = {
            "upload_url": self.addresses.upload_url,
            "read_url": self.addresses.read_url,
            "username": self.username,
            "password": None if self.password is None else self.password.reveal(),
        }
        return json.dumps(body).encode("ascii")

    @classmethod
    def from_bytes(cls, content: bytes) -> "OwnDestination":
        """Read what ``to_bytes`` made; raises OwnDestinationUnreadable, which quotes nothing of it."""
        try:
            body = json.loads(content)
            addresses = Addresses(_text(body, "upload_url"), _text(body, "read_url"))
            username, password = body["username"], body["password"]
        except (ValueError, KeyError, TypeError):
            raise OwnDestinationUnreadable from None
        if not isinstance(username, str | None) or not isinstance(password, str | None):
            raise OwnDestinationUnreadable
        return cls(addresses, username, None if password is None else Secret(password))


def without_credentials(environment: Mapping[str, str], own: OwnDestination) -> dict[str, str]:
    """Return ``environment`` without the variables that credentials are found in, and without those that hold the password.

    What is left becomes the environment of processes that live on; settings
    and what they cannot do without stay.
    """
    secret = "" if own.password is None else own.password.reveal()
    return {
        name: value
        for name, value in environment.items()
        if name not in _CREDENTIAL_VARIABLES
        and (_is_kept(name) or not secret or not _holds(value, secret, own.username or ""))
    }


def _is_kept(name: str) -> bool:
    return name in _NEEDED or is_setting(name) or name.upper() in SURROUNDINGS


def _holds(value: str, secret: str, username: str) -> bool:
    if len(secret) < _SHORTEST_TOKEN:
        return value == secret
    pairs = (f"{user}:{secret}".encode(errors="surrogateescape") for user in {username, ""})
    forms = {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
    forms |= {base64.b64encode(pair).decode("ascii").rstrip("=") for pair in pairs}
    return any(form in value for form in forms)


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body[name]
    if not isinstance(found, str):
        raise TypeError
    return found
