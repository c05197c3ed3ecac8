"""The supervisor's children: started from its main thread, seen to end, ended in time.

Each asks the kernel to be killed with its parent (``parentage``), runs with
the parent's Python, and writes to the parent's standard error alone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from feedgate.app.standard_input import pipe_with

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A child that lived so long is started again at once when it ends."""


class Child:
    """One module to run as a process, again and again; at most one process at a time.

    ``told`` is what each of its processes finds on its standard input; None = nothing.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        passed_on: Sequence[int] = (),
        *,
        told: bytes | None = None,
    ) -> None:
        self._command = [
            *(sys.executable, "-P", "-m", module),  # -P: nothing in the current folder is imported
            *("--parent", str(os.getpid())),
            *arguments,
        ]
        self._passed_on = tuple(passed_on)
        self._told = told
        self._running: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self.descriptor: int | None = None
        """Readable once the process has ended (a pidfd); None while none runs."""
        self.due_at: float | None = None
        """When it is to be started again, by the monotonic clock."""

    @property
    def is_running(self) -> bool:
        """Whether a process was started and its end not yet seen."""
        return self._running is not None

    def start(self) -> None:
        """Start the process, unless it runs already."""
        self.due_at = None
        if self._running is not None:
            return
        told = None if self._told is None else pipe_with(self._told)
        try:
            self._running = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL if told is None else told,
                stdout=2,  # the supervisor's own standard output holds one line: the address
                pass_fds=self._passed_on,
                process_group=0,  # Ctrl-C reaches the supervisor alone, which ends its children in order
            )
        finally:
            if told is not None:
                os.close(told)
        self._started_at = time.monotonic()
        self.descriptor = os.pidfd_open(self._running.pid)

    def start_again_later(self) -> float:
        """Have it due after a pause, which doubles each time; return the pause in seconds."""
        lived_seconds = time.monotonic() - self._started_at
        self._pause_seconds = next_pause(self._pause_seconds, lived_seconds)
        self.due_at = time.monotonic() + self._pause_seconds
        return self._pause_seconds

    def reap(self, timeout_seconds: float | None = 0) -> int | None:
        """Return the exit status if the process has ended within the time, else None."""
        if self._running is None:
            return None
        try:
            status = self._running.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        if self.descriptor is not None:
            os.close(self.descriptor)
        self._running, self.descriptor = None, None
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal; one that has ended is let be."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.send_signal(number)

    def end(self, within_seconds: float) -> None:
        """Ask the process to end, kill it when the time is over, and wait until it is gone."""
        self.due_at = None
        self.signal(signal.SIGTERM)
        if self._running is not None and self.reap(within_seconds) is None:
            self.signal(signal.SIGKILL)
            self.reap(None)


def next_pause(last_seconds: float, lived_seconds: float) -> float:
    """Return how long to wait before a child that lived so long is started again."""
    if lived_seconds >= STEADY_SECONDS:
        return FIRST_PAUSE_SECONDS
    return min(last_seconds * 2, LONGEST_PAUSE_SECONDS)
