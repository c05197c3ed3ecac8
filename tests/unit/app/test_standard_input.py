"""What is handed over through a pipe is there before its reader is, and nobody waits for anybody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from feedgate.app.standard_input import TooMuchToHandOver, pipe_with

READ = """
import os, sys
from feedgate.app.standard_input import take_standard_input
told = take_standard_input()
os.write(1, told)
os.write(2, os.readlink("/proc/self/fd/0").encode())
"""


def read(told: int) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run([sys.executable, "-c", READ], stdin=told, capture_output=True, check=True)
    finally:
        os.close(told)


@pytest.mark.parametrize("content", [b"", b"x", b"\0\xff\n" * 10_000])
def test_a_child_reads_it_whole_and_finds_nothing_afterwards(content: bytes) -> None:
    done = read(pipe_with(content))

    assert done.stdout == content
    assert done.stderr == os.devnull.encode()


def test_nobody_need_read_it() -> None:
    before = set(Path("/proc/self/fd").iterdir())
    os.close(pipe_with(b"x" * 10_000))

    assert set(Path("/proc/self/fd").iterdir()) == before


def test_no_child_inherits_it_by_chance() -> None:
    told = pipe_with(b"x")
    try:
        assert not os.get_inheritable(told)
    finally:
        os.close(told)


def test_more_than_a_pipe_holds_is_refused_at_once_and_nothing_stays_open() -> None:
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(TooMuchToHandOver, match="2000000 bytes") as caught:
        pipe_with(b"x" * 2_000_000)

    limit = caught.value.facts["limit_bytes"]
    assert isinstance(limit, int)
    assert 4096 <= limit < 2_000_000
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_as_much_as_a_pipe_holds_is_taken() -> None:
    with pytest.raises(TooMuchToHandOver) as caught:
        pipe_with(b"x" * 2_000_000)
    room = int(str(caught.value.facts["limit_bytes"]))

    assert read(pipe_with(b"y" * room)).stdout == b"y" * room
