"""What the web's tests stand on: an installation with a feed, asked without a socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders.installation import Installation, open_installation


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation with the private feed acme/pip-feed."""
    root = tmp_path / "installation"
    root.mkdir()
    async with open_installation(root) as opened:
        yield opened
