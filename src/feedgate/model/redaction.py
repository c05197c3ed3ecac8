"""What looks like a credential gets stars in its place before it is shown or written down."""

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

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


def plain_address(address: str) -> str:
    """Return an address without user information, query and fragment: each could hold a credential."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
