"""What the folder of files promises beside the contract: its layout, its durability, its limits."""

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.blobs.store import StorageFull, StorageUnavailable
from feedgate.model.digest import Digest

MEBIBYTE = 1024**2


async def put(files: Files, body: bytes) -> Digest:
    async with files.receive() as incoming:
        await incoming.write(body)
        return await incoming.keep()


def files_below(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


HOLDER = """
import asyncio, sys
from pathlib import Path
from feedgate.blobs.files import Files

async def hold():
    async with Files(Path(sys.argv[1])).receive() as incoming:
        await incoming.write(b"half of it")
        print("holds", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""


def another_that_receives(root: Path) -> "subprocess.Popen[bytes]":
    """Return a process with a part open, until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"holds\n"
    return process


async def test_parts_of_processes_that_are_gone_are_removed_and_those_of_living_ones_stay(
    tmp_path: Path,
) -> None:
    killed, living = another_that_receives(tmp_path), another_that_receives(tmp_path)
    files = Files(tmp_path)
    killed.kill()
    killed.communicate()
    assert len(files_below(tmp_path / "incoming")) == 2

    async with files.receive() as incoming:
        await incoming.write(b"abc")
        assert files.remove_abandoned() == 1
        digest = await incoming.keep()

    assert await files.has(digest)
    assert len(files_below(tmp_path / "incoming")) == 1
    living.communicate(b"")
    assert living.returncode == 0
    assert files_below(tmp_path / "incoming") == []


def test_where_nothing_came_yet_nothing_is_abandoned(tmp_path: Path) -> None:
    assert Files(tmp_path / "not-there").remove_abandoned() == 0


@pytest.fixture
def eight_mebibytes_at_most() -> Iterator[None]:
    """No file of this process may grow beyond; the system's answer is a real one (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MEBIBYTE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_blob_lies_where_its_digest_says(tmp_path: Path) -> None:
    digest = await put(Files(tmp_path), b"abc")

    assert files_below(tmp_path) == [Path("sha256", digest[:2], digest)]
    assert Files(tmp_path).path(digest).read_bytes() == b"abc"


async def test_bytes_and_name_are_on_the_disk_before_keep_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", note)
    digest = await put(Files(tmp_path), b"abc")

    parts = [place for place in synced if "/incoming/" in place]
    assert len(parts) == 1
    assert synced[0] == parts[0]
    assert set(synced[1:]) == {str(tmp_path), f"{tmp_path}/sha256", f"{tmp_path}/sha256/{digest[:2]}"}


async def test_a_blob_that_is_there_stays_and_its_time_is_renewed(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = await put(files, b"abc")
    os.utime(files.path(digest), (1, 1))
    inode = files.path(digest).stat().st_ino

    await put(files, b"abc")

    assert files.path(digest).stat().st_ino == inode
    assert files.path(digest).stat().st_mtime > 1


async def test_a_blob_that_lost_bytes_is_replaced(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = await put(files, b"abc")
    files.path(digest).write_bytes(b"a")

    await put(files, b"abc")

    assert files.path(digest).read_bytes() == b"abc"


async def test_no_room_is_storage_full_and_leaves_nothing(
    tmp_path: Path, eight_mebibytes_at_most: None
) -> None:
    with pytest.raises(StorageFull, match="no room left"):
        await put(Files(tmp_path), b"x" * (8 * MEBIBYTE + 1))

    assert files_below(tmp_path) == []


async def test_a_root_that_is_no_folder_is_named(tmp_path: Path) -> None:
    root = tmp_path / "blobs"
    root.write_text("not a folder")

    with pytest.raises(StorageUnavailable, match="blobs"):
        await Files(root).check()


async def test_a_probe_that_can_not_be_kept_is_named(tmp_path: Path) -> None:
    (tmp_path / "sha256").write_text("in the way")

    with pytest.raises(StorageUnavailable):
        await Files(tmp_path).check()
    assert files_below(tmp_path) == [Path("sha256")]


async def test_a_part_that_somebody_swept_away_is_told(tmp_path: Path) -> None:
    async with Files(tmp_path).receive() as incoming:
        await incoming.write(b"abc")
        incoming.path.unlink()

        with pytest.raises(StorageUnavailable, match="No such file"):
            await incoming.keep()


async def test_the_check_leaves_no_file(tmp_path: Path) -> None:
    await Files(tmp_path).check()

    assert files_below(tmp_path) == []


async def test_a_blob_is_the_same_for_two_stores_on_one_folder(tmp_path: Path) -> None:
    digest = await put(Files(tmp_path), b"abc")

    assert digest == hashlib.sha256(b"abc").hexdigest()
    assert await Files(tmp_path).has(digest)
