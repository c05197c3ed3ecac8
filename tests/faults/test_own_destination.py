"""The caller's own credentials reach the worker of a server that the command started, and nothing else."""

import base64
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from feedgate.api.bodies import FeedCreation
from feedgate.api.client import Client
from feedgate.api.connection import Server
from feedgate.api.run_bodies import RunCreation
from feedgate.app.address import Address, read_address, write_address
from feedgate.app.directory import DataDirectory
from feedgate.app.local import LocalConnection, connect_locally
from feedgate.app.own_destination import OwnDestination, OwnDestinationNotTaken
from feedgate.model.destination import Addresses
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from tests.builders.working_server import children, command_of, descendants_of, wait_until

ROOT = Path(__file__).parents[2]
FEED = FeedPath("acme", "pip-feed")
CANARY = "c4n4ry/t0k3n+which=is-long"
UPLOAD = "https://packages.example/upload/"
OWN = OwnDestination(Addresses(UPLOAD, "https://packages.example/simple/"), "someone-canary", Secret(CANARY))
FORMS = tuple(
    form.encode()
    for form in (
        CANARY,
        "someone-canary",
        quote(CANARY, safe=""),
        base64.b64encode(f"someone-canary:{CANARY}".encode()).decode(),
        base64.b64encode(f":{CANARY}".encode()).decode().rstrip("="),
    )
)


