"""A feed as a command names it: as it is, or at a serial."""

import pytest

from feedgate.cli.feed_moment import NoMoment, parse_feed_moment
from feedgate.model.names import FeedPath, InvalidFeedName


@pytest.mark.parametrize(
    ("raw", "serial"),
    [("acme/team", None), ("acme/team@serial:1", 1), ("acme/team@serial:999999999999999", 999999999999999)],
)
def test_a_feed_is_read_with_its_serial(raw: str, serial: int | None) -> None:
    assert parse_feed_moment(raw) == (FeedPath("acme", "team"), serial)


@pytest.mark.parametrize(
    "view", ["", "Release", "serial:", "serial:0", "serial:-1", "serial:1x", "serial:" + "9" * 16]
)
def test_what_is_no_serial_is_an_error(view: str) -> None:
    with pytest.raises(NoMoment):
        parse_feed_moment(f"acme/team@{view}")


def test_what_is_no_feed_is_one_too() -> None:
    with pytest.raises(InvalidFeedName):
        parse_feed_moment("team@serial:1")
