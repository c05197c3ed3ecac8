"""``feedgate serve``: one supervisor over a web process and a worker, on one data directory.

The supervisor takes the directory's lock before anything heavy is loaded, makes the
listening socket, and imports little, so it is up in the time that a Python takes to start. The
web process holds the lock too, writes the address when it answers and removes
it in the tick in which it begins to close; thus the address is touched under
the lock only, whichever of the two dies first. The worker is ended last, and
the exit of this process is what frees the directory.
"""

import argparse
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from feedgate.app.address import Address, read_address, remove_address
from feedgate.app.channel import LOOK, Word, Words
from feedgate.app.children import Child
from feedgate.app.directory import DataDirectory, keep_files_private
from feedgate.app.lock import open_lock, try_lock
from feedgate.app.own_destination import FLAG
from feedgate.app.standard_input import take_standard_input
from feedgate.errors import Conflict, FeedgateError, Invalid
from feedgate.web.listener import Listener, open_listener, url_of

ANOTHER_SERVES: Final = 75
"""Exit status of a server that a command started, where another one has the directory."""

_LOOPBACK: Final = "127.0.0.1"
_STANDS_SECONDS: Final = 1.0
_WAIT_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.02
_WEB_ENDS_SECONDS: Final = 15.0  # open answers have ten of them
_WORKER_ENDS_SECONDS: Final = 5.0


class AlreadyServing(Conflict):
    """The data directory has a server."""

    code = "already-serving"

    def __init__(self, directory: Path, address: Address | None) -> None:
        who = "another server" if address is None else f"the server at {address.url} (process {address.pid})"
        wait = "" if address is None or address.stays else " It was started by a command and ends with it."
        super().__init__(
            f"{directory} is served by {who}",
            next_step=f"Use that one, end it first, or name another directory with --data.{wait}",
            facts={"url": None if address is None else address.url},
        )


