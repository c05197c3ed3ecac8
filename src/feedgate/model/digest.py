"""Digests: sha256 as 64 lower-case hexadecimal digits, and nothing else."""

import re
from typing import NewType

from feedgate.errors import Invalid

Digest = NewType("Digest", str)

_DIGEST = re.compile(r"[0-9a-f]{64}")


class InvalidDigest(Invalid):
    """A text that is no sha256 digest."""

    code = "invalid-digest"

    def __init__(self, raw: str) -> None:
        super().__init__(
            f"{raw[:80]!r} is no sha256 digest",
            next_step="Give 64 lower-case hexadecimal digits.",
        )


def parse_digest(raw: str) -> Digest:
    """Return ``raw`` as a Digest; raises InvalidDigest if it is none."""
    if not _DIGEST.fullmatch(raw):
        raise InvalidDigest(raw)
    return Digest(raw)
