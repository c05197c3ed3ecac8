"""Three ways of bringing a package and all that it needs into a feed of one's own.

The original: ``pip wheel`` and ``twine upload`` to a plain server. The floor: what
no intake can do without, resolving cold and downloading the same files in
parallel. Ours: ``feedgate add`` inside a running server, which also looks at,
decides, proves and publishes.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from uv import find_uv_bin

from benchmarks.rounds import Measured
from feedgate.formats.pylock import LockedFile, parse_resolution
from feedgate.intake.wheel_choice import choose_wheels
from feedgate.model.target import parse_target
from tests.builders.clients import clean_environment, client, installed

ROOT = Path(__file__).parents[1]
AT_ONCE = 16
FEED = "bench/pip-feed"
STARTED_WITHIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Original:
    """What a team does today: wheels for the agent's own machine, then one upload after another."""

    package: str
    again: bool = False
    """Measured is the second time: pip has its cache, and twine ends at the first file that is there (409)."""

    def __call__(self, folder: Path) -> Measured:
        environment = clean_environment(folder / "home")
        with plain_server(folder / "packages", environment) as url:
            measured = self._once(folder / "first", url, environment)
            return self._once(folder / "second", url, environment) if self.again else measured

    def _once(self, folder: Path, url: str, environment: dict[str, str]) -> Measured:
        measured = Measured()
        wheels = folder / "wheels"
        folder.mkdir()
        pip, twine = client("pip"), client("twine")
        measured.timed(
            "pip wheel",
            lambda: run(environment, pip, "wheel", "--quiet", self.package, "--wheel-dir", wheels),
        )
        files = sorted(wheels.iterdir())
        measured.notes["files"] = str(len(files))
        said = measured.timed(
            "twine upload",
            lambda: subprocess.run(
                [
                    *(
                        twine,
                        "upload",
                        "--disable-progress-bar",
                        "--non-interactive",
                        "--repository-url",
                        url,
                    ),
                    *files,
                ],
                env=environment | {"TWINE_USERNAME": "bench", "TWINE_PASSWORD": "bench"},
                capture_output=True,
                text=True,
                check=False,
            ),
        )
        if (said.returncode != 0) is not (folder.name == "second"):
            message = f"twine ended with {said.returncode}: {said.stdout[-2000:]}"
            raise RuntimeError(message)
        return measured


@dataclass(frozen=True, slots=True)
class Floor:
    """Resolving cold, and the same files in parallel: no intake that fetches can be faster."""

    package: str
    target: str

    def __call__(self, folder: Path) -> Measured:
        measured = Measured()
        environment = clean_environment(folder / "home")
        target = parse_target(self.target)
        lock = folder / "pylock.toml"
        measured.timed(
            "uv pip compile",
            lambda: run(
                environment,
                *(find_uv_bin(), "pip", "compile", "--quiet", "--system-certs", "--only-binary", ":all:"),
                *("--python-version", target.python, "--python-platform", target.platform),
                *("--format", "pylock.toml", "--output-file", lock, "-"),
                said=self.package,
            ),
        )
        wheels = choose_wheels(
            parse_resolution(lock.read_bytes()), python=target.python, platform=target.platform
        )
        measured.timed("download", lambda: asyncio.run(_download(wheels, folder)))
        measured.notes["files"] = str(len(wheels))
        return measured


@dataclass(frozen=True, slots=True)
class Ours:
    """``feedgate add`` as a person calls it, against a server that runs; with ``again``, its second run."""

    package: str
    target: str
    again: bool = False

    def __call__(self, folder: Path) -> Measured:
        measured = Measured()
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("FEEDGATE_")}
        environment = surroundings | {"FEEDGATE_DATA": str(folder / "data"), "HOME": str(folder)}
        feedgate = Path(sys.executable).with_name("feedgate")
        with _serving(feedgate, environment):
            run(environment, feedgate, "feed", "create", FEED, "--target", self.target)
            add = (feedgate, "add", self.package, "--feed", FEED, "--json")
            if self.again:
                run(environment, *add)
            before = time.perf_counter()
            report = json.loads(run(environment, *add))
            whole = time.perf_counter() - before
        if report["state"] != "published":
            message = f"the run ended {report['state']}: {report}"
            raise RuntimeError(message)
        measured.parts = {step["name"]: step["seconds"] for step in report["steps"]}
        measured.parts["command, queue, report"] = whole - sum(measured.parts.values())
        measured.notes = {"files": str(report["closure"]["distributions"]), "fetched": str(report["fetched"])}
        return measured


async def _download(wheels: tuple[LockedFile, ...], folder: Path) -> None:
    connector = aiohttp.TCPConnector(limit_per_host=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(wheel: LockedFile) -> None:
            async with places, session.get(wheel.url, raise_for_status=True) as answer:
                (folder / wheel.filename).write_bytes(await answer.read())

        await asyncio.gather(*map(one, wheels))


@contextmanager
def plain_server(packages: Path, environment: dict[str, str]) -> Iterator[str]:
    """Give the upload address of a pypiserver over ``packages`` that lets everybody in."""
    packages.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(installed(ROOT / "benchmarks" / "locks" / "pypiserver.txt", "pypi-server"), "run"),
            *("--interface", "127.0.0.1", "--port", str(port), "--authenticate", ".", "--passwords", "."),
            packages,
        ],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=STARTED_WITHIN_SECONDS)


@contextmanager
def _serving(feedgate: Path, environment: dict[str, str]) -> Iterator[None]:
    server = subprocess.Popen(
        [feedgate, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        if server.stdout is None or not server.stdout.readline().startswith(b"http://"):
            message = "feedgate serve did not say its address"
            raise RuntimeError(message)
        yield
    finally:
        server.terminate()
        server.wait(timeout=STARTED_WITHIN_SECONDS)


def _wait_for(port: int) -> None:
    until = time.monotonic() + STARTED_WITHIN_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def run(environment: dict[str, str], *command: str | Path, said: str | None = None) -> str:
    """Return what the command printed; one that fails is no measurement."""
    ended = subprocess.run(command, env=environment, input=said, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        message = f"{Path(command[0]).name} ended with {ended.returncode}: {ended.stdout[-1000:]}{ended.stderr.strip()[-2000:]}"
        raise RuntimeError(message)
    return ended.stdout
