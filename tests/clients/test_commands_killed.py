"""Commands side by side, and killed in the middle: nothing is disturbed, and the run goes on and ends."""

import itertools
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedgate.app.address import read_address
from tests.builders.command_line import PATIENCE_SECONDS, CommandLine, Server, command_line, wait_until
from tests.doubles.upstream import Pause, Upstream

TARGET = "3.11@x86_64-manylinux_2_28"
FEED = "acme/team"
NAMES = ("alpha", "beta", "gamma")

_numbers = itertools.count(1)

pytestmark = pytest.mark.timeout(300)


def wheel_of(name: str) -> str:
    return f"{name}-1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def stocked(upstream: Upstream, make_wheel: Callable[..., Path]) -> Iterator[Upstream]:
    """An upstream with three releases, whose bytes are new for each test."""
    upstream.behave()
    upstream.log.clear()
    for name in NAMES:
        new = {"note.txt": str(next(_numbers))}
        upstream.add(wheel_of(name), make_wheel(name, "1.0", files=new).read_bytes())
    yield upstream
    upstream.behave()


@pytest.fixture
def alone(tmp_path: Path, stocked: Upstream) -> CommandLine:
    """A data directory of its own, that no server serves, with one feed."""
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=stocked.url)
    feedgate.done("feed", "create", FEED, "--target", TARGET)
    return feedgate


def ended(command: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = command.communicate(timeout=PATIENCE_SECONDS)
    return command.returncode, out, err


def server_of(feedgate: CommandLine) -> int:
    """Return the process that serves the directory now."""
    wait_until(lambda: read_address(feedgate.data / "server.json") is not None)
    address = read_address(feedgate.data / "server.json")
    assert address is not None
    return address.pid


def states(feedgate: CommandLine) -> list[str]:
    """Return the states of all runs, oldest first, from the records themselves."""
    raw = sqlite3.connect(feedgate.data / "records.sqlite")
    try:
        return [state for (state,) in raw.execute("SELECT state FROM run ORDER BY created_at")]
    finally:
        raw.close()


def fetched(upstream: Upstream) -> list[str]:
    """Return the files that were asked for, in order."""
    return [seen.what for seen in upstream.log if seen.method == "GET" and seen.what.endswith(".whl")]


def test_commands_from_several_shells_beside_a_server_end_each_for_itself(
    server: Server, feedgate: CommandLine, feed: str, stocked: Upstream
) -> None:
    commands = [feedgate.start("add", *names, "-f", feed, "--json") for names in (NAMES[:2], NAMES[1:])]

    ends = [ended(command) for command in commands]

    assert [status for status, _out, _err in ends] == [0, 0], ends
    assert server.process.poll() is None
    assert feedgate.json("feed", "show", feed)["distributions"] == 3
    assert sorted(fetched(stocked)) == [wheel_of(name) for name in NAMES]  # none of them twice


def test_two_commands_at_once_start_one_server_between_them(alone: CommandLine, stocked: Upstream) -> None:
    commands = [alone.start("add", name, "-f", FEED, "--json") for name in NAMES[:2]]

    ends = [ended(command) for command in commands]

    assert [status for status, _out, _err in ends] == [0, 0], ends
    assert states(alone) == ["published", "published"]
    assert alone.json("feed", "show", FEED)["distributions"] == 2
    assert alone.json("ledger", "verify", "-f", FEED)["holds"]


def test_a_command_and_its_server_are_killed_and_the_command_is_given_again(
    alone: CommandLine, stocked: Upstream
) -> None:
    stocked.fault(wheel_of("gamma"), Pause(600))
    command = alone.start("add", *NAMES, "-f", FEED)
    wait_until(lambda: bool(stocked.asked(wheel_of("gamma"))))
    wait_until(lambda: _stored(alone) >= 2)
    os.kill(server_of(alone), signal.SIGKILL)
    command.kill()
    ended(command)
    assert states(alone) == ["running"]
    stocked.behave()

    again = alone("add", *NAMES, "-f", FEED, "--json")

    assert again.status == 0, again
    assert again.json["state"] == "published"
    first = alone.done("run", "list", "--json").json_lines[-1]["run"]
    assert alone("run", "follow", first, "--json").json["state"] == "published"
    assert alone.json("feed", "show", FEED)["distributions"] == 3
    assert fetched(stocked).count(wheel_of("alpha")) == 1  # finished work is not done again
    assert alone.json("ledger", "verify", "-f", FEED)["holds"]


def test_a_command_whose_server_is_killed_finds_or_starts_one_and_follows_on(
    alone: CommandLine, stocked: Upstream
) -> None:
    stocked.fault(wheel_of("gamma"), Pause(600), times=1)
    command = alone.start("add", *NAMES, "-f", FEED, "--json")
    wait_until(lambda: bool(stocked.asked(wheel_of("gamma"))))
    killed = server_of(alone)

    os.kill(killed, signal.SIGKILL)

    status, out, err = ended(command)
    assert status == 0, (out, err)
    assert '"state":"published"' in out
    assert "Traceback" not in err
    assert states(alone) == ["published"]


def test_a_killed_command_leaves_the_run_to_the_server_that_stays(
    feedgate: CommandLine, feed: str, stocked: Upstream
) -> None:
    stocked.fault(wheel_of("alpha"), Pause(2))
    command = feedgate.start("add", "alpha", "-f", feed)
    wait_until(lambda: bool(stocked.asked(wheel_of("alpha"))))

    command.kill()
    ended(command)

    run = feedgate.done("run", "list", "-f", feed, "--json").json_lines[0]["run"]
    assert feedgate("run", "follow", run, "--json").json["state"] == "published"


def _stored(feedgate: CommandLine) -> int:
    return sum(path.is_file() for path in (feedgate.data / "blobs" / "sha256").rglob("*"))
