"""What a run of kind ``send`` is posted with: which files of a feed go to which destination."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from feedgate.model.destination import Addresses
from feedgate.model.ledger import Serial


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Files of the feed as it was at ``serial``: the named ones, or with ``filenames`` None all of them.

    It goes to the standing destination ``name``, or to the asking command's own addresses.
    ``accept_existing`` and ``limits`` are as in ``StandingDestination``, and come beside what that says.
    """

    serial: Serial
    filenames: tuple[str, ...] | None = None
    name: str | None = None
    upload_url: str | None = None
    read_url: str | None = None
    accept_existing: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def addresses(self) -> Addresses | None:
        """The command's own addresses, None for a standing destination."""
        if self.upload_url is None or self.read_url is None:
            return None
        return Addresses(self.upload_url, self.read_url)

    @property
    def in_words(self) -> str:
        """What reports call the destination."""
        return self.name or self.read_url or ""

    def to_text(self) -> str:
        """Return the JSON text that the run's row keeps."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "SendRequest":
        """Read what ``to_text`` wrote."""
        stored: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(text).items()
        }
        return cls(**stored)
