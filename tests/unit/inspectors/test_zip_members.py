import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from feedgate.inspectors.limits import LIMITS, Limits
from feedgate.inspectors.protocol import MemberKind
from feedgate.inspectors.stop import Stop
from feedgate.inspectors.zip_members import read_zip
from tests.unit.inspectors.archives import zipped

TWO: Mapping[str, bytes] = {"demo/a.py": b"a = 1\n" * 50, "demo/b.py": b"b = 2\n" * 50}


def read(directory: Path, content: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
    path = directory / "some.zip"
    path.write_bytes(content)
    return {member.name: b"".join(chunks) for member, chunks in read_zip(path, limits)}


def stopped(directory: Path, content: bytes, limits: Limits = LIMITS) -> Stop:
    with pytest.raises(Stop) as raised:
        read(directory, content, limits)
    return raised.value


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_member_comes_with_its_bytes(tmp_path: Path, method: int) -> None:
    members = {**TWO, "empty": b"", "large": bytes(range(256)) * 20_000}

    assert read(tmp_path, zipped(members, method=method)) == members


def test_what_names_the_others_comes_first(tmp_path: Path) -> None:
    names = list(read(tmp_path, zipped({**TWO, "demo-1.0.dist-info/RECORD": b""})))

    assert names == ["demo-1.0.dist-info/RECORD", "demo/a.py", "demo/b.py"]


def test_what_streaming_writers_leave_is_read_too(tmp_path: Path) -> None:
    """Data descriptors, ZIP64 extra fields, directory entries and a comment are no damage."""
    whole = io.BytesIO()
    unseekable = io.BufferedWriter(_Unseekable(whole))
    with zipfile.ZipFile(unseekable, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"made by streaming"
        archive.writestr("demo/", b"")
        with archive.open("demo/a.py", "w", force_zip64=True) as member:
            member.write(b"a = 1\n")
    unseekable.flush()

    assert read(tmp_path, whole.getvalue()) == {"demo/": b"", "demo/a.py": b"a = 1\n"}


def test_kinds_are_told_by_name_and_attributes(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, mode in (("d/", 0o040755), ("f", 0o100644), ("l", 0o120777), ("p", 0o010644), ("n", 0)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, b"")
    path = tmp_path / "some.zip"
    path.write_bytes(whole.getvalue())

    assert {member.name: member.kind for member, _ in read_zip(path)} == {
        "d/": MemberKind.DIRECTORY,
        "f": MemberKind.FILE,
        "l": MemberKind.LINK,
        "p": MemberKind.SPECIAL,
        "n": MemberKind.FILE,
    }


@pytest.mark.parametrize("left_bytes", [0, 1, 4, 100, 200])
def test_a_cut_file_is_unreadable(tmp_path: Path, left_bytes: int) -> None:
    assert stopped(tmp_path, zipped(TWO)[:left_bytes]).finding.code == "unreadable"


@pytest.mark.parametrize(
    ("break_it", "code", "says"),
    [
        pytest.param(
            lambda whole: b"#!/bin/sh\n" + whole, "unreadable", "does not begin as a zip", id="prefix"
        ),
        pytest.param(lambda whole: whole + whole, "foreign-bytes", "is not where the end", id="glued"),
        pytest.param(lambda whole: whole + b"x", "foreign-bytes", "behind the end", id="trailing-byte"),
        pytest.param(lambda _: zipped({}), "unreadable", "does not begin as a zip", id="no-members"),
        pytest.param(
            lambda whole: whole[:-5] + b"\xff" + whole[-4:], "foreign-bytes", "", id="directory-elsewhere"
        ),
    ],
)
def test_bytes_around_the_members_are_found(
    tmp_path: Path, break_it: Callable[[bytes], bytes], code: str, says: str
) -> None:
    finding = stopped(tmp_path, break_it(zipped(TWO))).finding

    assert finding.code == code
    assert says in finding.sentence


def test_a_flipped_byte_is_damage_and_names_the_member(tmp_path: Path) -> None:
    whole = bytearray(zipped(TWO, method=zipfile.ZIP_STORED))
    whole[whole.index(b"b = 2")] ^= 1

    finding = stopped(tmp_path, bytes(whole)).finding

    assert (finding.code, finding.member) == ("unreadable", "demo/b.py")
    assert "checksum" in finding.sentence


def test_a_flipped_byte_in_deflated_bytes_is_damage(tmp_path: Path) -> None:
    whole = bytearray(zipped(TWO))
    whole[30 + len("demo/a.py")] ^= 0xFF

    assert stopped(tmp_path, bytes(whole)).finding.code == "unreadable"


@pytest.mark.parametrize("wrong_bytes", [-1, 1, 1000])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_size_other_than_stated_is_unreadable(tmp_path: Path, wrong_bytes: int, method: int) -> None:
    whole = bytearray(zipped(TWO, method=method))
    at = whole.index(b"PK\x01\x02") + 24
    (size_bytes,) = struct.unpack_from("<L", whole, at)
    struct.pack_into("<L", whole, at, size_bytes + wrong_bytes)

    assert "another size" in stopped(tmp_path, bytes(whole)).finding.sentence


def test_bytes_hidden_behind_a_deflated_member_are_unreadable(tmp_path: Path) -> None:
    packing = zlib.compressobj(wbits=-15)
    deflated = packing.compress(b"a = 1\n") + packing.flush() + b"hidden"
    whole = bytearray(zipped({"demo/a.py": deflated}, method=zipfile.ZIP_STORED))
    central = whole.index(b"PK\x01\x02")
    for at, start in ((8, 0), (10, central)):
        struct.pack_into("<H", whole, start + at, zipfile.ZIP_DEFLATED)
    for at in (14, central + 16):
        struct.pack_into("<L", whole, at, zlib.crc32(b"a = 1\n"))
    for at in (22, central + 24):
        struct.pack_into("<L", whole, at, 6)

    assert "ends elsewhere" in stopped(tmp_path, bytes(whole)).finding.sentence


def test_two_members_in_one_place_overlap(tmp_path: Path) -> None:
    """As in a bomb whose members share their bytes."""
    whole = bytearray(zipped({"demo/a.py": b"a = 1\n", "demo/b.py": b"a = 1\n"}))
    second = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)
    struct.pack_into("<L", whole, second + 42, 0)

    assert stopped(tmp_path, bytes(whole)).finding.code == "members-overlap"


def test_a_name_that_differs_where_the_member_lies_is_found(tmp_path: Path) -> None:
    whole = zipped(TWO).replace(b"demo/a.py", b"demo/c.py", 1)

    finding = stopped(tmp_path, whole).finding

    assert finding.code == "headers-differ"
    assert "another name" in finding.sentence


def test_a_compression_that_few_read_is_unreadable(tmp_path: Path) -> None:
    finding = stopped(tmp_path, zipped(TWO, method=zipfile.ZIP_LZMA)).finding

    assert finding.code == "unreadable"
    assert "method 14" in finding.sentence


@pytest.mark.parametrize("at", ["local", "central"])
def test_an_encrypted_member_is_found_in_either_header(tmp_path: Path, at: str) -> None:
    whole = bytearray(zipped(TWO))
    whole[6 if at == "local" else whole.index(b"PK\x01\x02") + 8] |= 1

    assert stopped(tmp_path, bytes(whole)).finding.code == "encrypted"


def test_a_bomb_is_known_by_what_it_states(tmp_path: Path) -> None:
    packed = zipped({"zeros": bytes(10_000)})

    for limits in (Limits(always_inflated_bytes=10_000, highest_ratio=0), Limits(always_inflated_bytes=0)):
        exact = Limits(
            limits.most_members,
            limits.highest_ratio and -(-10_000 // len(packed)),
            limits.always_inflated_bytes,
        )
        tighter = Limits(
            exact.most_members, max(exact.highest_ratio - 1, 0), max(exact.always_inflated_bytes - 1, 0)
        )
        assert read(tmp_path, packed, exact) == {"zeros": bytes(10_000)}
        assert stopped(tmp_path, packed, tighter).finding.code == "compression-ratio"


def test_of_a_bomb_that_lies_no_more_is_inflated_than_it_states(tmp_path: Path) -> None:
    whole = bytearray(zipped({"zeros": bytes(50_000_000)}))
    for at in (22, whole.index(b"PK\x01\x02") + 24):
        struct.pack_into("<L", whole, at, 1000)

    tracemalloc.start()
    finding = stopped(tmp_path, bytes(whole)).finding
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert finding.code == "unreadable"
    assert most_bytes < 2_000_000


def test_more_members_than_anyone_needs_stop_the_walk(tmp_path: Path) -> None:
    assert len(read(tmp_path, zipped(TWO), Limits(most_members=2))) == 2
    assert stopped(tmp_path, zipped(TWO), Limits(most_members=1)).finding.code == "too-many-members"


class _Unseekable(io.RawIOBase):
    def __init__(self, inner: io.BytesIO) -> None:
        self._inner = inner

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return self._inner.write(content)  # type: ignore[arg-type]  # what a buffered writer hands over is bytes
