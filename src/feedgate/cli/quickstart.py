"""``feedgate quickstart``: one package through a feed into an empty environment, to see it work."""

import asyncio
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from feedgate.api.bodies import FeedCreation, TokenCreation
from feedgate.api.client import Client
from feedgate.api.problem import RemoteProblem
from feedgate.api.run_bodies import RunCreation
from feedgate.app.address import read_address
from feedgate.app.directory import DataDirectory
from feedgate.app.settings import load_settings
from feedgate.app.upstream_wiring import open_upstream
from feedgate.cli.door import data_directory, opened
from feedgate.cli.exit import Exit
from feedgate.cli.first_install import install_and_run
from feedgate.cli.follow import follow_to_end, new_key
from feedgate.cli.main import place
from feedgate.cli.show import inert, lines
from feedgate.errors import Unavailable
from feedgate.intake.host import host_target
from feedgate.machine.addresses import parse_feed_url
from feedgate.machine.plan import Client as InstallingClient
from feedgate.machine.snippets import snippets
from feedgate.model.access import Scope
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.target import Target

app = typer.Typer(rich_markup_mode=None, add_completion=False)

FEED: Final = FeedPath("demo", "pip-feed")
_NEEDED_BYTES: Final = 2_000_000_000
_START_SECONDS: Final = 20
_STOP_SECONDS: Final = 30


class QuickstartImpossible(Unavailable):
    """Something that the quickstart stands on is missing on this machine."""

    code = "quickstart-impossible"

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what, next_step=cure)


@app.command()
def quickstart(
    context: typer.Context,
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="What to bring in.")] = "azure-cli",
    once: Annotated[bool, typer.Option("--once", help="Stop the server at the end.")] = False,
) -> None:
    """Start Feedgate, bring a package in for this machine and another Python, install it from the feed alone.

    Without --once the server stays until Ctrl-C.
    """
    directory = data_directory(place(context).data)
    _check(directory)
    with _serving(directory) as server, opened(context) as door:
        _say(f"1. Feedgate serves {directory} at {door.client.server.origin}")
        targets = _targets()
        _have_feed(door.client, targets)
        _say(f"2. Feed {FEED}; bringing in {package} for {' and '.join(targets)} …")
        request = RunCreation(requirements=[package], targets=targets, reason="quickstart")
        run = door.client.create_run(FEED, request, key=new_key())
        status = follow_to_end(door, run.body.run)
        if status != Exit.OK:
            raise typer.Exit(status)
        url = parse_feed_url(f"{door.client.server.origin}/{FEED}")
        token = door.client.create_token(TokenCreation(feeds=[str(FEED)], scope=Scope.READ))
        _say("3. pip installs it into an empty environment that sees nothing but the feed (a minute or so) …")
        name = ProjectName(re.split(r"[^A-Za-z0-9._-]", package, maxsplit=1)[0])
        for line in install_and_run(url, token.body.token, package, name):
            _say(f"   {line}")
        door.client.revoke_token(token.body.id)
        _say("4. It works.")
        if once:
            _say(f"   Start the server again with: feedgate serve --data {directory}")
            return
        _say(f"   The feed's pages: {url.simple_url}")
        _say(f"   For a VM: feedgate connect {url.origin}/{FEED}, or by hand:")
        for snippet in snippets(url, InstallingClient.PIP):
            _say(f"   # {snippet.file}")
            lines(f"   {inert(line)}" for line in snippet.text.splitlines())
        if server is not None:
            _say("Ctrl-C stops the server; feedgate serve starts it again.")
            _wait_for_the_end(server)


def _say(text: str) -> None:
    lines([inert(text)])


def _check(directory: Path) -> None:
    """Look at what is needed before anything is begun; each missing thing is named with its cure."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < _NEEDED_BYTES:
        raise QuickstartImpossible(
            f"{there}: {free // 1_000_000} MB are free, 2,000 MB are needed",
            "Free some, or name a folder on a larger disk with --data.",
        )
    settings = load_settings(DataDirectory(directory).settings_file, os.environ, is_named=False)

    async def ask() -> None:
        async with open_upstream(settings, DataDirectory(directory)) as (_fetcher, upstream):
            await upstream.check()

    asyncio.run(ask())


@contextmanager
def _serving(directory: Path) -> Iterator[subprocess.Popen[str] | None]:
    """Have a server that stays for as long as the quickstart lasts: the one that runs, else one of our own."""
    running = read_address(DataDirectory(directory).address)
    if running is not None and running.stays:
        yield None
        return
    command = [sys.executable, "-P", "-m", "feedgate.app.supervisor", "--data", str(directory), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if server.stdout is None or not _first_line(server.stdout):
            raise QuickstartImpossible(
                f"the server of {directory} did not start",
                "Its reason stands above; end another server of that directory, or name one with --data.",
            )
        yield server
    finally:
        server.terminate()
        server.wait(_STOP_SECONDS)


def _first_line(stream: IO[str]) -> str:
    ready, _, _ = select.select([stream], [], [], _START_SECONDS)
    return stream.readline() if ready else ""


def _targets() -> list[str]:
    """Return this machine, and another Python on its platform."""
    host = host_target()
    other = Target(12 if host.minor != 12 else 13, None, host.platform)  # another Python than ours
    return [str(host), str(other)]


def _have_feed(client: Client, targets: list[str]) -> None:
    """Make the feed; one that is there keeps its own targets."""
    creation = FeedCreation(organization=FEED.organization, feed=FEED.feed, targets=targets)
    try:
        client.create_feed(creation)
    except RemoteProblem as problem:
        if problem.code != "feed-exists":
            raise


def _wait_for_the_end(server: subprocess.Popen[str]) -> None:
    try:
        server.wait()
    except KeyboardInterrupt:
        _say("Stopping.")
