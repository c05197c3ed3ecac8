"""The data directory, its locks, and PyPI's address."""

import os
import subprocess
import sys
from pathlib import Path

import pypi_simple

from feedgate.app.directory import DataDirectory
from feedgate.app.lock import open_lock, try_lock
from feedgate.app.pypi import pypi_url

HEAVY = ("pydantic", "sqlalchemy", "httpx", "uvicorn", "starlette", "structlog", "dbos", "aiohttp", "asyncio")


def test_it_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        DataDirectory(tmp_path / "a" / "b").create()
    finally:
        os.umask(before)

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_made_twice_it_is_the_same(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "a")
    directory.create()
    directory.settings_file.touch()
    directory.create()

    assert directory.settings_file.exists()


def test_a_lock_is_had_once_and_free_when_its_holder_is_gone(tmp_path: Path) -> None:
    first, second = open_lock(tmp_path / "lock"), open_lock(tmp_path / "lock")

    assert try_lock(first)
    assert not try_lock(second)
    os.close(first)
    assert try_lock(second)
    os.close(second)


def test_a_child_inherits_no_lock(tmp_path: Path) -> None:
    lock = open_lock(tmp_path / "lock")

    assert not os.get_inheritable(lock)
    os.close(lock)


def test_pypi_is_where_pypi_simple_says() -> None:
    assert pypi_url() == pypi_simple.PYPI_SIMPLE_ENDPOINT


def test_supervisor_and_commands_load_nothing_heavy_to_start() -> None:
    code = "import sys, feedgate.app.supervisor, feedgate.app.local; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not set(HEAVY) & set(loaded)
