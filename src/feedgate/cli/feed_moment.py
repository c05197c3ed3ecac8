"""A feed as a command's words name it: as it is, or as it was at a serial."""

import re
from typing import Final

from feedgate.errors import Invalid
from feedgate.model.names import FeedPath, parse_feed_path

_SERIAL: Final = re.compile(r"serial:([1-9][0-9]{0,14})")


class NoMoment(Invalid):
    """What stands behind a feed's @ is no serial."""

    code = "no-moment-of-a-feed"

    def __init__(self, view: str) -> None:
        super().__init__(
            f"{view[:80]!r} is no moment of a feed",
            next_step="Write ORG/FEED@serial:N with N from the feed's ledger, or ORG/FEED for the feed as it is.",
        )


def parse_feed_moment(raw: str) -> tuple[FeedPath, int | None]:
    """Read ``ORG/FEED`` or ``ORG/FEED@serial:N``; raises InvalidFeedName, NoMoment."""
    feed, at, view = raw.partition("@")
    path = parse_feed_path(feed)
    if not at:
        return path, None
    found = _SERIAL.fullmatch(view)
    if found is None:
        raise NoMoment(view)
    return path, int(found[1])
