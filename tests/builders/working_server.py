"""A real server with its worker, on a data directory of its own: started, asked, killed, started again."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from feedgate.api.client import Client
from feedgate.api.connection import Server as Address
from feedgate.app.address import read_address
from feedgate.app.directory import DataDirectory

PATIENCE_SECONDS = 60.0


@dataclass
class WorkingServer:
    """``python -m feedgate.app.supervisor`` on ``data``; ``settings`` are variables of the environment.

    What it says on standard error stands in ``log``.
    """

    data: Path
    settings: Mapping[str, str]
    _process: "subprocess.Popen[str] | None" = field(default=None)
    _client: Client | None = field(default=None)

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    @property
    def directory(self) -> DataDirectory:
        return DataDirectory(self.data)

    @property
    def client(self) -> Client:
        """The administrator's client; it finds the server again after a restart."""
        if self._client is None:
            self._client = Client(self.address(), find_again=self.address)
        return self._client

    @property
    def is_started(self) -> bool:
        """Whether it was started, and neither stopped nor killed since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def worker(self) -> int | None:
        """The worker's process, None while there is none."""
        return children(self.pid).get("worker")

    def address(self) -> Address:
        """Return where the server answers, waiting until one does."""
        wait_until(lambda: read_address(self.directory.address) is not None)
        found = read_address(self.directory.address)
        assert found is not None
        return Address(found.url, found.key, is_local=True)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "feedgate.app.supervisor", "--data", str(self.data)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", "0"],
                env={**os.environ, **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), self.log.read_text()[-4000:]
        wait_until(lambda: self.worker is not None)

    def stop(self) -> None:
        """End it in order, and by force if it stays."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._forget()

    def kill(self) -> None:
        """Kill it with everything it started, and return when all of that is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._forget()
        self.wait_until_free()

    def kill_worker(self) -> None:
        """Kill the worker; its supervisor starts another one."""
        killed = self.worker
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: self.worker not in {None, killed})

    def _forget(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def wait_until_free(self) -> None:
        """Wait until no server and no worker has the directory."""
        wait_until(self._is_free)

    def _is_free(self) -> bool:
        for path in (self.directory.lock, self.directory.worker_lock):
            with path.open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
        return True


def children(pid: int) -> dict[str, int]:
    """Return the living children of a supervisor by the module that they run (``web``, ``worker``)."""
    found = {}
    for child in descendants_of(pid, deep=False):
        words = command_of(child)
        if "-m" in words:
            found[words[words.index("-m") + 1].removeprefix("feedgate.app.")] = child
    return found


def descendants_of(pid: int, *, deep: bool = True) -> list[int]:
    """Return the processes that ``pid`` started, and with ``deep`` what those started."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (task / "children").read_text().split())
    return found + [inner for child in found if deep for inner in descendants_of(child)]


def command_of(pid: int) -> list[str]:
    """Return the words of a process's command, none for one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for ``condition()`` to become true."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"not within {seconds} s"
        time.sleep(0.01)
