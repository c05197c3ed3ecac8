"""The standard streams of a command: what they no longer take is said by errors of ours, not by a stack trace.

Whoever closed a pipe (``| head -1``) wanted no more and is told nothing; what a
full disk did not take is missed by somebody, and said. Standard error carries
progress alone, so what it does not take is let go.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

from feedgate.errors import Full

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READER_GONE: Final = 141
"""The exit status of what SIGPIPE ends, as shells state it."""

_OUT, _ERR = 1, 2


class ReaderGone(Exception):
    """Nobody reads standard output any more."""


class OutputLost(Full):
    """Standard output did not take all that was to be said."""

    code = "output-lost"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"standard output takes no more: {reason}",
            next_step="What was done stays done; to see it, ask again with an output that has room.",
        )


class _Stream(io.FileIO):
    """A standard stream; once it has failed, what still comes goes nowhere."""

    def write(self, content: "ReadableBuffer", /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            _lead_nowhere(self.fileno())
            if self.fileno() == _ERR:
                return memoryview(content).nbytes
            if isinstance(error, BrokenPipeError):
                raise ReaderGone from error
            raise OutputLost(error.strerror or type(error).__name__) from error


def take_streams() -> None:
    """Have standard output and error of this process fail as this file says; those that are closed are opened."""
    for number in range(3):
        _open_if_closed(number)
    sys.stdout = _taken(sys.stdout, _OUT)
    sys.stderr = _taken(sys.stderr, _ERR)


def _taken(stream: TextIO | None, number: int) -> TextIO:
    if stream is not None:
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Stream(number, "w", closefd=False)),
        encoding="utf-8" if stream is None else stream.encoding,
        errors="backslashreplace" if number == _ERR else getattr(stream, "errors", None),
        line_buffering=number == _ERR or os.isatty(number),
    )


def _open_if_closed(number: int) -> None:
    """Put something under ``number``: else the next file that is opened would be taken for the stream."""
    try:
        os.fstat(number)
    except OSError:
        # Output that goes nowhere must not pass for said: the first write to this fails.
        os.open(os.devnull, os.O_RDONLY if number == _OUT else os.O_RDWR)


def _lead_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
