"""A server as a command with a destination of its own starts one, held for as long as a test wants it."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field

from feedgate.app.local import connect_locally
from feedgate.app.own_destination import OwnDestination
from tests.builders.working_server import WorkingServer


@dataclass
class HeldServer(WorkingServer):
    """The server of ``data`` that ends when it is let go; its worker knows ``own``."""

    own: OwnDestination | None = None
    _held: ExitStack = field(default_factory=ExitStack)
    _pid: int = 0

    @property
    def pid(self) -> int:
        return self._pid

    def start(self) -> None:
        """Start it as a command does, and hold it; its worker starts with the first run."""
        environment = {**os.environ, **self.settings}
        connection = self._held.enter_context(connect_locally(self.data, environment, own=self.own))
        self._pid = connection.server.pid

    def stop(self) -> None:
        """Let it go, and return when it has ended."""
        if self._client is not None:
            self._client.close()
            self._client = None
        self._held.close()
        self.wait_until_free()
