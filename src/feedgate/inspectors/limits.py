"""Where reading an archive ends, lest it never does.

Genuine wheels of PyPI stay far below: awscli has 8,082 members and ansible
21,488; text packs to a tenth, and nothing but a bomb to less than a fiftieth.
"""

from dataclasses import dataclass
from typing import Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.stop import Stop

CHUNK_BYTES: Final = 256 * 1024
"""How much of a member is read at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold: so many members, and so many times its own size.

    Up to ``always_inflated_bytes`` no ratio is asked for.
    """

    most_members: int = 50_000
    highest_ratio: int = 50
    always_inflated_bytes: int = 64 * 1024 * 1024

    def most_inflated_bytes(self, packed_bytes: int) -> int:
        """Return how much an archive of ``packed_bytes`` may hold."""
        return max(self.always_inflated_bytes, self.highest_ratio * packed_bytes)

    def check_inflated(self, inflated_bytes: int, packed_bytes: int) -> None:
        """Raise Stop where an archive of ``packed_bytes`` holds more than it may."""
        if inflated_bytes > self.most_inflated_bytes(packed_bytes):
            raise Stop(
                ArchiveCode.COMPRESSION_RATIO,
                f"it holds more than {self.highest_ratio} times its own size ({packed_bytes} bytes packed)",
            )

    def check_members(self, members: int) -> None:
        """Raise Stop where an archive has more members than anyone needs."""
        if members > self.most_members:
            raise Stop(ArchiveCode.TOO_MANY_MEMBERS, f"it has more than {self.most_members} members")


LIMITS: Final = Limits()
