import gzip
import tarfile
from pathlib import Path

import pytest

from feedgate.inspectors.limits import LIMITS, Limits
from feedgate.inspectors.protocol import Member, MemberKind
from feedgate.inspectors.stop import Stop
from feedgate.inspectors.tar_members import read_tar
from tests.unit.inspectors.archives import tarred

TWO = (("demo-1.0/a.py", b"a = 1\n" * 500), ("demo-1.0/b.py", b"b = 2\n" * 500))


def read(directory: Path, content: bytes, limits: Limits = LIMITS) -> list[tuple[Member, bytes]]:
    path = directory / "some.tar.gz"
    path.write_bytes(content)
    return [(member, b"".join(chunks)) for member, chunks in read_tar(path, limits)]


def stopped(directory: Path, content: bytes, limits: Limits = LIMITS) -> Stop:
    with pytest.raises(Stop) as raised:
        read(directory, content, limits)
    return raised.value


def entry(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made, b""


def test_every_member_comes_with_its_bytes(tmp_path: Path) -> None:
    members = (*TWO, ("demo-1.0/empty", b""), ("demo-1.0/large", bytes(range(256)) * 5_000))

    found = read(tmp_path, gzip.compress(tarred(members)))

    assert [(member.name, content) for member, content in found] == list(members)


def test_kinds_and_targets_are_told(tmp_path: Path) -> None:
    whole = tarred(
        [
            entry("demo-1.0", tarfile.DIRTYPE),
            ("demo-1.0/f", b"x"),
            entry("demo-1.0/soft", tarfile.SYMTYPE, "../up"),
            entry("demo-1.0/hard", tarfile.LNKTYPE, "demo-1.0/f"),
            entry("demo-1.0/pipe", tarfile.FIFOTYPE),
            entry("demo-1.0/device", tarfile.CHRTYPE),
        ]
    )

    assert [(member.kind, member.target) for member, _ in read(tmp_path, gzip.compress(whole))] == [
        (MemberKind.DIRECTORY, None),
        (MemberKind.FILE, None),
        (MemberKind.LINK, "demo-1.0/../up"),
        (MemberKind.LINK, "demo-1.0/f"),
        (MemberKind.SPECIAL, None),
        (MemberKind.SPECIAL, None),
    ]


@pytest.mark.parametrize("left_bytes", [0, 1, 10, 60, -9, -8, -1])
def test_a_cut_file_is_unreadable(tmp_path: Path, left_bytes: int) -> None:
    assert stopped(tmp_path, gzip.compress(tarred(TWO))[:left_bytes]).finding.code == "unreadable"


@pytest.mark.parametrize("left_bytes", [600, 512 + 2999, 1024])
def test_a_tar_cut_inside_a_whole_gzip_is_unreadable(tmp_path: Path, left_bytes: int) -> None:
    assert stopped(tmp_path, gzip.compress(tarred(TWO)[:left_bytes])).finding.code == "unreadable"


def test_a_flipped_byte_is_damage(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(tarred(TWO)))
    whole[-6] ^= 1  # of the checksum

    assert stopped(tmp_path, bytes(whole)).finding.code == "unreadable"


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(tarred(TWO) + tarred(TWO), id="a-second-tar-behind-the-first"),
        pytest.param(tarred(TWO)[:7168] + b"x" * 512, id="no-header-where-one-should-be"),
        pytest.param(tarred(TWO) + b"x", id="one-byte-more"),
    ],
)
def test_what_stands_behind_the_last_member_is_zeros(tmp_path: Path, whole: bytes) -> None:
    assert stopped(tmp_path, gzip.compress(whole)).finding.code == "foreign-bytes"


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param(b"PK\x03\x04", id="a-zip"),
        pytest.param(b"\1", id="one-byte"),
        pytest.param(gzip.compress(b""), id="another-gzip"),
        pytest.param(bytes(600_000) + b"\1", id="far-behind-zeros"),
    ],
)
def test_nothing_but_zeros_stands_behind_the_gzip(tmp_path: Path, behind: bytes) -> None:
    """Of a second gzip some readers read on, and others nothing."""
    packed = gzip.compress(tarred(TWO))

    assert stopped(tmp_path, packed + behind).finding.code == "foreign-bytes"
    assert len(read(tmp_path, packed + bytes(600_000))) == len(TWO)


def test_what_is_no_tar_is_unreadable(tmp_path: Path) -> None:
    assert stopped(tmp_path, b"this is no tar file\n").finding.code == "unreadable"
    assert stopped(tmp_path, gzip.compress(b"this is no tar file\n")).finding.code == "unreadable"


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(Limits(always_inflated_bytes=20480, highest_ratio=0), id="always-allowed"),
        pytest.param(Limits(always_inflated_bytes=0, highest_ratio=1), id="by-ratio"),
    ],
)
def test_a_bomb_ends_at_the_limit(tmp_path: Path, limits: Limits) -> None:
    packed = gzip.compress(tarred(TWO).ljust(20480, b"\0"))
    packed_bytes = len(packed)
    if limits.highest_ratio:
        limits = Limits(always_inflated_bytes=0, highest_ratio=-(-20480 // packed_bytes))
    tighter = Limits(
        always_inflated_bytes=max(limits.always_inflated_bytes - 1, 0),
        highest_ratio=max(limits.highest_ratio - 1, 0),
    )

    assert len(read(tmp_path, packed, limits)) == len(TWO)
    assert stopped(tmp_path, packed, tighter).finding.code == "compression-ratio"


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_promises_terabytes_is_no_way_round_the_limit(tmp_path: Path, kind: bytes) -> None:
    large = tarfile.TarInfo("demo-1.0/large")
    large.type, large.size = kind, 2**42
    whole = large.tobuf(tarfile.GNU_FORMAT) + bytes(1024)

    assert stopped(tmp_path, gzip.compress(whole)).finding.code in {"unreadable", "compression-ratio"}


def test_more_members_than_anyone_needs_stop_the_walk(tmp_path: Path) -> None:
    packed = gzip.compress(tarred(TWO))

    assert len(read(tmp_path, packed, Limits(most_members=2))) == 2
    assert stopped(tmp_path, packed, Limits(most_members=1)).finding.code == "too-many-members"
