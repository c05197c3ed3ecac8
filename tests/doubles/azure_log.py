"""What the stand-in saw: every request, and how many connections stood open meanwhile."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["page", "root", "upload", "download", "storage", "rest", "other"]


@dataclass
class Seen:
    """One request. ``what`` is a project for pages, a file name for files and uploads, else a path.

    ``status`` is None where no answer was sent. ``connections`` counts those open when it came, and
    ``beside`` the requests under way, this one among them; both over the service and its storage.
    ``is_whole`` = all bytes of a file were sent. ``sha256`` is of an upload's bytes.
    """

    kind: Kind
    method: str
    path: str
    what: str = ""
    status: int | None = None
    sent_bytes: int = 0
    is_whole: bool = False
    has_credentials: bool = False
    username: str | None = None
    sha256: str | None = None
    connections: int = 0
    beside: int = 0


@dataclass
class Log:
    """The requests in the order in which they came; ``file`` has a line of JSON for each that ended."""

    file: Path | None = None
    seen: list[Seen] = field(default_factory=list)
    open_connections: int = 0
    under_way: int = 0

    def settle(self, within_seconds: float = 0.2) -> None:
        """Wait a moment until no request is under way; one that is made to wait is left to itself."""
        until = time.monotonic() + within_seconds
        while self.under_way and time.monotonic() < until:
            time.sleep(0.005)

    @contextmanager
    def request(self, seen: Seen) -> Iterator[Seen]:
        """Log a request from its beginning to its end."""
        self.under_way += 1
        seen.connections, seen.beside = self.open_connections, self.under_way
        self.seen.append(seen)
        try:
            yield seen
        finally:
            self.under_way -= 1
            if self.file is not None:
                with self.file.open("a") as lines:
                    lines.write(f"{json.dumps(asdict(seen))}\n")


def read_log(file: Path) -> list[Seen]:
    """Return what a stand-in in a process of its own has seen so far."""
    return [Seen(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def asked(seen: list[Seen], kind: Kind, what: str | None = None, *, status: int | None = None) -> list[Seen]:
    """Return the requests of that kind, of that thing, answered with that status."""
    return [
        one
        for one in seen
        if one.kind == kind and what in {None, one.what} and (status is None or one.status == status)
    ]


def pages_by_project(seen: list[Seen]) -> dict[str, int]:
    """Count how often each project's page was asked for."""
    return _counted([one.what for one in seen if one.kind == "page"])


def uploads_by_file(seen: list[Seen]) -> dict[str, int]:
    """Count how often each file was sent, taken or not."""
    return _counted([one.what for one in seen if one.kind == "upload"])


def whole_downloads(seen: list[Seen]) -> list[str]:
    """Return the files that were fetched whole, once for each time."""
    return [one.what for one in seen if one.kind == "storage" and one.is_whole]


def most_connections(seen: list[Seen]) -> int:
    """Return the high-water mark of open connections."""
    return max((one.connections for one in seen), default=0)


def most_at_once(seen: list[Seen]) -> int:
    """Return the high-water mark of requests under way."""
    return max((one.beside for one in seen), default=0)


def _counted(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in dict.fromkeys(names)}
