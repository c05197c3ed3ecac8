"""One server a directory, whatever starts, ends or is killed beside it."""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feedgate.app.address import Address, read_address, write_address
from feedgate.app.directory import DataDirectory
from feedgate.app.local import OtherServer, connect_locally
from feedgate.app.settings_errors import UnknownSetting
from feedgate.model.secret import Secret
from tests.builders.working_server import command_of

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
SOON_SECONDS = 12.0  # on a busy machine; a server that waits for a command or for an answer waits 15 s


@dataclass
class Command:
    """A process that holds the server."""

    process: "subprocess.Popen[str]"

    def held(self) -> dict[str, object]:
        """Return what it said once it held a server, or how it failed."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the command ended with {self.process.wait()}"
        said: dict[str, object] = json.loads(line)
        return said

    def let_go(self) -> int:
        """Have it end as a command ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Served:
    """A data directory, and every process that was started on it here."""

    directory: DataDirectory
    environment: dict[str, str]
    _started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def command(self, seconds: float = 60.0, /, **environment: str) -> Command:
        arguments = ["tests.builders.local_command", str(self.directory.path), str(seconds)]
        return Command(self._start(arguments, environment, stdin=subprocess.PIPE))

    def serve(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start ``feedgate serve`` by hand."""
        command = ["feedgate.app.supervisor", "--data", str(self.directory.path), "--port", "0", *arguments]
        return self._start(command, environment, stdin=subprocess.DEVNULL)

    def _start(self, command: list[str], environment: dict[str, str], stdin: int) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.environment | environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    @property
    def address(self) -> Address | None:
        return read_address(self.directory.address)

    def is_free(self) -> bool:
        """Whether neither server nor worker lives: both locks can be had."""
        for path in (self.directory.lock, self.directory.worker_lock):
            with path.open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
        return True

    def end_all(self) -> None:
        address = self.address
        for process in self._started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        # The address may be an old one, whose number is another process's by now.
        if address is not None and str(self.directory.path) in command_of(address.pid):
            with suppress(ProcessLookupError):
                os.kill(address.pid, signal.SIGTERM)
        wait(self.is_free)


def wait(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"not within {seconds} s"
        time.sleep(0.01)


def first_line(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    return server.stdout.readline().strip()


def children(pid: int) -> dict[str, int]:
    """Return the living children of a supervisor by the module that they run."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = {}
    for child in map(int, listed):
        with suppress(FileNotFoundError):
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            if "-m" in words:
                found[words[words.index("-m") + 1].removeprefix("feedgate.app.")] = child
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ask(url: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDGATE_")}
    directory = DataDirectory(tmp_path / "directory")
    directory.create()
    served = Served(directory, environment)
    yield served
    served.end_all()


@pytest.mark.parametrize("count", [2, 8])
def test_commands_at_once_on_an_empty_directory_share_one_server(served: Served, count: int) -> None:
    commands = [served.command() for _ in range(count)]
    held = [command.held() for command in commands]

    assert {one["pid"] for one in held} == {held[0]["pid"]}
    assert [one["ours"] for one in held].count(True) <= 1
    assert [one["stays"] for one in held] == [False] * count
    for command in commands:
        assert command.let_go() == 0
    wait(served.is_free)
    assert served.address is None


def test_the_server_ends_with_the_last_command_and_not_before(served: Served) -> None:
    first, second = served.command(), served.command()
    pid = first.held()["pid"]
    assert second.held()["pid"] == pid
    assert isinstance(pid, int)
    first.let_go()
    time.sleep(0.5)
    assert is_alive(pid)

    second.let_go()
    wait(lambda: not is_alive(pid), SOON_SECONDS)
    assert served.address is None
    assert served.is_free()


def test_commands_one_after_the_other_in_two_loops_never_fail(served: Served) -> None:
    failures: list[object] = []

    def loop() -> None:
        for _ in range(6):
            command = served.command(0.05)
            said = command.held()
            if "pid" not in said or command.process.wait(PATIENCE_SECONDS) != 0:
                failures.append(said)

    loops = [threading.Thread(target=loop) for _ in range(2)]
    for one in loops:
        one.start()
    for one in loops:
        one.join()

    assert failures == []


def test_a_killed_command_lets_its_server_go(served: Served) -> None:
    command = served.command()
    command.held()
    command.kill()

    wait(served.is_free, SOON_SECONDS)
    assert served.address is None


def test_a_server_that_no_command_reaches_ends_by_itself(served: Served) -> None:
    server = served.serve("--for-commands")
    wait(lambda: served.address is not None)

    assert server.wait(20) == 0
    assert served.address is None
    assert server.stdout is not None
    assert server.stdout.read() == ""


def test_when_the_server_is_killed_its_children_die_and_a_command_reattaches(served: Served) -> None:
    with connect_locally(served.directory.path, served.environment) as connection:
        before = connection.server
        old = children(before.pid)
        os.kill(before.pid, signal.SIGKILL)
        wait(lambda: not any(is_alive(pid) for pid in old.values()), SOON_SECONDS)

        after = connection.reattach()
        assert after.pid != before.pid
        assert after.started_by_us
        assert ask(after.url, "/-/live")[0] == 200
    wait(served.is_free, SOON_SECONDS)


def test_when_its_web_process_is_killed_a_server_for_commands_ends_and_a_command_reattaches(
    served: Served,
) -> None:
    with connect_locally(served.directory.path, served.environment) as connection:
        before = connection.server
        os.kill(children(before.pid)["web"], signal.SIGKILL)

        after = connection.reattach()
        assert after.pid != before.pid
        assert ask(after.url, "/-/live")[0] == 200
    wait(served.is_free, SOON_SECONDS)


def test_servers_killed_while_commands_come_leave_one_that_answers(served: Served) -> None:
    for _ in range(4):
        commands = [served.command() for _ in range(2)]
        pid = commands[0].held()["pid"]
        assert isinstance(pid, int)
        late = served.command()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        assert "pid" in late.held()
        for command in (*commands, late):
            command.kill()
    wait(served.is_free)


def test_serve_by_hand_prints_its_address_and_nothing_else(served: Served) -> None:
    server = served.serve()
    url = first_line(server)

    assert url.startswith("http://127.0.0.1:")
    assert ask(url, "/-/live")[0] == 200
    server.terminate()
    rest, _ = server.communicate(timeout=PATIENCE_SECONDS)
    assert rest == ""
    assert server.returncode == 0
    assert served.is_free()
    assert served.address is None


def test_a_second_serve_fails_and_names_the_first(served: Served) -> None:
    first = served.serve()
    url = first_line(first)
    time.sleep(1)
    begun = time.monotonic()
    second = served.serve()
    output, words = second.communicate(timeout=PATIENCE_SECONDS)

    assert second.returncode == 2
    assert output == ""
    assert url in words
    assert str(first.pid) in words
    assert time.monotonic() - begun < SOON_SECONDS


def test_a_port_that_is_taken_is_named(served: Served) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = served.serve("--port", str(port))
        _, words = server.communicate(timeout=PATIENCE_SECONDS)

    assert server.returncode == 2
    assert f"127.0.0.1:{port} is taken" in words
    assert served.is_free()


def test_commands_use_the_server_that_was_started_by_hand_and_leave_it(served: Served) -> None:
    server = served.serve()
    first_line(server)
    command = served.command()
    held = command.held()

    assert (held["pid"], held["stays"], held["ours"]) == (server.pid, True, False)
    command.let_go()
    time.sleep(0.5)
    assert is_alive(server.pid)


def test_serve_right_behind_the_last_command_takes_the_directory_over(served: Served) -> None:
    command = served.command()
    command.held()
    command.let_go()
    server = served.serve()

    assert first_line(server).startswith("http://")
    assert served.address is not None
    assert served.address.pid == server.pid


def test_serve_beside_a_command_waits_a_second_and_fails(served: Served) -> None:
    command = served.command()
    held = command.held()
    server = served.serve()
    _, words = server.communicate(timeout=PATIENCE_SECONDS)

    assert server.returncode == 2
    assert str(held["pid"]) in words
    assert "started by a command" in words


def test_a_killed_worker_is_started_again(served: Served) -> None:
    server = served.serve()
    first_line(server)
    wait(lambda: "worker" in children(server.pid))
    killed = children(server.pid)["worker"]
    os.kill(killed, signal.SIGKILL)

    wait(lambda: children(server.pid).get("worker", killed) != killed)


def test_a_killed_web_process_is_started_again_at_the_same_address_with_another_key(served: Served) -> None:
    server = served.serve()
    url = first_line(server)
    before = served.address
    os.kill(children(server.pid)["web"], signal.SIGKILL)
    wait(lambda: served.address not in (None, before))

    after = served.address
    assert before is not None
    assert after is not None
    assert after.url == url
    assert after.key.reveal() != before.key.reveal()
    assert ask(url, "/-/live")[0] == 200


def test_serve_ends_in_time_although_a_command_holds_it(served: Served) -> None:
    server = served.serve()
    first_line(server)
    command = served.command()
    command.held()
    begun = time.monotonic()
    server.terminate()

    assert server.wait(PATIENCE_SECONDS) == 0
    assert time.monotonic() - begun < SOON_SECONDS
    assert served.address is None


def test_serve_ends_in_time_although_a_client_never_finishes_its_request(served: Served) -> None:
    server = served.serve()
    url = urlsplit(first_line(server))
    with socket.create_connection((str(url.hostname), url.port)) as silent:
        silent.sendall(b"GET /-/live HTTP/1.1\r\nHost: a")
        begun = time.monotonic()
        server.terminate()
        assert server.wait(PATIENCE_SECONDS) == 0

    assert time.monotonic() - begun < 20


def test_ctrl_c_ends_serve_in_order(served: Served) -> None:
    server = served.serve()
    first_line(server)
    wait(lambda: len(children(server.pid)) == 2)
    started = children(server.pid)
    os.killpg(server.pid, signal.SIGINT)
    _, words = server.communicate(timeout=PATIENCE_SECONDS)

    assert server.returncode == 0
    assert "Traceback" not in words
    assert not any(is_alive(pid) for pid in started.values())


def test_a_silent_stranger_on_a_dead_servers_port_does_not_hold_a_command_up(served: Served) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}"
        write_address(served.directory.address, Address(url, Secret("old"), "old", 1, "0", stays=False))
        begun = time.monotonic()
        command = served.command()

        assert command.held()["url"] != url
        assert time.monotonic() - begun < 15


def test_a_stranger_that_answers_on_a_dead_servers_port_is_found_out(served: Served) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        url = f"http://127.0.0.1:{stranger.getsockname()[1]}"

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = stranger.accept()
                    connection.recv(4096)
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"sign": "mine"}')
                    connection.close()

        threading.Thread(target=answer, daemon=True).start()
        write_address(served.directory.address, Address(url, Secret("old"), "old", 1, "0", stays=False))
        command = served.command()

        assert command.held()["url"] != url
        stranger.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"url": 3}', b"\xff\xfe", b'{"stated": []}'])
