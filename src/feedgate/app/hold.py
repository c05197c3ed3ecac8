"""The response of a server that a command keeps open, spoken with the standard library: nothing heavy is imported here."""

import http.client
import json
from typing import Final
from urllib.parse import urlsplit

from feedgate.app.address import Address
from feedgate.machine.addresses import HOLD

_PROOF_SECONDS: Final = 2.0  # a stranger on a dead server's port may say nothing


class Hold:
    """One open response of a server; while it is open, a server that a command started does not end."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response

    @classmethod
    def on(cls, address: Address) -> "Hold | None":
        """Return a hold on the server of ``address``, or None where nobody there proves to be it."""
        parts = urlsplit(address.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PROOF_SECONDS)
        try:
            connection.request("GET", HOLD, headers={"Authorization": f"Bearer {address.key.reveal()}"})
            response = connection.getresponse()
            if response.status == http.client.OK and _proves(response.readline(4096), address):
                return cls(connection, response)
        except (OSError, http.client.HTTPException, ValueError):
            pass
        connection.close()
        return None

    def close(self) -> None:
        """End the response from this side."""
        self._response.close()
        self._connection.close()


def _proves(first_line: bytes, address: Address) -> bool:
    said = json.loads(first_line)
    return isinstance(said, dict) and said.get("sign") == address.sign
