"""Bodies of pages, kept as they were sent: rendering ten thousand files anew for each client takes half a second."""

from collections import OrderedDict
from typing import Final

_MOST_BYTES: Final = 32 * 1024 * 1024


class KeptBodies:
    """Bodies by strong ETag; when they grow beyond ``most_bytes`` the least lately used is forgotten.

    For mounts that link alike, and for the event loop's thread alone.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._size_bytes = 0

    def get(self, etag: str) -> bytes | None:
        """Return the body with that ETag, if it is kept."""
        body = self._bodies.get(etag)
        if body is not None:
            self._bodies.move_to_end(etag)
        return body

    def keep(self, etag: str, body: bytes) -> None:
        """Keep the body; one that is larger than all may be together is let be."""
        if etag in self._bodies or len(body) > self._most_bytes:
            return
        self._bodies[etag] = body
        self._size_bytes += len(body)
        while self._size_bytes > self._most_bytes:
            _, forgotten = self._bodies.popitem(last=False)
            self._size_bytes -= len(forgotten)
