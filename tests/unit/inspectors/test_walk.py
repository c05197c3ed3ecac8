import gzip
import hashlib
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.inspectors.protocol import Look, Member
from feedgate.inspectors.walk import INSPECTORS, walk
from feedgate.model.distribution import InvalidFilename, Kind
from feedgate.model.inspection import Finding
from tests.unit.inspectors.archives import (
    METADATA,
    SDIST_NAME,
    SOUND,
    WHEEL_NAME,
    codes,
    recorded,
    tarred,
    walk_bytes,
    zipped,
)

SOUND_WHEEL = zipped(recorded(SOUND))
SOUND_SDIST = gzip.compress(tarred([("demo-1.0/PKG-INFO", METADATA), ("demo-1.0/a.py", b"a = 1\n")]), mtime=0)


class Listening:
    """An inspector that writes down all it hears."""

    name: ClassVar[str] = "listening"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.heard: list[object] = []

    def open(self, kind: Kind) -> Look:
        self.heard.append(kind)
        return self

    def member(self, member: Member) -> None:
        self.heard.append(member.name)

    def chunk(self, content: bytes) -> None:
        self.heard.append(content)

    def end(self, sha256: bytes) -> None:
        self.heard.append(sha256)

    def stop(self, finding: Finding) -> None:
        self.heard.append(finding.code)

    def findings(self) -> tuple[Finding, ...]:
        return ()


def test_every_inspector_hears_each_member_once(tmp_path: Path) -> None:
    path = tmp_path / WHEEL_NAME
    path.write_bytes(zipped({"d/": b"", "a": b"1", "b": b""}))
    first, second = Listening(), Listening()

    walked = walk(path, WHEEL_NAME, (first, second))

    assert walked.findings == ((), ())
    assert (
        first.heard
        == second.heard
        == [
            Kind.WHEEL,
            "d/",
            "a",
            b"1",
            hashlib.sha256(b"1").digest(),
            "b",
            hashlib.sha256(b"").digest(),
        ]
    )


def test_every_inspector_hears_where_the_walk_stops(tmp_path: Path) -> None:
    path = tmp_path / SDIST_NAME
    path.write_bytes(gzip.compress(tarred([("a", b"1")]))[:-1])
    listening = Listening()

    walk(path, SDIST_NAME, (listening,))

    assert listening.heard[0] is Kind.SDIST
    assert listening.heard[-1] == "unreadable"


def test_metadata_that_came_whole_is_kept_though_the_walk_stops(tmp_path: Path) -> None:
    walked = walk_bytes(
        tmp_path, WHEEL_NAME, zipped(recorded(SOUND), method=zipfile.ZIP_STORED).replace(b"x = 1", b"x = 2")
    )

    assert codes(walked) == ["unreadable"]
    assert walked.metadata == METADATA


def test_a_name_that_is_no_distribution_s_is_not_looked_at(tmp_path: Path) -> None:
    with pytest.raises(InvalidFilename):
        walk_bytes(tmp_path, "demo-1.0.exe", SOUND_WHEEL)


def test_inspectors_have_names_of_their_own() -> None:
    names = [inspector.name for inspector in INSPECTORS]

    assert len(set(names)) == len(names)


@given(at=st.integers(0, len(SOUND_WHEEL) - 1), bits=st.integers(1, 255))
def test_a_wheel_with_one_byte_changed_never_passes_as_other_content(at: int, bits: int) -> None:
    changed = bytearray(SOUND_WHEEL)
    changed[at] ^= bits
    with TemporaryDirectory() as directory:
        found = codes(walk_bytes(Path(directory), WHEEL_NAME, bytes(changed)))

    if not found:
        with zipfile.ZipFile(io.BytesIO(changed)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == recorded(SOUND)


@given(cut=st.integers(0, len(SOUND_SDIST) - 1))
def test_an_sdist_cut_anywhere_is_unreadable(cut: int) -> None:
    with TemporaryDirectory() as directory:
        assert codes(walk_bytes(Path(directory), SDIST_NAME, SOUND_SDIST[:cut])) == ["unreadable"]


@given(st.binary(max_size=2000), st.sampled_from([WHEEL_NAME, SDIST_NAME, "demo-1.0.zip"]))
def test_any_bytes_are_a_finding_and_never_an_error(content: bytes, filename: str) -> None:
    with TemporaryDirectory() as directory:
        assert "unreadable" in codes(walk_bytes(Path(directory), filename, content))
        assert "unreadable" in codes(walk_bytes(Path(directory), filename, b"PK\x03\x04" + content))
        walk_bytes(Path(directory), filename, gzip.compress(content))
