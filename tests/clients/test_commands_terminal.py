"""Commands and the terminal: bars where somebody watches, none where nobody does, and Ctrl-C."""

import itertools
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.builders.command_line import (
    EXECUTABLE,
    PATIENCE_SECONDS,
    CommandLine,
    command_line,
    wait_until,
)
from tests.builders.terminal import terminal
from tests.doubles.upstream import Pause, Upstream

TARGET = "3.11@x86_64-manylinux_2_28"
WHEEL = "demo-1.0-py3-none-any.whl"
TERMINAL = {"TERM": "xterm-256color"}

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def stocked(upstream: Upstream, make_wheel: Callable[..., Path]) -> Iterator[Upstream]:
    """An upstream with one release, whose bytes are new for each test."""
    upstream.behave()
    upstream.log.clear()
    upstream.add(WHEEL, make_wheel("demo", "1.0", files={"note.txt": str(next(_numbers))}).read_bytes())
    yield upstream
    upstream.behave()


def on_terminal(
    feedgate: CommandLine, *words: str, columns: int, stdout: bool = False
) -> tuple["subprocess.CompletedProcess[str]", str]:
    """Run a command whose standard error (and with ``stdout`` all of its output) is a terminal."""
    with terminal(columns) as screen:
        done = subprocess.run(
            [EXECUTABLE, *words],
            env={**feedgate.environment, **TERMINAL},
            stdin=subprocess.DEVNULL,
            stdout=screen.descriptor if stdout else subprocess.PIPE,
            stderr=screen.descriptor,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    return done, screen.shown


def test_on_a_terminal_each_step_has_a_bar_and_json_stays_clean(feedgate: CommandLine, feed: str) -> None:
    done, shown = on_terminal(feedgate, "add", "demo", "-f", feed, "--json", columns=120)

    assert done.returncode == 0, shown
    assert done.stdout.count("\n") == 1
    assert '"state":"published"' in done.stdout
    assert "\x1b[" in shown
    assert "━" in shown
    for step in ("resolve", "fetch", "prove", "publish"):
        assert step in shown


def test_on_a_narrow_terminal_there_are_lines(feedgate: CommandLine, feed: str) -> None:
    done, shown = on_terminal(feedgate, "add", "demo", "-f", feed, columns=79)

    assert done.returncode == 0, shown
    assert "━" not in shown
    assert "\x1b" not in shown
    assert "publish (" in shown


def test_a_table_has_headings_on_a_terminal_and_none_in_a_pipe(feedgate: CommandLine, feed: str) -> None:
    _done, shown = on_terminal(feedgate, "feed", "list", columns=120, stdout=True)

    assert "projects" in shown
    assert feed in shown
    piped = feedgate.done("feed", "list").out
    assert "projects" not in piped
    assert f"{feed}\towner\t0\t0\t0 B\t1\tprivate\n" in piped


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_who_wants_no_colours_gets_none(feedgate: CommandLine, feed: str, variable: str) -> None:
    plain = {"NO_COLOR": "1", "TERM": "xterm"} if variable == "NO_COLOR" else {"TERM": "dumb"}
    with terminal() as screen:
        subprocess.run(
            [EXECUTABLE, "feed", "list"],
            env={**feedgate.environment, **plain},
            stdout=screen.descriptor,
            stderr=screen.descriptor,
            timeout=PATIENCE_SECONDS,
            check=True,
        )

    assert feed in screen.shown
    assert "\x1b[3" not in screen.shown  # a colour of the foreground


def interrupted(command: "subprocess.Popen[str]", upstream: Upstream) -> tuple[int, str, str]:
    """Press Ctrl-C once the run fetches and the command has said so much; return exit status and output."""
    assert command.stderr is not None
    first = command.stderr.readline()
    assert first.startswith("resolve"), first
    wait_until(lambda: bool(upstream.asked(WHEEL)))
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=PATIENCE_SECONDS)
    return command.returncode, out, err


def test_after_ctrl_c_the_run_goes_on_where_a_server_ran_before(
    feedgate: CommandLine, feed: str, stocked: Upstream
) -> None:
    stocked.fault(WHEEL, Pause(3))

    status, out, err = interrupted(feedgate.start("add", "demo", "-f", feed), stocked)

    assert (status, out) == (130, "")
    run = err.splitlines()[-1].split()[0]
    assert err.splitlines()[-1] == f"{run} goes on. Follow it with: feedgate run follow {run}"
    assert "Traceback" not in err
    followed = feedgate("run", "follow", run, "--json")
    assert (followed.status, followed.json["state"]) == (0, "published")


def test_after_ctrl_c_the_run_is_cancelled_where_the_command_had_started_the_server(
    stocked: Upstream, tmp_path: Path
) -> None:
    feedgate = command_line(tmp_path / "home", tmp_path / "data", upstream=stocked.url)
    feedgate.done("feed", "create", "acme/team", "--target", TARGET)
    stocked.fault(WHEEL, Pause(600))

    status, out, err = interrupted(feedgate.start("add", "demo", "-f", "acme/team", "--json"), stocked)

    assert status == 130
    run = err.splitlines()[-1].split(":")[0]
    assert err.splitlines()[-1] == f"{run}: cancelled. Ask again with: feedgate run retry {run}"
    assert f'"run":"{run}"' in out
    stocked.behave()
    followed = feedgate("run", "follow", run, "--json")
    assert (followed.status, followed.json["state"]) == (130, "cancelled")
    assert feedgate.json("feed", "show", "acme/team")["distributions"] == 0
    assert feedgate.json("run", "retry", run)["state"] == "published"


def test_ctrl_c_on_following_leaves_the_run_alone(
    feedgate: CommandLine, feed: str, stocked: Upstream
) -> None:
    stocked.fault(WHEEL, Pause(3))
    run = feedgate.json("add", "demo", "-f", feed, "--no-wait")["run"]

    status, _out, err = interrupted(feedgate.start("run", "follow", run), stocked)

    assert status == 130
    assert f"{run} goes on." in err
    assert feedgate("run", "follow", run).status == 0


def _seconds(words: Sequence[str | Path], environment: dict[str, str]) -> float:
    """Return the processor time that a command took, which other work on the machine does not stretch much."""
    before = os.times()
    subprocess.run(words, env=environment, capture_output=True, check=True, timeout=PATIENCE_SECONDS)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_the_help_is_there_within_three_tenths_of_a_second(feedgate: CommandLine) -> None:
    environment = {name: v for name, v in feedgate.environment.items() if not name.startswith("COV")}

    bare = statistics.median(_seconds([sys.executable, "-c", "pass"], environment) for _ in range(5))
    help_ = statistics.median(_seconds([EXECUTABLE, "--help"], environment) for _ in range(5))

    assert help_ < 0.3
    assert help_ - bare < 0.25
