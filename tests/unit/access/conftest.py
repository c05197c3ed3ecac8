"""What the tests of access stand on: an installation with the private feed acme/pip-feed."""

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
