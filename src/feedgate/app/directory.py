"""The data directory: where everything of one installation lies.

Imports nothing heavy: the supervisor and every command read it before they
know whether they need more.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from feedgate.errors import Invalid


class UnusableDirectory(Invalid):
    """A data directory that can not be made, or not be written to."""

    code = "unusable-data-directory"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} can not be a data directory: {reason}",
            next_step="Name one that this user may write to, with --data or FEEDGATE_DATA.",
            facts={"path": str(path)},
        )


def keep_files_private() -> None:
    """Have this process and its children make files for their owner alone, whoever made the directory, and how."""
    os.umask(0o077)


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Names the places below ``path``, which must be absolute; ``create`` makes it."""

    path: Path

    def create(self) -> None:
        """Make the directory, for its owner alone: who reads it owns the installation. Raises UnusableDirectory."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise UnusableDirectory(self.path, error.strerror or str(error)) from error

    @property
    def settings_file(self) -> Path:
        """The settings that hold unless others are named."""
        return self.path / "feedgate.toml"

    @property
    def records_file(self) -> Path:
        """The records: feeds, ledgers, runs."""
        return self.path / "records.sqlite"

    @property
    def engine_file(self) -> Path:
        """The durable engine's own database."""
        return self.path / "engine.sqlite"

    @property
    def blobs(self) -> Path:
        """The blobs by digest, and those that still come in."""
        return self.path / "blobs"

    @property
    def scratch(self) -> Path:
        """The resolver's work, run by run."""
        return self.path / "scratch"

    @property
    def resolver_cache(self) -> Path:
        """What uv keeps between its calls."""
        return self.path / "cache" / "uv"

    @property
    def pages_cache(self) -> Path:
        """Upstream pages between runs; each use revalidates them."""
        return self.path / "cache" / "pages"

    @property
    def lock(self) -> Path:
        """Held by the server as long as it lives; its content says nothing."""
        return self.path / "lock"

    @property
    def worker_lock(self) -> Path:
        """Held by the worker as long as it lives."""
        return self.path / "worker.lock"

    @property
    def address(self) -> Path:
        """Where the server answers, and its key; stands only while it takes commands."""
        return self.path / "server.json"

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        return self.path / "logs"

    @property
    def server_log(self) -> Path:
        """What a server says that a command started."""
        return self.logs / "server.log"
