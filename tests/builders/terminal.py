"""A terminal for a command to write to, as wide as a test says."""

import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Terminal:
    """What a program wrote to it stands in ``shown``; ``descriptor`` is what the program is given."""

    descriptor: int
    _parts: list[bytes] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return b"".join(self._parts).decode(errors="replace")


@contextmanager
def terminal(columns: int = 120, lines: int = 40) -> Iterator[Terminal]:
    """Open a terminal for the length of the block; all that was written is there when it ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    opened = Terminal(theirs)
    reader = threading.Thread(target=_read, args=(ours, opened._parts), daemon=True)
    reader.start()
    try:
        yield opened
    finally:
        os.close(theirs)
        reader.join(10)
        os.close(ours)


def _read(descriptor: int, into: list[bytes]) -> None:
    with suppress(OSError):  # Linux says so when the last writer is gone
        while part := os.read(descriptor, 65536):
            into.append(part)