def serve(
    data: Path,
    *,
    host: str | None = None,
    port: int | None = None,
    for_commands: bool = False,
    config: Path | None = None,
    own_destination: bytes | None = None,
    as_json: bool = False,
) -> int:
    """Serve the data directory until a signal, or for commands until the last is gone; return the exit status.

    ``own_destination`` is kept here, in memory, and told to each worker; nobody else gets it.
    ``as_json`` has the address printed as ``{"url": …}``.
    Without ``host`` and ``port`` the settings' are taken. Raises AlreadyServing,
    AddressInUse, UnusableAddress, and what is wrong with the settings. To be called from the main thread, once in
    a process: the lock is freed by its exit.
    """
    keep_files_private()
    directory = DataDirectory(data.absolute())
    directory.create()
    lock = _take_lock(directory, patient=not for_commands)
    remove_address(directory.address)  # what stood there was a dead server's
    if for_commands:
        host, port = _LOOPBACK, 0
    else:
        host, port = _where(directory, config, host, port)
    listener = open_listener(host, port)
    stays = not for_commands
    return _Supervisor(directory, lock, listener, config, own_destination, stays=stays, as_json=as_json).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the child that a command starts: ``python -m feedgate.app.supervisor --data DIR --for-commands``."""
    parser = argparse.ArgumentParser(prog="feedgate serve", allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--for-commands", action="store_true")
    parser.add_argument(FLAG, action="store_true")
    options = parser.parse_args(arguments)
    if options.own_destination and not options.for_commands:
        parser.error(f"{FLAG} is for the server of a command")
    own_destination = take_standard_input() if options.own_destination else None
    try:
        return serve(
            options.data,
            host=options.host,
            port=options.port,
            for_commands=options.for_commands,
            config=options.config,
            own_destination=own_destination,
        )
    except FeedgateError as error:
        if options.for_commands and isinstance(error, AlreadyServing):
            return ANOTHER_SERVES  # no fault: another command was first
        _say(error)
        return 2 if isinstance(error, Invalid | Conflict) else 1


def _take_lock(directory: DataDirectory, *, patient: bool) -> int:
    """Return the lock's descriptor. While no address stands, its holder starts or ends: that is waited for.

    A patient one also waits for a second beside an address, since a server
    that a command started may just be ending.
    """
    descriptor = open_lock(directory.lock)
    begun = none_seen_at = time.monotonic()
    while not try_lock(descriptor):
        now = time.monotonic()
        address = read_address(directory.address)
        if address is None:
            none_seen_at = now
        stands = address is not None and (not patient or now - none_seen_at > _STANDS_SECONDS)
        if stands or now - begun > _WAIT_SECONDS:
            os.close(descriptor)
            raise AlreadyServing(directory.path, address)
        time.sleep(_LOOK_SECONDS)
    return descriptor


def _where(
    directory: DataDirectory, config: Path | None, host: str | None, port: int | None
) -> tuple[str, int]:
    """Return where to listen; raises what is wrong with the settings, before any child would."""
    from feedgate.app.outward import check_outward  # noqa: PLC0415  # heavy, so behind the lock
    from feedgate.app.settings import load_settings  # noqa: PLC0415  # the same

    settings = load_settings(config or directory.settings_file, os.environ, is_named=config is not None)
    check_outward(settings, directory)
    return (settings.server.host if host is None else host), (settings.server.port if port is None else port)


class _Supervisor:
    def __init__(
        self,
        directory: DataDirectory,
        lock: int,
        listener: Listener,
        config: Path | None,
        own_destination: bytes | None,
        *,
        stays: bool,
        as_json: bool,
    ) -> None:
        self._directory = directory
        self._listener = listener
        self._url = url_of(listener)
        self._stays = stays
        self._as_json = as_json
        self._answered = False
        self._signals = 0
        self._ending_at: float | None = None
        """When the web process is killed if it has not ended, by the monotonic clock."""
        self._words_come, channel = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._words_come, False)
        self._words = Words(self._words_come)
        common = [
            "--data",
            str(directory.path),
            *([] if config is None else ["--config", str(config.absolute())]),
        ]
        self._web = Child(
            "feedgate.app.web",
            [
                *common,
                *("--listener", str(listener.fileno()), "--channel", str(channel)),
                *(["--stays"] if stays else []),
            ],
            (listener.fileno(), channel, lock),
        )
        self._works_at_once = (
            stays or own_destination is not None
        )  # whoever brings one is about to start a run
        flags = [] if own_destination is None else [FLAG]
        self._worker = Child("feedgate.app.worker", [*common, *flags], told=own_destination)

    def run(self) -> int:
        """Start the children, look after them, and return the exit status once both are gone."""
        signals_come, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._count_signal)
        signal.signal(LOOK, signal.SIG_IGN)  # children inherit that: it ends none before it listens
        self._web.start()
        if self._works_at_once:
            self._worker.start()
        status = None
        while status is None:
            self._wait(signals_come)
            status = self._look_after()
        remove_address(self._directory.address)  # a killed web process leaves it
        self._worker.end(_WORKER_ENDS_SECONDS)
        return status

    def _look_after(self) -> int | None:
        """See what has happened; return the exit status once there is no web process and shall be none."""
        for word in self._words.read():
            self._hear(word)
        if self._signals:
            self._pass_on_signals()
        self._look_at_worker()
        status = self._web.reap()
        if status is not None and self._web_has_ended_for_good(status):
            return 0 if self._ending_at is not None else _exit_status(status)
        if self._ending_at is not None and not self._web.is_running:
            return 0
        self._start_what_is_due()
        return None

    def _hear(self, word: Word) -> None:
        match word:
            case Word.ANSWERING:
                if self._stays and not self._answered:
                    line = json.dumps({"url": self._url}) if self._as_json else self._url
                    print(line, flush=True)  # noqa: T201  # the one line on standard output
                self._answered = True
            case Word.WORKER_WANTED:
                if self._worker.is_running:
                    self._worker.signal(LOOK)
                elif self._worker.due_at is None and self._ending_at is None:
                    self._worker.start()
            case Word.CLOSING:
                self._begin_to_end()

    def _count_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _pass_on_signals(self) -> None:
        self._begin_to_end()
        self._web.signal(signal.SIGTERM if self._signals == 1 else signal.SIGKILL)

    def _begin_to_end(self) -> None:
        if self._ending_at is None:
            self._ending_at = time.monotonic() + _WEB_ENDS_SECONDS
            self._listener.close()  # else connections would queue here that nobody answers

    def _web_has_ended_for_good(self, status: int) -> bool:
        """Return False where it fell over while it served by hand: then it is started again."""
        if self._ending_at is not None or status == 0 or not self._stays or not self._answered:
            return True
        remove_address(self._directory.address)
        pause_seconds = self._web.start_again_later()
        _note(f"the web process ended with status {status}; it is started again in {pause_seconds:.1f} s")
        return False

    def _look_at_worker(self) -> None:
        status = self._worker.reap()
        if status is not None and self._ending_at is None:
            pause_seconds = self._worker.start_again_later()
            _note(f"the worker ended with status {status}; it is started again in {pause_seconds:.1f} s")

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        if self._ending_at is not None:
            if now > self._ending_at:
                self._web.signal(signal.SIGKILL)
            return
        for child in (self._web, self._worker):
            if child.due_at is not None and now >= child.due_at:
                child.start()

    def _wait(self, signals_come: int) -> None:
        """Sleep until a word, a signal, a child's end or the next moment at which something is due."""
        moments = [self._ending_at, self._web.due_at, self._worker.due_at]
        due = min((moment for moment in moments if moment is not None), default=None)
        comes = (self._words_come, signals_come, self._web.descriptor, self._worker.descriptor)
        with selectors.DefaultSelector() as selector:
            for descriptor in comes:
                if descriptor is not None:
                    selector.register(descriptor, selectors.EVENT_READ)
            ready = selector.select(None if due is None else max(0.0, due - time.monotonic()))
        if any(key.fd == signals_come for key, _ in ready):
            os.read(signals_come, 4096)


def _exit_status(status: int) -> int:
    return status if status > 0 else 1  # negative: killed by a signal


def _say(error: FeedgateError) -> None:
    _note(f"{error.message}. Next: {error.next_step}")


def _note(text: str) -> None:
    print(f"feedgate: {text}", file=sys.stderr, flush=True)  # noqa: T201  # a log of its own would need heavy imports


if __name__ == "__main__":
    sys.exit(main())
