"""The page of a feed in Azure DevOps: what people copy from their browser, and no index.

Whether the feed is its project's or the whole organization's, the page does not say:
both are shown below a project.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit

_HOST = "dev.azure.com"
_OLD_HOST = re.compile(r"([a-z0-9-]+)\.visualstudio\.com", re.IGNORECASE)
_COLLECTION = "defaultcollection"
_VIEW = re.compile(r"(?:@|%40).*", re.IGNORECASE)


def indexes_of_web_page(url: str) -> tuple[str, ...]:
    """Return the simple indexes that a web page of a feed may mean, a project's first; none for any other address.

    A page that names no feed gives addresses with ``FEED`` in its place.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return ()
    scope = [segment for segment in parts.path.split("/") if segment]
    old = _OLD_HOST.fullmatch(host)
    if old is not None:
        scope = [old[1], *(segment for segment in scope if segment.lower() != _COLLECTION)]
    elif host != _HOST:
        return ()
    lowered = [segment.lower() for segment in scope]
    marker = next((n for n, word in enumerate(lowered) if word in ("_artifacts", "_packaging")), None)
    if marker not in (1, 2) or (lowered[marker] == "_packaging" and len(scope) > marker + 1):
        return ()
    named = scope[marker + 2 : marker + 3] if lowered[marker + 1 : marker + 2] == ["feed"] else []
    asked = [quote(name, safe="") for name in parse_qs(parts.query).get("feed", [])]
    feed = _VIEW.sub("", (named or asked or ["FEED"])[0]) or "FEED"
    places = [scope[:marker]] if marker == 1 else [scope[:2], scope[:1]]
    return tuple(
        f"https://pkgs.dev.azure.com/{'/'.join(place)}/_packaging/{feed}/pypi/simple/" for place in places
    )


def which_index(indexes: tuple[str, ...]) -> str:
    """Return the advice that names the address to use."""
    if len(indexes) == 1:
        return f"Give the address of its index: {indexes[0]}"
    of_project, of_organization = indexes
    return (
        f"Give the address of its index: {of_project} where the feed is the project's, "
        f"{of_organization} where it is the organization's. Connect to feed, pip, on that page shows which."
    )
