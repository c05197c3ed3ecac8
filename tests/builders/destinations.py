"""The destinations that a closure is sent to in tests, alike whoever answers: ours, pypiserver, devpi, the stand-in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from feedgate.model.access import Role, Scope
from feedgate.model.feed import Uploads
from tests.builders.command_line import CommandLine, Server, command_line
from tests.builders.foreign_feeds import devpi, pypiserver
from tests.builders.pipeline_environment import FeedAccess, PipelineJob
from tests.doubles.azure import AzureArtifacts, azure_in_thread
from tests.doubles.upstream import JSON

FEED = "pip-feed"
TOKEN = "token-of-the-job"


@dataclass(frozen=True)
class There:
    """A destination as a pipeline knows it. ``files`` tells what it has: file names with their sha256."""

    upload_url: str
    simple_url: str
    user: str
    password: str
    files: Callable[[], dict[str, str]]
    storage_origin: str = ""

    @property
    def access(self) -> FeedAccess:
        """What a task of the pipeline is given."""
        return FeedAccess(f"Platform/{FEED}", self.upload_url, self.password, self.user)

    @property
    def index_url(self) -> str:
        """What pip is told: with the credentials in it, percent-encoded, as PipAuthenticate writes them."""
        who = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return self.simple_url.replace("http://", f"http://{who}@")


@contextmanager
def our_own(server: Server) -> Iterator[There]:
    """A new feed of a running server, by Azure's layout of paths, that looks uploads up."""
    feed = server.make_feed("Acme/own-feed", uploads=Uploads.LOOK_UP)
    token = server.token("pipeline", Role.CONTRIBUTOR, feed, Scope.WRITE)

    def files() -> dict[str, str]:
        with httpx.Client(auth=("build", token), headers={"Accept": JSON}) as http:
            projects = http.get(server.simple(feed)).raise_for_status().json()["projects"]
            pages = [http.get(f"{server.simple(feed)}{one['name']}/").json() for one in projects]
        return {file["filename"]: file["hashes"]["sha256"] for page in pages for file in page["files"]}

    yield There(server.upload(feed), server.simple(feed), "build", token, files)


@contextmanager
def pypiserver_there(folder: Path) -> Iterator[There]:
    """A pypiserver of this test's own, whose pages want the password too."""
    with pypiserver(folder, reads_need_password=True) as feed:
        yield There(feed.upload_url, feed.simple_url, feed.user, feed.password, feed.files)


@contextmanager
def devpi_there(folder: Path) -> Iterator[There]:
    """An index of a devpi of this test's own."""
    with devpi(folder) as feed:
        yield There(feed.upload_url, feed.simple_url, feed.user, feed.password, feed.files)


@contextmanager
def azure_there(azure: AzureArtifacts | None = None) -> Iterator[tuple[There, AzureArtifacts]]:
    """The stand-in for Azure, a project's feed unless another one is given."""
    served = azure or AzureArtifacts(passwords={TOKEN: "contributor"}, project="Platform")
    with azure_in_thread(served):
        yield there_of(served), served


def there_of(azure: AzureArtifacts) -> There:
    """Return the stand-in as a destination."""
    password = next(password for password, role in azure.passwords.items() if role == "contributor")
    return There(azure.upload_url, azure.simple_url, "build", password, azure.files, azure.storage_origin)


@dataclass(frozen=True)
class Step:
    """A step of a pipeline's job, on a data directory of its own; ``feedgate`` finds what TwineAuthenticate@1 wrote."""

    feedgate: CommandLine
    there: There

    def add(self, *words: str, to: str = FEED, **given: Any) -> Any:
        """Add to the destination, which must succeed; return what ``--json`` says."""
        return self.feedgate.json("add", *words, "--to", to, **given)


def step_of(folder: Path, there: There, upstream_url: str, **more: str) -> Step:
    """Return a step that reads from an upstream and has TwineAuthenticate's file for ``there``."""
    job = PipelineJob(folder / "job")
    job.twine_authenticate_1(there.access)
    settings = {"FEEDGATE_FETCH__ATTEMPTS": "1"}  # an upstream that is told to fail is not waited for
    if there.storage_origin:
        settings["FEEDGATE_DESTINATIONS__ALLOWED_HOSTS"] = there.storage_origin
    environment = {**settings, **job.variables, **more}
    return Step(command_line(folder / "home", folder / "data", upstream=upstream_url, **environment), there)