def test_rubbish_in_the_address_file_is_no_address(served: Served, rubbish: bytes) -> None:
    served.directory.address.write_bytes(rubbish)

    assert "pid" in served.command(0).held()


def test_the_address_is_for_its_owner_alone_and_opens_nothing_without_the_key(served: Served) -> None:
    command = served.command()
    held = command.held()

    assert served.directory.address.stat().st_mode & 0o777 == 0o600
    assert served.directory.path.stat().st_mode & 0o777 == 0o700
    url = str(held["url"])
    assert ask(url, "/-/hold")[0] == 401
    assert ask(url, "/-/hold", {"Authorization": "Bearer wrong"})[0] == 401


def test_in_a_directory_that_others_may_enter_the_servers_files_are_its_owners_alone(served: Served) -> None:
    """Made beforehand, as a package or a service manager makes it."""
    served.directory.path.chmod(0o755)
    before = os.umask(0o022)
    try:
        server = served.serve()
    finally:
        os.umask(before)
    assert first_line(server)
    wait(served.directory.engine_file.exists)

    open_to_others = [
        str(path.relative_to(served.directory.path))
        for path in served.directory.path.rglob("*")
        if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_a_command_with_other_settings_is_refused_and_told_which(served: Served) -> None:
    served.command(FEEDGATE_FETCH__ATTEMPTS="2").held()
    environment = served.environment | {"FEEDGATE_FETCH__ATTEMPTS": "3"}

    with (
        pytest.raises(OtherServer, match="FEEDGATE_FETCH__ATTEMPTS"),
        connect_locally(served.directory.path, environment),
    ):
        pass


def test_a_command_that_states_nothing_takes_the_settings_of_a_server_started_by_hand(served: Served) -> None:
    server = served.serve(FEEDGATE_FETCH__ATTEMPTS="2", HTTPS_PROXY="http://proxy.example:3128")
    first_line(server)

    assert served.command().held()["pid"] == server.pid


def test_a_command_that_contradicts_a_server_started_by_hand_is_refused(served: Served) -> None:
    server = served.serve(FEEDGATE_FETCH__ATTEMPTS="2")
    first_line(server)

    said = served.command(FEEDGATE_FETCH__ATTEMPTS="3").held()
    assert said["code"] == "other-server"
    assert "FEEDGATE_FETCH__ATTEMPTS" in str(said["message"])


def test_a_variable_that_is_no_setting_keeps_no_command_from_a_server_started_by_hand(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    first_line(served.serve())
    environment = served.environment | {"FEEDGATE_TEAM__TOKEN": "x"}

    with connect_locally(served.directory.path, environment):
        pass

    assert "FEEDGATE_TEAM__TOKEN in the environment is no setting" in capsys.readouterr().err


def test_a_broken_setting_is_told_by_the_command_itself(served: Served) -> None:
    served.directory.settings_file.write_text('[upstream]\nulr = "http://index.example/simple/"\n')

    with pytest.raises(UnknownSetting) as caught, connect_locally(served.directory.path, served.environment):
        pass
    assert "upstream.ulr" in caught.value.message
    assert "upstream.url" in caught.value.next_step
    wait(served.is_free)


def test_a_broken_setting_stops_serve_and_names_the_right_one(served: Served) -> None:
    server = served.serve(FEEDGATE_UPSTREAM__ULR="http://index.example/simple/")
    output, words = server.communicate(timeout=PATIENCE_SECONDS)

    assert server.returncode == 2
    assert output == ""
    assert "FEEDGATE_UPSTREAM__URL" in words


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("HTTPS_PROXY", "socks5://proxy.example:1080", "invalid-proxy"),
        ("FEEDGATE_UPSTREAM__ALLOWED_HOSTS", "http://", "invalid-host"),
        ("FEEDGATE_UPSTREAM__CA", __file__, "invalid-certificate-authority"),
    ],
)
def test_a_way_to_the_upstream_that_can_not_be_gone_is_told_at_start(
    served: Served, variable: str, value: str, code: str
) -> None:
    assert served.command(**{variable: value}).held()["code"] == code
    server = served.serve(**{variable: value})
    assert server.wait(PATIENCE_SECONDS) == 2


def test_nothing_is_imported_from_the_folder_a_command_stands_in(served: Served, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the current folder')")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with connect_locally(served.directory.path, served.environment) as connection:
            assert ask(connection.server.url, "/-/live")[0] == 200
    finally:
        os.chdir(before)
