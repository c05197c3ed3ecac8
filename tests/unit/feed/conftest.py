"""What the feed's tests stand on: an installation with the private feed acme/pip-feed for TARGET."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedgate.records.database import Database
from tests.builders.installation import Installation, open_installation


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    root = tmp_path / "installation"
    root.mkdir()
    async with open_installation(root) as opened:
        yield opened


@pytest.fixture
def records(installation: Installation) -> Database:
    return installation.records
