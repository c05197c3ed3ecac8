import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedgate.errors import Invalid
from feedgate.formats.archive import LARGEST_METADATA_BYTES
from feedgate.formats.wheel import (
    InvalidRecord,
    MissingMetadata,
    RecordRow,
    UnreadableArchive,
    dist_info,
    parse_record,
    read_metadata,
)
from feedgate.model.distribution import InvalidFilename
from tests.builders.metadata import write_metadata

FILENAME = "demo_core-1.0-py3-none-any.whl"
METADATA = "demo_core-1.0.dist-info/METADATA"


def write_wheel(
    directory: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write a zip of exactly these members, however odd, under a wheel's name."""
    path = directory / FILENAME
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_the_metadata_of_a_wheel(make_wheel: Callable[..., Path]) -> None:
    wheel = make_wheel("Demo.Core", "1.0", requires=["requests>=2"])

    assert read_metadata(wheel) == write_metadata("Demo.Core", "1.0", requires=["requests>=2"]).encode()


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ("not-a-zip", UnreadableArchive),
        ("cut-off", UnreadableArchive),
        ("no-metadata", MissingMetadata),
        ("second-dist-info", MissingMetadata),
    ],
)
def test_a_broken_wheel_is_refused_by_name(
    make_wheel: Callable[..., Path], broken: str, error: type[Invalid]
) -> None:
    with pytest.raises(error, match=r"^demo-1\.0-py3-none-any\.whl: "):
        read_metadata(make_wheel("demo", "1.0", broken=broken))


def test_a_wheel_under_another_s_name_is_refused(make_wheel: Callable[..., Path]) -> None:
    wheel = make_wheel("demo", "1.0")

    with pytest.raises(MissingMetadata, match="another release's"):
        read_metadata(wheel.rename(wheel.with_name("demo-1.1-py3-none-any.whl")))


def test_a_file_that_is_not_named_like_a_wheel_is_refused(make_wheel: Callable[..., Path]) -> None:
    wheel = make_wheel("demo", "1.0")

    with pytest.raises(InvalidFilename):
        read_metadata(wheel.rename(wheel.with_name("demo.whl")))


def test_metadata_of_the_largest_size_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    largest = bytes(LARGEST_METADATA_BYTES)

    assert read_metadata(write_wheel(tmp_path, (METADATA, largest))) == largest
    with pytest.raises(UnreadableArchive, match="larger than 32 MiB"):
        read_metadata(write_wheel(tmp_path, (METADATA, largest + b"x")))


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_than_deflate_are_refused(tmp_path: Path, compression: int) -> None:
    with pytest.raises(UnreadableArchive, match="not deflated"):
        read_metadata(write_wheel(tmp_path, (METADATA, b"x"), compression=compression))


def test_encrypted_metadata_is_refused(tmp_path: Path) -> None:
    path = write_wheel(tmp_path, (METADATA, b"x"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(UnreadableArchive, match="encrypted"):
        read_metadata(path)


def test_metadata_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    other = METADATA.replace("METADATA", "METADATB")
    path = write_wheel(tmp_path, (METADATA, b"a"), (other, b"b"))
    path.write_bytes(path.read_bytes().replace(other.encode(), METADATA.encode()))

    with pytest.raises(UnreadableArchive, match="in it 2 times"):
        read_metadata(path)


def test_a_file_that_is_gone_is_the_caller_s_affair(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_metadata(tmp_path / FILENAME)


@pytest.mark.parametrize(
    "directory",
    [
        "demo_core-1.0.dist-info",
        "Demo.Core-1.0.0.dist-info",
        "demo-core-1.0.dist-info",
        "DEMO_CORE-1.DIST-INFO",
    ],
)
def test_the_directory_is_the_file_name_s_own_compared_normalized(directory: str) -> None:
    names = [
        "demo_core/__init__.py",
        f"{directory}/METADATA",
        f"{directory}/WHEEL",
        "inner/x.dist-info/METADATA",
    ]

    assert dist_info(names, FILENAME) == directory


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([], id="nothing"),
        pytest.param(["demo_core-1.0.egg-info/PKG-INFO"], id="an-egg"),
        pytest.param(
            ["demo_core-1.0.dist-info/A", "demo_core-1.0.0.dist-info/B"], id="twice-in-two-spellings"
        ),
        pytest.param(["demo_core-1.0.dist-info/A", "DEMO_CORE-1.0.dist-info/B"], id="twice-but-for-case"),
        pytest.param(["demo_core-1.1.dist-info/A"], id="another-version"),
        pytest.param(["demo-1.0.dist-info/A"], id="another-project"),
        pytest.param(["demo_core-one.dist-info/A"], id="no-version"),
        pytest.param([f"demo_core-{'1' * 5_000}.dist-info/A"], id="a-version-of-5000-digits"),
        pytest.param([".dist-info/A"], id="no-name"),
    ],
)
def test_any_other_directory_is_refused(names: list[str]) -> None:
    with pytest.raises(MissingMetadata, match=r"demo_core-1\.0"):
        dist_info(names, FILENAME)


def test_the_rows_of_a_record() -> None:
    record = b'"demo/a,b.py",sha256=abc_-9,3\r\n\r\ndemo/old.py,MD5=00==,\ndemo-1.0.dist-info/RECORD,,\n'

    assert parse_record(record) == (
        RecordRow("demo/a,b.py", "sha256", "abc_-9", 3),
        RecordRow("demo/old.py", "md5", "00", None),
        RecordRow("demo-1.0.dist-info/RECORD", None, None, None),
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"a.py,sha256=abc\n", "'a.py,sha256=abc'"),
        (b"a.py,sha256=abc,1,more\n", "more"),
        (b",sha256=abc,1\n", "does not say"),
        (b"a.py,abc,1\n", "hash of 'a.py'"),
        (b"a.py,sha256=,1\n", "hash of 'a.py'"),
        (b"a.py,=abc,1\n", "hash of 'a.py'"),
        (b"a.py,,one\n", "size of 'a.py'"),
        (b"a.py,,-1\n", "size of 'a.py'"),
        (b"a.py,," + b"1" * 5000 + b"\n", "size of 'a.py'"),
        (b"\xff,,\n", "not UTF-8"),
        (b"x" * 200_000 + b",,\n", "field larger"),
    ],
)
def test_a_row_that_is_none_is_refused_by_name(record: bytes, reason: str) -> None:
    with pytest.raises(InvalidRecord, match=reason):
        parse_record(record)


@given(st.binary(max_size=100) | st.text('ab,="\r\n\0 1', max_size=100).map(str.encode))
def test_no_record_breaks_the_reader(record: bytes) -> None:
    try:
        rows = parse_record(record)
    except InvalidRecord:
        return

    assert all(row.path for row in rows)


def _whole_wheel() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("demo_core/__init__.py", "")
        archive.writestr(METADATA, write_metadata("demo-core", "1.0"))
    return content.getvalue()


WHOLE = _whole_wheel()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4)
)
def test_no_damage_to_a_wheel_breaks_the_reader(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(WHOLE)
    for position, byte in changes:
        damaged[position] = byte
    path = tmp_path / FILENAME
    path.write_bytes(damaged)

    with suppress(UnreadableArchive, MissingMetadata):
        read_metadata(path)
