"""What a process is told through its standard input: it stands in no argument list, no environment and no file.

The whole is written into the pipe before the child exists, and the kernel keeps it. So whoever
hands over never waits, and hears nothing of a child that dies before it has read.
"""

import os
from typing import Final

from feedgate.errors import TooLarge

_PIECE_BYTES: Final = 65_536


class TooMuchToHandOver(TooLarge):
    """More than a pipe of this machine holds at once."""

    code = "too-much-to-hand-over"

    def __init__(self, size_bytes: int, room_bytes: int) -> None:
        super().__init__(
            f"the destination's addresses and credentials have {size_bytes} bytes, a pipe here holds {room_bytes}",
            next_step="Use a shorter token; in /proc/sys/fs, pipe-user-pages-soft says how much a user's pipes may hold.",
            facts={"size_bytes": size_bytes, "limit_bytes": room_bytes},
        )


def pipe_with(content: bytes) -> int:
    """Return the read end of a pipe that holds ``content`` and then ends; raises TooMuchToHandOver.

    No child inherits it unless it is made one's standard input. Whoever calls closes it.
    """
    come, go = os.pipe2(os.O_CLOEXEC)
    try:
        os.set_blocking(go, False)
        written = _written(go, content)
    except BaseException:
        os.close(come)
        raise
    finally:
        os.close(go)
    if written < len(content):
        os.close(come)
        raise TooMuchToHandOver(len(content), written)
    return come


def take_standard_input() -> bytes:
    """Read the standard input to its end, and put nothing in its place: no child of this process gets it."""
    pieces = []
    while piece := os.read(0, _PIECE_BYTES):
        pieces.append(piece)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.close(null)
    return b"".join(pieces)


def _written(descriptor: int, content: bytes) -> int:
    try:
        return os.write(descriptor, content)
    except BlockingIOError:  # so little room that not even the first piece goes in
        return 0
