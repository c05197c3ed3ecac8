"""What is said of a feed before it is written down."""

import pytest

from feedgate.machine.addresses import parse_feed_url
from feedgate.machine.reach import FeedRefused


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not take this token"), (403, "may not read"), (404, "has no role on it")],
)
def test_a_refusal_says_which_feed_and_why_and_holds_no_token(status: int, words: str) -> None:
    refused = FeedRefused(parse_feed_url("https://feeds.example/acme/pip-feed"), status)

    assert words in refused.message
    assert "acme/_packaging/pip-feed" in refused.message
    assert "fgt_" not in refused.message
