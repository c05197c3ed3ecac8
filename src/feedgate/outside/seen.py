"""What an answer tells of a file besides its bytes: enough to see whether another one lies there by now."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's size, and what the server says of its state (RFC 9110, 8.8): a strong ETag, and Last-Modified as it came."""

    size_bytes: int
    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, size_bytes: int, headers: Mapping[str, str]) -> "Seen":
        """Read the headers of an answer, whose names match without regard to case."""
        etag = headers.get("ETag")
        is_strong = etag is not None and not etag.startswith("W/")
        return cls(size_bytes, etag if is_strong else None, headers.get("Last-Modified"))
