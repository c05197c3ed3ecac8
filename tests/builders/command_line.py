"""Feedgate's command line as a user has it: processes of their own, on a data directory of their own.

Nothing of the developer's environment comes along but what measures coverage.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from feedgate.api.bodies import FeedCreation, TokenCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server as Address
from feedgate.app.address import read_address
from feedgate.model.access import Role, Scope
from feedgate.model.names import parse_feed_path

PATIENCE_SECONDS = 90.0

EXECUTABLE = Path(sys.executable).with_name("feedgate")

Word = str | Path


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What standard output holds: one object of JSON in one line, and nothing else."""
        assert self.out.endswith("\n"), self
        assert self.out.count("\n") == 1, self
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """What standard output holds: one object of JSON a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def problem(self) -> dict[str, Any]:
        """The error in what ``--json`` printed, after a look at the form that all of them have."""
        body = self.json
        assert {"type", "title", "status", "detail", "error"} <= body.keys(), body
        assert {"code", "message", "next"} <= body["error"].keys(), body
        error: dict[str, Any] = body["error"]
        assert error["code"], body
        assert error["message"], body
        return error


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands; ``environment`` is all that they know of the machine."""

    data: Path
    environment: Mapping[str, str]

    def __call__(self, *words: Word, **given: Any) -> Said:
        """Run one command to its end; ``stdin`` is text, ``folder`` where it is called, ``more`` further variables."""
        stdin: str | None = given.get("stdin")
        done = subprocess.run(
            [EXECUTABLE, *words],
            env={**self.environment, **given.get("more", {})},
            cwd=given.get("folder"),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def done(self, *words: Word, **given: Any) -> Said:
        """Run a command that must succeed."""
        said = self(*words, **given)
        assert said.status == 0, said
        return said

    def json(self, *words: Word, **given: Any) -> Any:
        """Run a command that must succeed, with ``--json``; return its one object."""
        return self.done(*words, "--json", **given).json

    def with_data(self, data: Path) -> "CommandLine":
        """Return the same on another data directory."""
        return replace(self, data=data, environment={**self.environment, "FEEDGATE_DATA": str(data)})

    def elsewhere(self, origin: str, token: str | None) -> "CommandLine":
        """Return a command line that asks the server at ``origin`` with that token, as from another machine."""
        kept = {name: value for name, value in self.environment.items() if not name.startswith("FEEDGATE_")}
        more = (
            {"FEEDGATE_URL": origin} if token is None else {"FEEDGATE_URL": origin, "FEEDGATE_TOKEN": token}
        )
        return replace(self, environment={**kept, **more})

    def start(self, *words: Word, **given: Any) -> "subprocess.Popen[str]":
        """Start a command in a session of its own; whoever calls waits for it."""
        return subprocess.Popen(
            [EXECUTABLE, *words],
            env={**self.environment, **given.get("more", {})},
            cwd=given.get("folder"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def command_line(home: Path, data: Path, *, upstream: str | None = None, **more: str) -> CommandLine:
    """Return a command line of an empty ``home`` on the data directory ``data``.

    Without ``upstream`` there is none: nobody answers at its address.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        "HOME": str(home),
        "PATH": f"{EXECUTABLE.parent}:/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_DIRS": str(home / "no-such-folder"),
        "FEEDGATE_DATA": str(data),
        "FEEDGATE_UPSTREAM__URL": upstream or "http://127.0.0.1:9/simple/",
        **{
            name: value
            for name, value in os.environ.items()
            if name.startswith("COV_CORE") or "COVERAGE" in name
        },
        **more,
    }
    return CommandLine(data, environment)


@dataclass
class Server:
    """A running ``feedgate serve``; ``err`` is what it said on standard error so far."""

    process: "subprocess.Popen[str]"
    origin: str
    feedgate: CommandLine
    _err: list[str] = field(default_factory=list)

    @property
    def err(self) -> str:
        return "".join(self._err)

    def simple(self, feed: str, view: str = "") -> str:
        """Return the address of a feed's simple index."""
        organization, _, name = feed.partition("/")
        return f"{self.origin}/{organization}/_packaging/{name}{view}/pypi/simple/"

    def upload(self, feed: str) -> str:
        """Return the address that takes a feed's uploads."""
        organization, _, name = feed.partition("/")
        return f"{self.origin}/{organization}/_packaging/{name}/pypi/upload/"

    @cached_property
    def api(self) -> Client:
        """What the commands call, without the half second that a process takes to start."""
        address = read_address(self.feedgate.data / "server.json")
        assert address is not None
        return Client(Address(address.url, address.key, is_local=True))

    def make_feed(self, feed: str, **settings: Any) -> str:
        """Make a feed for one target; ``settings`` are those of the API."""
        path = parse_feed_path(feed)
        targets = settings.pop("targets", ["3.11@x86_64-manylinux_2_28"])
        creation = FeedCreation(organization=path.organization, feed=path.feed, targets=targets, **settings)
        return self.api.create_feed(creation).body.feed

    def token(self, actor: str, role: Role | None, feed: str, scope: Scope = Scope.MANAGE) -> str:
        """Give ``actor`` the role on the feed, and return the secret of a token of it for that feed alone."""
        if role is not None:
            self.api.grant(parse_feed_path(feed), actor, role)
        return self.api.create_token(TokenCreation(actor=actor, feeds=[feed], scope=scope)).body.token

    def upload_files(self, feed: str, *files: Path) -> None:
        """Upload files as the administrator."""
        for file in files:
            self.api.upload(parse_feed_path(feed), file)

    def with_token(self, url: str, token: str) -> str:
        """Return ``url`` with the token in it, as no user should write it and every client understands it."""
        return url.replace("http://", f"http://reader:{token}@", 1)


@contextmanager
def serving(feedgate: CommandLine, *words: Word) -> Iterator[Server]:
    """Have a ``feedgate serve`` on a free port for the length of the block; it must end in order."""
    process = feedgate.start("serve", "--port", "0", *words)
    assert process.stdout is not None
    assert process.stderr is not None
    server = Server(process, "", feedgate)
    reader = threading.Thread(target=_read_on, args=(process.stderr, server._err), daemon=True)
    reader.start()
    try:
        server.origin = process.stdout.readline().strip()
        assert server.origin.startswith("http://127.0.0.1:"), server.err
        yield server
    finally:
        end(process)
        reader.join(5)
        if "api" in vars(server):
            server.api.close()
        process.stdout.close()
        process.stderr.close()


def end(process: "subprocess.Popen[str]") -> int:
    """End a process as an operator does, and a stubborn one for good."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def wait_until(condition: Any, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for ``condition()`` to become true."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"not within {seconds} s"
        time.sleep(0.02)


def _read_on(stream: IO[str], into: list[str]) -> None:
    with suppress(ValueError):
        into.extend(iter(stream.readline, ""))
