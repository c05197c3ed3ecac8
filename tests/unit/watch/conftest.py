"""What the watch's tests stand on: an empty installation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders.installation import Installation, open_installation


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    root = tmp_path / "installation"
    root.mkdir()
    async with open_installation(root) as opened:
        yield opened
