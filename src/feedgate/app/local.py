"""How a command reaches the server of a data directory: the running one, or one that it starts.

A command keeps one response of the server open, a *hold*. Its first line proves
that who answers is the server of the address file; while it is open, a server
that a command started does not end. Whatever else comes back means that no server takes commands: then
one is started, unless one that we started still lives, and the address is looked at again.

The hold is spoken with the standard library: the child is on its way before
anything heavy is imported here.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from feedgate.app.address import Address, read_address
from feedgate.app.directory import DataDirectory
from feedgate.app.hold import Hold
from feedgate.app.lock import is_locked
from feedgate.app.own_destination import FLAG, OwnDestination, OwnDestinationNotTaken, without_credentials
from feedgate.app.standard_input import pipe_with
from feedgate.app.stated import differing, differing_settings, is_setting, stated
from feedgate.app.supervisor import ANOTHER_SERVES
from feedgate.errors import Conflict, Unavailable
from feedgate.model.secret import Secret

_LIMIT_SECONDS: Final = 20.0
_SHARED_AFTER_SECONDS: Final = 5.0  # a server that another command started may be about to end
_SAID_AFTER_SECONDS: Final = 1.0
_STANDS_LOOK_SECONDS: Final = 0.1  # each such look takes the lock for an instant where nobody has it
_LOOK_SECONDS: Final = 0.01  # a server that quick commands share may stand for no more than some of these
_LARGEST_LOG_BYTES: Final = 5 * 1024 * 1024


class ServerDidNotStart(Unavailable):
    """The server that the command started ended before it answered, or did not answer in time."""

    code = "server-did-not-start"

    def __init__(self, directory: DataDirectory, reason: str) -> None:
        super().__init__(
            f"the server of {directory.path} did not start: {reason}",
            next_step=f"See {directory.server_log}, or start it by hand with: feedgate serve --data {directory.path}",
        )


def _without_unknown(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names less variables that are no setting: of them a server that runs has nothing to differ in.

    They are said on standard error; who starts a server with one is refused.
    """
    if not names:
        return names
    from feedgate.app.settings import described  # noqa: PLC0415  # pydantic, only where the two differ

    known = {one.variable for one in described()}
    unknown = tuple(name for name in names if is_setting(name) and name not in known)
    for name in unknown:
        sys.stderr.write(f"feedgate: warning: {name} in the environment is no setting of Feedgate\n")
    return tuple(name for name in names if name not in unknown)


class OtherServer(Conflict):
    """The directory's server is of another release, or has other settings than this command."""

    code = "other-server"

    def __init__(self, directory: DataDirectory, address: Address, difference: str) -> None:
        who = (
            "The server was started by hand" if address.stays else "The server was started by another command"
        )
        until = "end it" if address.stays else "wait until that is over"
        super().__init__(
            f"the server of {directory.path} (process {address.pid}) differs from this command: {difference}",
            next_step=f"{who}: {until}, or give both the same.",
            facts={"pid": address.pid},
        )


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that takes commands; ``key`` makes its bearer the administrator ``local``.

    ``started_by_us`` says that this command started it, ``stays`` that it goes
    on when no command holds it any more.
    """

    url: str
    key: Secret
    pid: int
    started_by_us: bool
    stays: bool


class LocalConnection:
    """A held server; made by ``connect_locally``."""

    def __init__(
        self,
        directory: DataDirectory,
        environment: Mapping[str, str],
        config: Path | None,
        own: OwnDestination | None,
        *,
        may_share: bool,
        say: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._environment = environment
        self._config = config
        self._own = own
        self._may_share = may_share
        self._say = say
        self._child: _Started | None = None
        self._hold: Hold | None = None
        self.server = self.reattach()

    def reattach(self) -> LocalServer:
        """Find or start the server once more, after the one that was held has vanished.

        Raises ServerDidNotStart, OtherServer, OwnDestinationNotTaken, TooMuchToHandOver, and
        what is wrong with the settings.
        """
        self.close()
        self._wait_for_others()
        begun = time.monotonic()
        while time.monotonic() < begun + _LIMIT_SECONDS:
            address = read_address(self._directory.address)
            if address is not None and self._has_died(address) and is_locked(self._directory.lock):
                time.sleep(_LOOK_SECONDS)  # its web process answers until it has seen that it is alone
                continue
            hold = None if address is None else Hold.on(address)
            if address is not None and hold is not None:
                self._hold = hold
                found = self._accept(address)
                if found is not None:
                    self.server = found
                    return found
                self._wait_for_others()
                begun = time.monotonic()
                continue
            self._have_one_start()
            time.sleep(_LOOK_SECONDS)
        raise ServerDidNotStart(self._directory, f"it did not answer within {_LIMIT_SECONDS:.0f} s")

    def close(self) -> None:
        """Let the server go."""
        if self._hold is not None:
            self._hold.close()
            self._hold = None

    def _wait_for_others(self) -> None:
        """Wait while another command's server stands where ours must: it ends when the last that holds it is gone.

        A hold of ours would only keep it, or end it.
        """
        begun = time.monotonic()
        told: int | None = None
        while True:
            address = read_address(self._directory.address)
            waited_seconds = time.monotonic() - begun
            if not self._is_anothers(address) or (self._may_share and waited_seconds > _SHARED_AFTER_SECONDS):
                return
            if address is not None and address.pid != told and waited_seconds > _SAID_AFTER_SECONDS:
                told = address.pid
                self._say(
                    f"waits for the server of another command (process {told}) on {self._directory.path} to end: "
                    "the caller's own credentials go to no server but one that this command starts"
                )
            time.sleep(_STANDS_LOOK_SECONDS)

    def _is_anothers(self, address: Address | None) -> bool:
        if self._own is None or address is None or address.stays:
            return False
        if self._child is not None and self._child.pid == address.pid:
            return False
        return is_locked(self._directory.lock)  # else it is a dead server's address

    def _has_died(self, address: Address) -> bool:
        """Whether the server's first process was killed: what holds it then is soon held no more."""
        if self._child is not None and self._child.pid == address.pid:
            return self._child.poll() is not None
        return not _is_alive(address.pid)

    def _accept(self, address: Address) -> LocalServer | None:
        """Return the server that is held; None for another command's, which was let go since it is to end."""
        is_ours = self._child is not None and self._child.pid == address.pid
        if self._child is not None:
            if is_ours:
                self._child.has_served = True
            else:
                self._child.end()  # another command's was first
                self._child = None
        if self._own is not None and not is_ours and not self._may_share:
            self.close()
            if address.stays:
                raise _not_taken(self._directory, address)
            return None
        difference = self._difference(address)
        if difference is not None:
            self.close()
            raise OtherServer(self._directory, address, difference)
        return LocalServer(address.url, address.key, address.pid, is_ours, address.stays)

    def _difference(self, address: Address) -> str | None:
        ours = version("feedgate")
        if address.version != ours:
            return f"it is of release {address.version}, this command of {ours}"
        mine = stated(self._file(), self._environment)
        named = None if self._config is None else self._file()
        names = (
            differing_settings(mine, address.stated, named)
            if address.stays
            else differing(mine, address.stated)
        )
        if address.stays:
            names = _without_unknown(names)
        return f"it was started with another {', another '.join(names)}" if names else None

    def _have_one_start(self) -> None:
        if self._child is not None:
            status = self._child.poll()
            if status is None:
                return
            failed = status > 0 and status != ANOTHER_SERVES and not self._child.has_served
            self._child = None
            if failed:
                self._check_settings()
                raise ServerDidNotStart(self._directory, f"it ended with status {status}")
        self._directory.create()
        self._start()

    def _start(self) -> None:
        config = [] if self._config is None else ["--config", str(self._file())]
        arguments = ["--for-commands", "--data", str(self._directory.path), *config]
        environment = self._environment
        if self._own is not None:
            arguments.append(FLAG)
            environment = without_credentials(environment, self._own)
        with _log_file(self._directory) as log, _told(self._own) as told:
            self._child = _Started.server(arguments, environment, told, log)

    def _check_settings(self) -> None:
        """Raise what is wrong with the settings, if that is why the server did not start."""
        from feedgate.app.outward import check_outward  # noqa: PLC0415  # heavy, and only here
        from feedgate.app.settings import load_settings  # noqa: PLC0415  # the same

        settings = load_settings(self._file(), self._environment, is_named=self._config is not None)
        check_outward(settings, self._directory)

    def _file(self) -> Path:
        return (self._config or self._directory.settings_file).resolve()


