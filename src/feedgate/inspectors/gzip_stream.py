"""Gzipped bytes, inflated from front to back, with an end to them (RFC 1952).

One stream and nothing behind it: of several in a row some readers take the first alone.
"""

import io
import zlib
from typing import BinaryIO, Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.limits import CHUNK_BYTES, Limits
from feedgate.inspectors.stop import Stop

_GZIP: Final = zlib.MAX_WBITS | 16


class GzipStream(io.RawIOBase):
    """Inflated bytes, of which there may be no more than the ratio allows; raises Stop.

    ``last_read`` is what the latest ``read`` returned.
    """

    def __init__(self, file: BinaryIO, packed_bytes: int, limits: Limits) -> None:
        self._file = file
        self._packed_bytes = packed_bytes
        self._limits = limits
        self._inflating = zlib.decompressobj(_GZIP)
        self._packed = b""
        self._ready = bytearray()
        self._at = 0
        self.last_read = b""

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, fewer at the end; a header may ask for any number of them."""
        left_bytes = self._limits.most_inflated_bytes(self._packed_bytes) - self._at
        wanted = left_bytes + 1 if size < 0 else min(size, left_bytes + 1)
        while len(self._ready) < wanted and (chunk := self._next()):
            self._ready += chunk
        found = bytes(self._ready[:wanted])
        del self._ready[:wanted]
        self._at += len(found)
        self._limits.check_inflated(self._at, self._packed_bytes)
        self.last_read = found
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on to ``offset``; what is passed over is inflated all the same."""
        self._limits.check_inflated(offset, self._packed_bytes)
        while self._at < offset and self.read(min(offset - self._at, CHUNK_BYTES)):
            pass
        return self._at

    def tell(self) -> int:
        """Return how much was inflated so far."""
        return self._at

    def _next(self) -> bytes:
        while not self._inflating.eof:
            if not self._packed:
                self._packed = self._file.read(CHUNK_BYTES)
                if not self._packed:
                    raise EOFError("it is cut off")
            chunk = self._inflating.decompress(self._packed, CHUNK_BYTES)
            self._packed = self._inflating.unconsumed_tail
            if chunk:
                return chunk
        self._check_end()
        return b""

    def _check_end(self) -> None:
        rest = self._inflating.unused_data or self._file.read(CHUNK_BYTES)
        while rest:
            if rest.strip(b"\0"):
                raise Stop(ArchiveCode.FOREIGN_BYTES, "other bytes stand behind the end of its gzip stream")
            rest = self._file.read(CHUNK_BYTES)
