"""What looks like a credential gets stars in its place before it is shown or written down."""

import re
from typing import Final

STARS: Final = "***"

_SECRETS: Final = (
    (re.compile(r"fgt_[A-Za-z0-9_-]{8,}"), f"fgt_{STARS}"),
    (re.compile(r"(?<=://)[^/\s@'\"]+@"), f"{STARS}@"),
    (re.compile(r"(?i)\b(basic|bearer) [A-Za-z0-9+/=_.~-]{8,}"), rf"\1 {STARS}"),
)


def without_secrets(text: str) -> str:
    """Return ``text`` with stars for our tokens, passwords in addresses and Authorization headers."""
    for pattern, stars in _SECRETS:
        text = pattern.sub(stars, text)
    return text
