from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.gate.look import Looks
from feedgate.records.database import Database, sqlite_url
from feedgate.records.migrate import open_database


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Database]:
    database = open_database(sqlite_url(tmp_path / "records.db"))
    yield database
    database.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Files:
    return Files(tmp_path / "blobs")


class Clock:
    """Stands still, and counts how often it is looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def looks(records: Database, blobs: Files, clock: Clock) -> AsyncIterator[Looks]:
    async with Looks.opened(records, blobs, clock) as opened:
        yield opened