def _unheard(_text: str) -> None:
    """Nobody is told."""


@contextmanager
def connect_locally(
    data: Path,
    environment: Mapping[str, str],
    *,
    config: Path | None = None,
    own: OwnDestination | None = None,
    may_share: bool = False,
    say: Callable[[str], None] = _unheard,
) -> Iterator[LocalConnection]:
    """Hold the server of ``data``, starting one where none runs, until the block ends.

    ``environment`` is the command's own; a server started here gets it too.
    With ``own``, the command's own destination, that server must be one that this command starts, and it gets
    the environment without its credentials: a server that stays is refused at once, the end of another command's
    is waited for, of which ``say`` hears. With ``may_share`` those do as well: they know nothing of
    ``own``, and what they may ask is their settings' affair. Raises as ``LocalConnection.reattach``.
    """
    directory = DataDirectory(data.absolute())
    connection = LocalConnection(directory, environment, config, own, may_share=may_share, say=say)
    try:
        yield connection
    finally:
        connection.close()


@dataclass(slots=True)
class _Started:
    """A server that this command started and that may outlive it."""

    pid: int
    has_served: bool = False
    """Whether we ever held it: if so, its end is none of a start that failed."""
    _status: int | None = None

    @classmethod
    def server(
        cls, arguments: Sequence[str], environment: Mapping[str, str], told: int, log: int
    ) -> "_Started":
        """Start a server in a session of its own: Ctrl-C here is not its end, for other commands may hold it."""
        return cls(
            os.posix_spawn(  # subprocess would warn of a child left alive
                sys.executable,
                [sys.executable, "-P", "-m", "feedgate.app.supervisor", *arguments],
                environment,
                file_actions=[  # in this order: a command without a standard input has the log at 0
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                    (os.POSIX_SPAWN_DUP2, told, 0),
                ],
                setsid=True,
            )
        )

    def poll(self) -> int | None:
        """Return the exit status once it has ended, negative for a signal."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def end(self) -> None:
        """End one that another server was faster than; it has nothing to finish."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            os.waitpid(self.pid, 0)


def _not_taken(directory: DataDirectory, address: Address) -> OwnDestinationNotTaken:
    server = f"the server of {directory.path} (process {address.pid}, {address.url})"
    return OwnDestinationNotTaken(server, "End it, name another directory with --data, or")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _told(own: OwnDestination | None) -> Iterator[int]:
    """Open what a server is to find on its standard input."""
    descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) if own is None else pipe_with(own.to_bytes())
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _log_file(directory: DataDirectory) -> Iterator[int]:
    """Open the log that servers of commands share; a large one is put aside first."""
    log = directory.server_log
    if log.is_file() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.rename(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
