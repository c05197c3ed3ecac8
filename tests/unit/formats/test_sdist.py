import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedgate.errors import Invalid
from feedgate.formats.archive import LARGEST_METADATA_BYTES, MissingMetadata, UnreadableArchive
from feedgate.formats.sdist import LARGEST_HEADER_BYTES, MOST_INFLATED_BYTES, MOST_MEMBERS, read_metadata
from feedgate.model.distribution import InvalidFilename
from tests.builders.metadata import write_metadata

FILENAME = "demo-1.0.tar.gz"
PKG_INFO = write_metadata("demo", "1.0").encode()


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(content), kind
    return info, content


WANTED = member("demo-1.0/PKG-INFO", PKG_INFO)


def tar_of(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return plain.getvalue()


def raw_header(name: str, kind: bytes, content: bytes) -> bytes:
    """Return a header with its padded content, as no library would write it."""
    info, _ = member(name, content, kind)
    padding = -len(content) % tarfile.BLOCKSIZE
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(padding)


def pax(**records: str) -> bytes:
    content = b""
    for key, value in records.items():
        body = f" {key.replace('__', '.')}={value}\n".encode()
        length = len(body) + 1
        length += len(str(length)) - 1
        content += str(length).encode() + body
    return raw_header("pax", tarfile.XHDTYPE, content)


def write_sdist(directory: Path, plain: bytes) -> Path:
    path = directory / FILENAME
    path.write_bytes(gzip.compress(plain, compresslevel=1))
    return path


def test_the_metadata_of_an_sdist(make_sdist: Callable[..., Path]) -> None:
    sdist = make_sdist("Demo", "1.0", requires=["requests"])

    expected = write_metadata("Demo", "1.0", metadata_version="2.2", requires=["requests"])
    assert read_metadata(sdist) == expected.encode()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("top", ["demo-1.0", "./demo-1.0", "d" * 95, "d" * 150, "dëmö-1.0"])
def test_every_form_of_tar_is_read(tmp_path: Path, form: int, top: str) -> None:
    folder = member(top, kind=tarfile.DIRTYPE)
    before = member(f"{top}/setup.py", b"x" * 700)
    link = member(f"{top}/link", kind=tarfile.SYMTYPE)
    link[0].linkname = "setup.py" if form == tarfile.USTAR_FORMAT else "s" * 200
    nested = member(f"{top}/src/PKG-INFO", b"another")
    plain = tar_of(folder, before, link, nested, member(f"{top}/PKG-INFO", PKG_INFO), form=form)

    assert read_metadata(write_sdist(tmp_path, plain)) == PKG_INFO


@pytest.mark.parametrize("dot", ["./", "."])
def test_a_folder_that_is_only_a_dot_is_no_top(tmp_path: Path, dot: str) -> None:
    assert read_metadata(write_sdist(tmp_path, tar_of(member(dot, kind=tarfile.DIRTYPE), WANTED))) == PKG_INFO


def test_moments_and_owners_in_extended_headers_do_not_disturb(tmp_path: Path) -> None:
    plain = pax(mtime="1.5", uname="someone") + tar_of(WANTED)
    headed = raw_header("pax_global_header", tarfile.XGLTYPE, b"20 comment=01234567\n\0") + plain

    assert read_metadata(write_sdist(tmp_path, headed)) == PKG_INFO


def test_an_extended_path_wins_over_the_short_one(tmp_path: Path) -> None:
    plain = pax(path="demo-1.0/PKG-INFO/") + tar_of(member("demo-1.0/README", PKG_INFO))

    assert read_metadata(write_sdist(tmp_path, plain)) == PKG_INFO


@pytest.mark.parametrize(
    ("broken", "error"),
    [("not-a-tar", UnreadableArchive), ("no-pkg-info", MissingMetadata)],
)
def test_a_broken_sdist_is_refused_by_name(
    make_sdist: Callable[..., Path], broken: str, error: type[Invalid]
) -> None:
    with pytest.raises(error, match=r"^demo-1\.0\.tar\.gz: "):
        read_metadata(make_sdist("demo", "1.0", broken=broken))


def test_a_file_cut_short_before_its_metadata_is_refused(make_sdist: Callable[..., Path]) -> None:
    sdist = make_sdist("demo", "1.0")
    sdist.write_bytes(sdist.read_bytes()[:60])

    with pytest.raises(UnreadableArchive):
        read_metadata(sdist)


@pytest.mark.parametrize(
    "plain",
    [
        pytest.param(tar_of(member("other/README"), WANTED), id="two-tops"),
        pytest.param(tar_of(member("README"), WANTED), id="a-file-beside-the-top"),
        pytest.param(tar_of(member("../PKG-INFO", PKG_INFO)), id="a-top-that-climbs"),
        pytest.param(tar_of(member("demo-1.0/PKG-INFO", kind=tarfile.SYMTYPE)), id="a-link"),
        pytest.param(tar_of(member("demo-1.0/PKG-INFO", kind=tarfile.DIRTYPE)), id="a-folder"),
        pytest.param(tar_of(member("demo-1.0/PKG-INFO", kind=tarfile.CONTTYPE)), id="an-odd-file"),
        pytest.param(raw_header("demo-1.0/x", tarfile.GNUTYPE_SPARSE, b"") + tar_of(WANTED), id="sparse"),
        pytest.param(pax(GNU__sparse__major="1") + tar_of(WANTED), id="sparse-by-its-header"),
        pytest.param(pax(size="1") + tar_of(WANTED), id="two-sizes"),
        pytest.param(
            raw_header("x", tarfile.XHDTYPE, b"9999 path=x\n") + tar_of(WANTED), id="header-too-short"
        ),
        pytest.param(
            raw_header("x", tarfile.XHDTYPE, b"0 path=x\n") + tar_of(WANTED), id="header-of-length-0"
        ),
        pytest.param(
            raw_header("x", tarfile.XHDTYPE, b"path=x\n") + tar_of(WANTED), id="header-without-length"
        ),
        pytest.param(
            raw_header("x", tarfile.XHDTYPE, b"8 path\n\n") + tar_of(WANTED), id="header-without-value"
        ),
        pytest.param(b"x" * 512 + tar_of(WANTED), id="no-header"),
        pytest.param(tar_of(WANTED)[:600], id="cut-in-the-metadata"),
        pytest.param(tar_of(WANTED)[:100], id="cut-in-the-header"),
    ],
)
def test_an_odd_tar_is_refused(tmp_path: Path, plain: bytes) -> None:
    with pytest.raises(UnreadableArchive):
        read_metadata(write_sdist(tmp_path, plain))


def test_a_size_below_zero_is_refused(tmp_path: Path) -> None:
    info, _ = member("demo-1.0/PKG-INFO")
    info.size = -1

    with pytest.raises(UnreadableArchive, match="-1 bytes"):
        read_metadata(write_sdist(tmp_path, info.tobuf(tarfile.GNU_FORMAT)))


@pytest.mark.parametrize("plain", [b"", bytes(1024), tar_of(member("/demo-1.0/PKG-INFO", PKG_INFO))])
def test_a_tar_without_metadata_is_refused(tmp_path: Path, plain: bytes) -> None:
    with pytest.raises(MissingMetadata):
        read_metadata(write_sdist(tmp_path, plain))


def test_what_follows_a_gzip_is_refused_when_it_is_reached(tmp_path: Path) -> None:
    path = write_sdist(tmp_path, tar_of(member("demo-1.0/x"))[:512])
    path.write_bytes(path.read_bytes() + b"more")

    with pytest.raises(UnreadableArchive):
        read_metadata(path)


def test_metadata_is_found_within_the_limits_and_not_behind_them(tmp_path: Path) -> None:
    filler = MOST_INFLATED_BYTES - 3 * tarfile.BLOCKSIZE

    for too_many, size_bytes in ((False, filler), (True, filler + 1)):
        plain = tar_of(member("demo-1.0/big", bytes(size_bytes)), member("demo-1.0/PKG-INFO", b"x"))
        path = write_sdist(tmp_path, plain)
        if too_many:
            with pytest.raises(UnreadableArchive, match="within its first 64 MiB"):
                read_metadata(path)
        else:
            assert read_metadata(path) == b"x"


@pytest.mark.parametrize(("before", "is_found"), [(MOST_MEMBERS - 1, True), (MOST_MEMBERS, False)])
def test_metadata_is_found_among_the_first_members(tmp_path: Path, before: int, is_found: bool) -> None:
    path = write_sdist(tmp_path, tar_of(member("demo-1.0/x"))[:512] * before + tar_of(WANTED))

    if is_found:
        assert read_metadata(path) == PKG_INFO
    else:
        with pytest.raises(UnreadableArchive, match="first 5000 members"):
            read_metadata(path)


def test_a_gzip_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / FILENAME
    info, _ = member("demo-1.0/bomb")
    info.size = 8**11 - 1
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(80):
            file.write(bytes(1024 * 1024))

    with pytest.raises(UnreadableArchive, match="64 MiB"):
        read_metadata(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)
def test_an_extended_header_made_to_be_read_for_ever_is_refused(tmp_path: Path, kind: bytes) -> None:
    plain = raw_header("x", kind, b"1" * (LARGEST_HEADER_BYTES + 1))

    with pytest.raises(UnreadableArchive, match="65537 bytes"):
        read_metadata(write_sdist(tmp_path, plain))


@pytest.mark.timeout(20)
def test_many_extended_headers_of_the_largest_size_are_read_at_once(tmp_path: Path) -> None:
    records = b"5 a=\n" * (LARGEST_HEADER_BYTES // 5)

    with pytest.raises(UnreadableArchive):
        read_metadata(write_sdist(tmp_path, raw_header("x", tarfile.XHDTYPE, records) * 100 + b"x" * 512))


def test_metadata_larger_than_any_may_be_is_refused(tmp_path: Path) -> None:
    info, _ = member("demo-1.0/PKG-INFO")
    info.size = LARGEST_METADATA_BYTES + 1

    with pytest.raises(UnreadableArchive, match="larger than 32 MiB"):
        read_metadata(write_sdist(tmp_path, info.tobuf()))


@pytest.mark.parametrize("filename", ["demo.tar.gz", "demo-1.0.tar.bz2", "demo-1.0-py3-none-any"])
def test_a_file_that_is_not_named_like_an_sdist_is_refused(tmp_path: Path, filename: str) -> None:
    with pytest.raises(InvalidFilename):
        read_metadata(tmp_path / filename)


def test_a_file_that_is_gone_is_the_caller_s_affair(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_metadata(tmp_path / FILENAME)


def write_zip(directory: Path, *names: str) -> Path:
    path = directory / "demo-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, PKG_INFO)
    return path


def test_an_old_sdist_is_a_zip(tmp_path: Path) -> None:
    assert read_metadata(write_zip(tmp_path, "demo-1.0/setup.py", "demo-1.0/PKG-INFO")) == PKG_INFO


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ((), UnreadableArchive),
        (("demo-1.0/PKG-INFO", "other/PKG-INFO"), UnreadableArchive),
        (("demo-1.0/setup.py",), MissingMetadata),
        (("demo-1.0/src/PKG-INFO",), MissingMetadata),
    ],
)
def test_an_odd_zip_is_refused(tmp_path: Path, names: tuple[str, ...], error: type[Invalid]) -> None:
    with pytest.raises(error):
        read_metadata(write_zip(tmp_path, *names))


WHOLE = pax(path="demo-1.0/setup.py") + tar_of(member("demo-1.0/short", b"x" * 10), WANTED)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, 2600), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 2600) | st.none(),
    outside=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 255)), max_size=2),
)
def test_no_damage_to_an_sdist_breaks_the_reader(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int | None, outside: list[tuple[int, int]]
) -> None:
    plain = bytearray(WHOLE)
    for position, byte in changes:
        plain[position] = byte
    whole = bytearray(gzip.compress(plain[:cut]))
    for position, byte in outside:
        whole[min(position, len(whole) - 1)] = byte
    path = tmp_path / FILENAME
    path.write_bytes(whole)

    with suppress(UnreadableArchive, MissingMetadata):
        read_metadata(path)
