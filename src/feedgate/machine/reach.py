"""Ask the feed once, as a client would, before its address and token are written down."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request

from feedgate.machine.addresses import FeedUrl
from feedgate.machine.errors import MachineError
from feedgate.machine.snippets import NETRC_LOGIN

_TIMEOUT_SECONDS = 10.0
_LONGEST_WORDS = 300
_WORDS = {
    401: "the server does not take this token",
    403: "the token's actor may not read this feed",
    404: "there is no such feed, or the token's actor has no role on it",
}


class FeedRefused(MachineError):
    """The feed's server does not let this token read it."""

    code = "feed-refused"

    def __init__(self, feed: FeedUrl, status: int) -> None:
        super().__init__(
            f"{feed.simple_url}: {_WORDS[status]} ({status}); nothing was changed",
            next_step="Check the address and the token. An Owner gives a role with: feedgate grant ORG/FEED ACTOR reader",
        )


def ask_feed(feed: FeedUrl, token: str | None) -> str | None:
    """Read the feed's list of projects once; return a note where nobody answered.

    Raises FeedRefused where the server says no. An image may be built where the
    server can not be reached, so that alone is no error.
    """
    headers = {"Accept": "text/html"}
    request = urllib.request.Request(feed.simple_url, headers=headers)  # noqa: S310  # a FeedUrl is http(s)
    if token is not None:
        basic = base64.b64encode(f"{NETRC_LOGIN}:{token}".encode()).decode()
        request.add_header("Authorization", f"Basic {basic}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310  # as above
            return None
    except urllib.error.HTTPError as answer:
        with answer:
            if answer.code in _WORDS:
                raise FeedRefused(feed, answer.code) from None
        return f"{feed.simple_url} answered {answer.code}: not tried further"
    except OSError as error:
        words = " ".join(str(getattr(error, "reason", error)).split())[:_LONGEST_WORDS]
        return f"{feed.simple_url} could not be reached from here ({words}): not tried"
