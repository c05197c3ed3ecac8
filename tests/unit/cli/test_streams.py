"""Whoever stops reading, and a disk that is full, end a command as other tools end: never in a stack trace."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

FULL = Path("/dev/full")
LONG = (
    "import sys\n"
    "from feedgate.cli.streams import take_streams\n"
    "take_streams()\n"
    "sys.stdout.write('x' * 1_000_000)\n"
    "print('still here', file=sys.stderr)\n"
)

needs_a_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def feedgate(*words: str, **streams: Any) -> "subprocess.CompletedProcess[str]":
    return run(["-m", "feedgate", *words], **streams)


def run(words: Sequence[str], **streams: Any) -> "subprocess.CompletedProcess[str]":
    default = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [sys.executable, *words], **{**default, **streams}, text=True, timeout=60, check=False
    )


def without_a_reader() -> int:
    """Return the writing end of a pipe that nobody reads from."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@needs_a_full_device
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["--nonsense", "--json"]])
def test_a_full_disk_is_said_in_a_sentence(words: list[str]) -> None:
    with FULL.open("w") as full:
        done = feedgate(*words, stdout=full)

    assert done.returncode == 1
    assert done.stderr == (
        "feedgate: standard output takes no more: No space left on device\n"
        "  next: What was done stays done; to see it, ask again with an output that has room.\n"
    )


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["--nonsense", "--json"]])
def test_a_reader_that_has_gone_is_told_nothing(words: list[str]) -> None:
    writing = without_a_reader()
    try:
        done = feedgate(*words, stdout=writing)
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (141, "")


def test_an_output_that_was_closed_before_is_said_too() -> None:
    done = feedgate("--version", stdout=None, preexec_fn=lambda: os.close(1))

    assert done.returncode == 1
    assert done.stderr.startswith("feedgate: standard output takes no more: Bad file descriptor\n")


def test_who_says_nothing_does_not_mind_a_closed_output() -> None:
    done = feedgate("--nonsense", stdout=None, preexec_fn=lambda: os.close(1))

    assert done.returncode == 2
    assert done.stderr.startswith("feedgate: No such option: --nonsense\n")


@pytest.mark.parametrize("closed", [[0], [2], [0, 1, 2]])
def test_no_file_of_ours_takes_the_place_of_a_closed_stream(closed: list[int]) -> None:
    program = (
        "import os\n"
        "from feedgate.cli.streams import take_streams\n"
        "take_streams()\n"
        "assert os.open('/dev/null', os.O_RDONLY) > 2\n"
    )

    def close() -> None:
        for number in closed:
            os.close(number)

    assert run(["-c", program], preexec_fn=close).returncode == 0


@needs_a_full_device
def test_progress_that_nobody_takes_does_not_end_a_command() -> None:
    program = LONG.replace("sys.stdout", "sys.stderr").replace("file=sys.stderr", "flush=True")
    with FULL.open("w") as full:
        on_a_full_disk = run(["-c", program], stderr=full)
    writing = without_a_reader()
    try:
        without_reader = run(["-c", program], stderr=writing)
    finally:
        os.close(writing)

    assert (on_a_full_disk.returncode, on_a_full_disk.stdout) == (0, "still here\n")
    assert (without_reader.returncode, without_reader.stdout) == (0, "still here\n")


@needs_a_full_device
def test_an_output_that_is_longer_than_what_is_held_back_fails_where_it_is_written() -> None:
    """Reports of large closures are: the error comes out of the writing, not out of the last flush."""
    with FULL.open("w") as full:
        done = run(["-c", LONG], stdout=full)

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("OutputLost: standard output takes no more: No space left on device")
    assert "still here" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_what_is_said_comes_through_unchanged() -> None:
    program = (
        "import sys\n"
        "from feedgate.cli.streams import take_streams\n"
        "sys.stdout.write('before ')\n"
        "take_streams()\n"
        "sys.stdout.write('Köln 壊\\n')\n"
        "sys.stderr.write('\\udc80\\n')\n"
    )
    done = run(["-c", program])

    assert (done.returncode, done.stdout, done.stderr) == (0, "before Köln 壊\n", "\\udc80\n")