@dataclass
class Caller:
    """A user's shell with credentials in its environment, and a data directory."""

    directory: DataDirectory
    environment: dict[str, str]

    @property
    def clean(self) -> dict[str, str]:
        """The environment of a command that knows of no credentials."""
        return {name: value for name, value in self.environment.items() if CANARY not in value}

    def log(self) -> str:
        path = self.directory.server_log
        return path.read_text() if path.exists() else ""

    def handed_over(self) -> int:
        """How often a worker said that it was told of the destination."""
        return self.log().count(f"own destination takes uploads at {UPLOAD}")

    def is_free(self) -> bool:
        for path in (self.directory.lock, self.directory.worker_lock):
            with path.open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
        return True

    def plain_command(self) -> "subprocess.Popen[str]":
        """Start a command without a destination, which holds the server until its standard input ends."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.builders.local_command", str(self.directory.path), "60"],
            cwd=ROOT,
            env=self.clean,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FEEDGATE_")}
    environment = {
        **kept,
        "FEEDGATE_UPSTREAM__URL": "http://127.0.0.1:9/simple/",
        "FEEDGATE_DESTINATION_PASSWORD": CANARY,
        "SYSTEM_ACCESSTOKEN": CANARY,
        "PIP_INDEX_URL": f"https://someone-canary:{quote(CANARY, safe='')}@packages.example/simple/",
        "TWINE_PASSWORD": CANARY,
    }
    caller = Caller(DataDirectory(tmp_path / "directory"), environment)
    caller.directory.create()
    yield caller
    address = read_address(caller.directory.address)
    # The address may be an old one, whose number is another process's by now.
    if address is not None and str(caller.directory.path) in command_of(address.pid):
        with suppress(ProcessLookupError):
            os.kill(address.pid, signal.SIGTERM)
    wait_until(caller.is_free)


def have_a_worker(connection: LocalConnection) -> int:
    """Ask for a run, which has a worker started; return its process."""
    found = connection.server
    with Client(Server(found.url, found.key, is_local=True)) as client:
        client.create_feed(
            FeedCreation(
                organization=FEED.organization, feed=FEED.feed, targets=["3.11@x86_64-manylinux_2_28"]
            )
        )
        client.create_run(FEED, RunCreation(requirements=["demo"]), key="once")
    wait_until(lambda: "worker" in children(found.pid))
    return children(found.pid)["worker"]


def seen_of(pid: int) -> bytes:
    """Return what any process of the same user reads of another: its arguments and its environment."""
    found = b""
    for name in ("cmdline", "environ"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += Path(f"/proc/{pid}/{name}").read_bytes()
    return found


def holding_it(directory: Path) -> list[str]:
    """Return the files below the directory that hold the secret in any form."""
    return [
        str(path)
        for path in directory.rglob("*")
        if path.is_file() and any(form in path.read_bytes() for form in FORMS)
    ]


def test_the_worker_is_told_and_the_secret_stands_nowhere(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        supervisor = connection.server.pid
        worker = have_a_worker(connection)
        wait_until(lambda: caller.handed_over() == 1)
        wait_until(caller.directory.engine_file.exists)
        processes = {supervisor, worker, children(supervisor)["web"], *descendants_of(supervisor)}
        ends_at = time.monotonic() + 3
        while time.monotonic() < ends_at:  # the run's own children come and go
            processes |= {*descendants_of(supervisor)}
            for pid in processes:
                seen = seen_of(pid)
                assert not [form for form in FORMS if form in seen]
        assert b"--own-destination" in seen_of(supervisor)
        assert b"--own-destination" in seen_of(worker)
        assert b"--own-destination" not in seen_of(children(supervisor)["web"])
        assert b"PATH=" in seen_of(worker)
        assert holding_it(caller.directory.path) == []
        for pid in (supervisor, worker, children(supervisor)["web"]):
            assert Path(f"/proc/{pid}/fd/0").readlink() == Path(os.devnull)
    wait_until(caller.is_free)
    assert holding_it(caller.directory.path) == []


def test_the_worker_starts_together_with_the_server_since_a_run_is_about_to_come(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        assert "worker" in children(connection.server.pid)
    wait_until(caller.is_free)
    with connect_locally(caller.directory.path, caller.clean) as connection:
        assert "worker" not in children(connection.server.pid)


def test_a_killed_workers_next_one_is_told_again(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        worker = have_a_worker(connection)
        wait_until(lambda: caller.handed_over() == 1)
        os.kill(worker, signal.SIGKILL)

        wait_until(lambda: caller.handed_over() == 2)
        assert children(connection.server.pid)["worker"] != worker


def test_a_worker_that_is_killed_before_it_reads_holds_nobody_up(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        os.kill(have_a_worker(connection), signal.SIGKILL)

        wait_until(lambda: caller.handed_over() >= 1)
        found = connection.server
        with Client(Server(found.url, found.key, is_local=True)) as client:
            assert [feed.feed for feed in client.list_feeds().body] == [str(FEED)]


def test_the_server_that_takes_a_killed_ones_place_is_told_again(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        before = connection.server
        have_a_worker(connection)
        wait_until(lambda: caller.handed_over() == 1)
        web = children(before.pid)["web"]
        os.kill(before.pid, signal.SIGKILL)
        wait_until(lambda: not any(command_of(web)))  # it answers until it has seen that it is alone

        after = connection.reattach()
        assert after.pid != before.pid
        assert after.started_by_us
        with Client(Server(after.url, after.key, is_local=True)) as client:
            client.create_run(FEED, RunCreation(requirements=["demo"]), key="again")
        wait_until(lambda: caller.handed_over() == 2)


def test_a_server_that_a_command_starts_without_one_is_told_nothing(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.clean) as connection:
        worker = have_a_worker(connection)
        wait_until(lambda: "worker" in children(connection.server.pid))

        assert b"--own-destination" not in seen_of(worker)
        assert caller.handed_over() == 0


def test_a_server_that_stays_is_refused_at_once_and_named(caller: Caller) -> None:
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "feedgate.app.supervisor",
            "--data",
            str(caller.directory.path),
            "--port",
            "0",
        ],
        env=caller.clean,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        begun = time.monotonic()
        with (
            pytest.raises(OwnDestinationNotTaken, match=str(server.pid)) as caught,
            connect_locally(caller.directory.path, caller.environment, own=OWN),
        ):
            pass
        assert time.monotonic() - begun < 4
        assert url in caught.value.message
        assert "feedgate destination add" in caught.value.next_step
        assert CANARY not in f"{caught.value!r}{caught.value.next_step}"
        assert server.poll() is None
    finally:
        server.terminate()
        server.wait(30)
        if server.stdout is not None:
            server.stdout.close()


def test_another_commands_server_is_waited_for_until_it_ends_and_named(caller: Caller) -> None:
    other = caller.plain_command()
    assert other.stdout is not None
    assert other.stdin is not None
    said: list[str] = []
    try:
        pid = json.loads(other.stdout.readline())["pid"]
        begun = time.monotonic()
        threading.Timer(7.0, other.stdin.close).start()
        with connect_locally(
            caller.directory.path, caller.environment, own=OWN, say=said.append
        ) as connection:
            assert time.monotonic() - begun > 7
            assert connection.server.started_by_us
            assert connection.server.pid != pid
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert len(said) == 1
    assert f"(process {pid})" in said[0]
    assert CANARY not in said[0]


def test_a_server_that_nobody_came_to_hold_is_waited_for(caller: Caller) -> None:
    """Its command was killed before it held it: the server ends ten seconds after it began to answer."""
    nobodys = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "feedgate.app.supervisor", "--for-commands"),
            *("--data", str(caller.directory.path)),
        ],
        env=caller.clean,
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: read_address(caller.directory.address) is not None)
        with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
            assert connection.server.started_by_us
            assert connection.server.pid != nobodys.pid
            assert nobodys.wait(30) == 0
    finally:
        nobodys.kill()
        nobodys.wait(30)


def test_a_killed_servers_web_process_is_waited_for(caller: Caller) -> None:
    """It answers until it has seen that it is alone, and knows nothing of what a command brings."""
    other = caller.plain_command()
    assert other.stdout is not None
    try:
        pid = json.loads(other.stdout.readline())["pid"]
        web = children(pid)["web"]
        os.kill(pid, signal.SIGKILL)
        with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
            assert connection.server.started_by_us
            assert not any(command_of(web))
    finally:
        other.kill()
        other.communicate()


def test_two_such_commands_at_once_get_a_server_each_one_after_the_other(caller: Caller) -> None:
    held: list[tuple[int, bool]] = []
    holding = threading.Lock()
    failed: list[Exception] = []

    def call() -> None:
        try:
            with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
                assert holding.acquire(blocking=False), "two at once"
                held.append((connection.server.pid, connection.server.started_by_us))
                time.sleep(2)
                holding.release()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test says so
            failed.append(error)

    commands = [threading.Thread(target=call) for _ in range(2)]
    for command in commands:
        command.start()
    for command in commands:
        command.join(90)

    assert failed == []
    assert [ours for _pid, ours in held] == [True, True]
    assert len({pid for pid, _ours in held}) == 2


def test_such_commands_one_right_after_the_other_never_meet(caller: Caller) -> None:
    servers = set()
    for _ in range(5):
        with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
            assert connection.server.started_by_us
            servers.add(connection.server.pid)

    assert len(servers) == 5


def test_a_plain_command_shares_the_server_and_ends_nothing(caller: Caller) -> None:
    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        with connect_locally(caller.directory.path, caller.clean) as plain:
            assert plain.server.pid == connection.server.pid
            assert not plain.server.started_by_us
        have_a_worker(connection)
        wait_until(lambda: caller.handed_over() == 1)


@pytest.mark.parametrize("pid", [1, 2**40, -1])
def test_a_dead_servers_address_is_found_out(caller: Caller, pid: int) -> None:
    """Even where some process has its number by now."""
    old = Address("http://127.0.0.1:9", Secret("old"), "old", pid, "0", stays=False)
    write_address(caller.directory.address, old)

    with connect_locally(caller.directory.path, caller.environment, own=OWN) as connection:
        assert connection.server.started_by_us


def test_a_server_started_by_hand_takes_none(caller: Caller) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "feedgate.app.supervisor"),
            *("--data", str(caller.directory.path), "--port", "0", "--own-destination"),
        ],
        env=caller.clean,
        input=OWN.to_bytes(),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert CANARY.encode() not in done.stdout + done.stderr
