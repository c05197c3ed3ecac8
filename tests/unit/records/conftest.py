"""What the records' tests stand on: an empty database with one feed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedgate.model.access import LOCAL_ADMINISTRATOR
from feedgate.model.feed import Uploads
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.records import feeds
from feedgate.records.database import Database
from feedgate.records.feeds import Located
from tests.builders.databases import NOON, empty_database


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    opened = empty_database(tmp_path / "records.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def feed(records: Database) -> Located:
    """The feed acme/team, whose first entry made it."""
    path = FeedPath("acme", "team")
    with records.change(None, Act.ORGANIZATION_CREATED, LOCAL_ADMINISTRATOR, NOON) as change:
        feeds.create_organization(change, path.organization)
        change.record({"organization": path.organization})
    with records.note() as note:
        feed_id = feeds.prepare(note, path)
    with records.change(feed_id, Act.FEED_CREATED, LOCAL_ADMINISTRATOR, NOON) as change:
        feeds.open_state(change, feed_id, is_public=False, policy="open", uploads=Uploads.INTERNAL)
        change.record({"feed": str(path)})
    return Located(feed_id, path)
