"""What the other tests build upon must itself be what it says."""

import hashlib
import subprocess
import sys
import tarfile
import typing
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.sdists import BrokenSdist
from tests.builders.sdists import make_sdist as build_sdist
from tests.builders.wheels import BrokenWheel
from tests.builders.wheels import make_wheel as build_wheel

MakeWheel = Callable[..., Path]


def test_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = {
        hashlib.sha256(build(tmp_path / str(number), "demo", "1.0").read_bytes()).hexdigest()
        for build in (build_wheel, build_sdist)
        for number in range(2)
    }

    assert len(digests) == 2


def test_an_interpreter_imports_the_wheel(make_wheel: MakeWheel) -> None:
    wheel = make_wheel("Demo.Thing", "1.0")

    seen = subprocess.run(
        [sys.executable, "-c", "import demo_thing; print(demo_thing.__version__)"],
        env={"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert seen.stdout == "1.0\n"


def test_every_member_stands_in_record(make_wheel: MakeWheel) -> None:
    with zipfile.ZipFile(make_wheel("demo", "1.0", files={"demo/extra.txt": "more"})) as archive:
        assert archive.testzip() is None
        rows = archive.read("demo-1.0.dist-info/RECORD").decode().splitlines()
        assert [row.split(",")[0] for row in rows] == archive.namelist()


def test_an_extra_keeps_the_marker_of_what_it_requires(make_wheel: MakeWheel) -> None:
    wheel = make_wheel("demo", "1.0", extras={"fast": ["orjson>=3 ; python_version >= '3.11'"]})

    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("demo-1.0.dist-info/METADATA").decode()
    assert 'Requires-Dist: orjson>=3 ; (python_version >= "3.11") and extra == "fast"\n' in metadata


@pytest.mark.parametrize("record", ["missing", "wrong", "incomplete"])
def test_a_broken_record_differs_in_record_alone(tmp_path: Path, record: str) -> None:
    right = zipfile.ZipFile(build_wheel(tmp_path / "right", "demo", "1.0"))
    broken = zipfile.ZipFile(build_wheel(tmp_path / "broken", "demo", "1.0", record=record))  # type: ignore[arg-type]  # one of Record
    with right, broken:
        different = {
            name
            for name in right.namelist()
            if name not in broken.namelist() or right.read(name) != broken.read(name)
        }
    assert different == {"demo-1.0.dist-info/RECORD"}


@pytest.mark.parametrize("broken", typing.get_args(BrokenWheel))
def test_each_broken_wheel_differs_from_the_sound_one(tmp_path: Path, broken: BrokenWheel) -> None:
    sound = build_wheel(tmp_path / "sound", "demo", "1.0")

    assert build_wheel(tmp_path, "demo", "1.0", broken=broken).read_bytes() != sound.read_bytes()


@pytest.mark.parametrize("broken", typing.get_args(BrokenSdist))
def test_each_broken_sdist_differs_from_the_sound_one(tmp_path: Path, broken: BrokenSdist) -> None:
    sound = build_sdist(tmp_path / "sound", "demo", "1.0")

    assert build_sdist(tmp_path, "demo", "1.0", broken=broken).read_bytes() != sound.read_bytes()


def test_a_duplicate_member_is_there_twice(make_wheel: MakeWheel) -> None:
    with zipfile.ZipFile(make_wheel("demo", "1.0", broken="duplicate-member")) as archive:
        assert archive.namelist().count("demo/__init__.py") == 2


def test_running_the_backend_of_an_sdist_leaves_a_trace(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    with tarfile.open(build_sdist(tmp_path, "demo", "1.0", witness=witness)) as archive:
        backend = archive.extractfile("demo-1.0/backend.py")
        assert backend is not None
        program = backend.read().decode()

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert ended.returncode != 0
    assert witness.exists()
