"""What a client's test starts from: the tool, an environment that knows nothing of this machine, a server."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders.clients import clean_environment, client
from tests.builders.command_line import CommandLine, Server, command_line, serving
from tests.doubles.upstream import Upstream, upstream_in_thread

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def client_tool() -> Callable[..., Path]:
    """Return a tool's executable by its name; see ``tests/builders/clients.py``."""
    return client


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An empty home, and nothing of the developer's configuration."""
    return clean_environment(tmp_path / "home")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """The index that the module's server reads from; its faults end with the test."""
    with upstream_in_thread() as served:
        yield served


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A ``feedgate serve`` that the module's tests share; each makes a feed of its own."""
    root = tmp_path_factory.mktemp("server")
    once = {"FEEDGATE_FETCH__ATTEMPTS": "1"}  # an upstream that is told to fail is not waited for
    with serving(command_line(root / "home", root / "data", upstream=upstream.url, **once)) as running:
        yield running


@pytest.fixture
def feedgate(server: Server) -> CommandLine:
    """The command line of the server's own user."""
    return server.feedgate


@pytest.fixture
def feed(server: Server) -> str:
    """A new private feed."""
    return server.make_feed(f"Acme/pip-feed-{next(_numbers)}")
