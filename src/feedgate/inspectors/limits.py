"""Where reading an archive ends, lest it never does.

Genuine wheels of PyPI stay far below: awscli has 8,082 members, ansible about
30,000; text packs to a tenth, and nothing but a bomb to less than a fiftieth.
"""

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.stop import Stop

MANY_MEMBERS = 20_000
MOST_MEMBERS = 100_000

HIGHEST_RATIO = 50
ALWAYS_INFLATED_BYTES = 64 * 1024 * 1024
"""Up to here no ratio is asked for."""

CHUNK_BYTES = 256 * 1024
"""How much of a member is inflated at a time."""


def most_inflated_bytes(packed_bytes: int) -> int:
    """Return how much an archive of ``packed_bytes`` may hold."""
    return max(ALWAYS_INFLATED_BYTES, HIGHEST_RATIO * packed_bytes)


def check_inflated(inflated_bytes: int, packed_bytes: int) -> None:
    """Raise Stop where an archive of ``packed_bytes`` holds more than it may."""
    if inflated_bytes > most_inflated_bytes(packed_bytes):
        raise Stop(
            ArchiveCode.COMPRESSION_RATIO,
            f"it holds more than {HIGHEST_RATIO} times its own size ({packed_bytes} bytes packed)",
        )


def check_members(members: int) -> None:
    """Raise Stop where an archive has more members than anyone needs."""
    if members > MOST_MEMBERS:
        raise Stop(ArchiveCode.TOO_MANY_MEMBERS, f"it has more than {MOST_MEMBERS} members")
