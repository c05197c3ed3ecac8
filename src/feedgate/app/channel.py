"""What a web process tells its supervisor, through a pipe: one word a line; and what that tells the worker."""

import os
import signal
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

LOOK: Final = signal.SIGUSR1
"""Tells the worker that there is something new in the run table."""


class Word(StrEnum):
    """What there is to tell."""

    ANSWERING = "answering"
    WORKER_WANTED = "worker-wanted"
    CLOSING = "closing"


def tell(descriptor: int, word: Word) -> None:
    """Write a word; so short a line arrives whole, and a full pipe is never waited for long."""
    os.write(descriptor, f"{word.value}\n".encode("ascii"))


class Words:
    """Reads words as they come from a descriptor that does not block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def read(self) -> Iterator[Word]:
        """Return the words that have come whole; empty at the end of the pipe too."""
        try:
            self._rest += os.read(self._descriptor, 4096)
        except BlockingIOError:
            return
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            yield Word(line.decode("ascii"))
