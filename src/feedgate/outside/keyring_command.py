"""The ``keyring`` command of the caller's PATH, asked as pip asks it.

The command and not the module: it brings the backends of the environment that it was installed
into, which is rarely ours; nothing strange is imported here; and one that waits
for somebody who is not there can be ended.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from feedgate.errors import Unavailable
from feedgate.model.secret import Secret

PATIENCE_SECONDS: Final = 30.0  # Azure's backend starts a whole .NET runtime


class KeyringSilent(Unavailable):
    """The keyring command did not end in time, most likely since it waits for a person."""

    code = "keyring-silent"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the keyring command did not answer within {seconds:.0f} s",
            next_step="Unlock the keyring first, or say the credentials in another way.",
        )


@dataclass(frozen=True, slots=True)
class KeyringCommand:
    """Asks the command that the PATH of ``environment`` leads to; where there is none it knows nothing."""

    environment: Mapping[str, str] = field(repr=False)
    patience_seconds: float = PATIENCE_SECONDS

    def __call__(self, service: str, username: str | None) -> tuple[str, Secret] | None:
        """Return user and password that are kept for ``service``, an address or a host; None where none are.

        Without ``username`` the command is asked for both, which it can since release 25. Raises KeyringSilent.
        """
        command = shutil.which("keyring", path=self.environment.get("PATH", os.defpath))
        if command is None:
            return None
        if username is None:
            lines = self._said([command, "--mode", "creds", "get", service]).splitlines()
            return (lines[0], Secret(lines[1])) if len(lines) == 2 and lines[1] else None
        password = self._said([command, "get", service, username]).removesuffix("\n")
        return (username, Secret(password)) if password else None

    def _said(self, command: list[str]) -> str:
        """Return its standard output, "" where it failed. What it says else is for a terminal that is not there."""
        try:
            child = subprocess.Popen(
                command,
                env={**self.environment, "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return ""
        with child:
            try:
                said, _ = child.communicate(timeout=self.patience_seconds)
            except subprocess.TimeoutExpired:
                raise KeyringSilent(self.patience_seconds) from None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)  # what it started may hold the pipe
        return said.decode("utf-8", errors="replace") if child.returncode == 0 else ""
