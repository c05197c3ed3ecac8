"""A child: what it is told each time, and how long it is waited for before it is started again."""

import os
import time
from pathlib import Path

import pytest

from feedgate.app.children import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    STEADY_SECONDS,
    Child,
    next_pause,
)

PATIENCE_SECONDS = 30.0


@pytest.mark.parametrize(
    ("last", "lived", "expected"),
    [
        pytest.param(FIRST_PAUSE_SECONDS, 0.0, 2 * FIRST_PAUSE_SECONDS, id="fell-over-at-once"),
        pytest.param(20.0, 1.0, LONGEST_PAUSE_SECONDS, id="never-longer-than-the-longest"),
        pytest.param(LONGEST_PAUSE_SECONDS, STEADY_SECONDS, FIRST_PAUSE_SECONDS, id="lived-long-enough"),
        pytest.param(1.0, STEADY_SECONDS - 0.1, 2.0, id="just-not-long-enough"),
    ],
)
def test_the_pause_grows_until_a_child_lives(last: float, lived: float, expected: float) -> None:
    assert next_pause(last, lived) == expected


def started(folder: Path, script: str, *, told: bytes | None) -> Child:
    """Return a child of a module that is made here; it runs with the folder as its first argument."""
    (folder / "told_module.py").write_text(script)
    return Child("told_module", [str(folder)], told=told)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules a child finds."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


WRITES_WHAT_IT_IS_TOLD = """
import os, sys
with open(sys.argv[-1] + "/told", "ab") as file:
    file.write(sys.stdin.buffer.read() + b"|")
"""


def test_each_start_is_told_the_same(on_path: Path) -> None:
    secret = b"c4n4ry" * 1000
    child = started(on_path, WRITES_WHAT_IT_IS_TOLD, told=secret)
    for _ in range(2):
        child.start()
        assert child.reap(PATIENCE_SECONDS) == 0

    assert (on_path / "told").read_bytes() == (secret + b"|") * 2
    assert "c4n4ry" not in repr(child)


def test_one_that_is_told_nothing_finds_nothing(on_path: Path) -> None:
    child = started(on_path, WRITES_WHAT_IT_IS_TOLD, told=None)
    child.start()

    assert child.reap(PATIENCE_SECONDS) == 0
    assert (on_path / "told").read_bytes() == b"|"


@pytest.mark.parametrize("last_words", ["os._exit(3)", "os.close(0); os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_one_that_dies_before_it_reads_harms_nobody(on_path: Path, last_words: str) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    child = started(on_path, f"import os\n{last_words}\n", told=b"x" * 10_000)
    for _ in range(2):
        child.start()
        assert child.reap(PATIENCE_SECONDS) in {3, -9}

    assert set(Path("/proc/self/fd").iterdir()) == before


def test_what_it_is_told_stands_in_no_argument_and_no_environment(on_path: Path) -> None:
    child = started(on_path, "import signal\nsignal.pause()\n", told=b"c4n4ry")
    child.start()
    try:
        pid = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1]
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while b"told_module" not in (words := Path(f"/proc/{pid}/cmdline").read_bytes()):
            assert time.monotonic() < ends_at
        assert b"c4n4ry" not in words + Path(f"/proc/{pid}/environ").read_bytes()
    finally:
        child.end(0)
