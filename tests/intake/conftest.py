"""What a test of whole runs starts from: an upstream of its own files, a working server, a fresh feed."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedgate.api.bodies import FeedCreation
from feedgate.app.own_destination import OwnDestination
from feedgate.model.destination import Addresses
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from tests.builders.held_server import HeldServer
from tests.builders.intake_feed import EXACT, Intake
from tests.builders.sending_feed import SendingFeed
from tests.builders.witness import PipWitness
from tests.builders.working_server import WorkingServer
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.upstream import Upstream, upstream_in_thread

_numbers = itertools.count(1)

NewFeed = Callable[..., Intake]


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as upstream:
        yield upstream


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Iterator[Upstream]:
    """The upstream of all tests, with the files and faults of one test alone."""
    shared_upstream.forget()
    yield shared_upstream
    shared_upstream.forget()


def settings_for(upstream: Upstream) -> dict[str, str]:
    """Return the settings of a server that reads from ``upstream``, and gives it up after three questions."""
    return {"FEEDGATE_UPSTREAM__URL": upstream.url, "FEEDGATE_FETCH__ATTEMPTS": "3"}


@pytest.fixture(scope="session")
def shared_server(
    shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkingServer]:
    """A server for all tests that leave it alive."""
    server = WorkingServer(tmp_path_factory.mktemp("shared") / "data", settings_for(shared_upstream))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def victim(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkingServer]:
    server = WorkingServer(tmp_path_factory.mktemp("victim") / "data", settings_for(shared_upstream))
    yield server
    server.stop()


@pytest.fixture
def own_server(victim: WorkingServer, upstream: Upstream) -> WorkingServer:
    """A server of this module's own, which its tests may kill; it runs, whatever the test before left of it."""
    if not victim.is_started:
        victim.start()
    return victim


def make_feed(
    server: WorkingServer, upstream: Upstream, folder: Path, *targets: str, **settings: Any
) -> Intake:
    """Make a feed that everybody may read, for ``targets`` (default: one exact Python)."""
    path = FeedPath("acme", f"feed-{next(_numbers)}")
    creation = FeedCreation(
        organization=path.organization, feed=path.feed, targets=[*targets] or [EXACT], public=True, **settings
    )
    server.client.create_feed(creation)
    return Intake(server, upstream, path, folder / path.feed)


@pytest.fixture
def new_feed(shared_server: WorkingServer, upstream: Upstream, tmp_path: Path) -> NewFeed:
    """Make a fresh feed on the shared server: ``new_feed("3.11@…", uploads="look-up")``."""

    def make(*targets: str, **settings: Any) -> Intake:
        return make_feed(shared_server, upstream, tmp_path, *targets, **settings)

    return make


@pytest.fixture
def intake(new_feed: NewFeed) -> Intake:
    """A fresh feed for one exact Python."""
    return new_feed()


@pytest.fixture
def own_intake(own_server: WorkingServer, upstream: Upstream, tmp_path: Path) -> Intake:
    """A fresh feed on a server that the test may kill."""
    return make_feed(own_server, upstream, tmp_path)


@pytest.fixture(scope="session")
def shared_azure() -> Iterator[AzureArtifacts]:
    with azure_in_thread(AzureArtifacts(passwords={"may-publish": "contributor"})) as azure:
        yield azure


@pytest.fixture
def azure(shared_azure: AzureArtifacts) -> Iterator[AzureArtifacts]:
    """The destination of all tests, with the files and faults of one test alone."""
    shared_azure.forget()
    yield shared_azure
    shared_azure.forget()


@pytest.fixture(scope="session")
def shared_sender(
    shared_upstream: Upstream, shared_azure: AzureArtifacts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HeldServer]:
    """The server of a command whose destination is the stand-in for Azure."""
    own = OwnDestination(
        Addresses(shared_azure.upload_url, shared_azure.simple_url), "build", Secret("may-publish")
    )
    settings = settings_for(shared_upstream) | {
        "FEEDGATE_DESTINATIONS__ALLOWED_HOSTS": shared_azure.storage_origin
    }
    server = HeldServer(tmp_path_factory.mktemp("sender") / "data", settings, own=own)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sending(
    shared_sender: HeldServer, upstream: Upstream, azure: AzureArtifacts, tmp_path: Path
) -> SendingFeed:
    """A fresh feed for one exact Python, whose runs may go to an empty destination."""
    path = FeedPath("local", f"sending-{next(_numbers)}")
    creation = FeedCreation(organization=path.organization, feed=path.feed, targets=[EXACT], public=True)
    shared_sender.client.create_feed(creation)
    return SendingFeed(shared_sender, upstream, path, tmp_path / path.feed, azure=azure)


@pytest.fixture
def pip(tmp_path: Path) -> Callable[[str], PipWitness]:
    """Return pip as witness for a minor Python: ``pip("3.11").installs(url, "demo")``."""
    return lambda minor: PipWitness.of(minor, tmp_path)
