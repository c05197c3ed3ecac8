"""What a client's test starts from: the tool, and an environment that knows nothing of this machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.clients import clean_environment, client


@pytest.fixture(scope="session")
def client_tool() -> Callable[..., Path]:
    """Return a tool's executable by its name; see ``tests/builders/clients.py``."""
    return client


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An empty home, and nothing of the developer's configuration."""
    return clean_environment(tmp_path / "home")
