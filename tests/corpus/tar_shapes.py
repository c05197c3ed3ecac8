"""Sdists that leave their folder, that two readers would read in two ways, or that never end."""

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator

from tests.corpus.shape import SDIST, Shape, held, refused, sound
from tests.corpus.zips import METADATA, Part, write_zip

PKG_INFO = ("demo-1.0/PKG-INFO", METADATA)

Named = tuple[tarfile.TarInfo | str, bytes]


def tar(*members: Named, form: int = tarfile.PAX_FORMAT, headers: dict[str, str] | None = None) -> bytes:
    """Return a tar of a sound sdist and ``members``."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=form, pax_headers=headers) as archive:
        for named, content in (PKG_INFO, *members):
            entry = tarfile.TarInfo(named) if isinstance(named, str) else named
            if entry.isreg():
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return whole.getvalue()


def packed(*members: Named, headers: dict[str, str] | None = None) -> Callable[[], bytes]:
    return lambda: gzip.compress(tar(*members, headers=headers), mtime=0)


def entry(name: str, kind: bytes, target: str = "", **headers: str) -> Named:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.pax_headers = kind, target, headers
    return made, b""


def sized(name: str, kind: bytes, size: int) -> bytes:
    made = tarfile.TarInfo(name)
    made.type, made.size = kind, size
    return made.tobuf(tarfile.USTAR_FORMAT)


def raw(*blocks: bytes, behind: bytes = bytes(1024)) -> Callable[[], bytes]:
    """Return the maker of a gzipped tar: the sound members, then ``blocks`` as they are."""
    return lambda: gzip.compress(tar().rstrip(b"\0").ljust(1024, b"\0") + b"".join(blocks) + behind, mtime=0)


def _zip_in_the_end() -> bytes:
    """A stored deflate block that holds a zip whose comment takes the gzip's end in."""
    inner = write_zip([Part("demo/evil.py", b"evil\n")], comment=bytes(13))[:-13]
    content = tar(("demo-1.0/a", b"")).rstrip(b"\0")
    content = content.ljust(len(content) + -len(content) % 512, b"\0") + sized(
        "demo-1.0/b", tarfile.REGTYPE, len(inner)
    )
    content += inner
    rest = bytes(-len(inner) % 512 + 1024)
    first = b"\1" + struct.pack("<2H", len(content + rest), len(content + rest) ^ 0xFFFF) + content + rest
    end = struct.pack("<2L", zlib.crc32(content + rest), len(content + rest))
    whole = b"\x1f\x8b\x08\0\0\0\0\0\0\3" + first + end
    at = whole.rindex(b"PK\x05\x06")
    return whole[: at + 20] + struct.pack("<H", len(rest) + len(end)) + whole[at + 22 :]


def also_a_zip() -> bytes:
    """Return a file that is a gzipped tar, and a zip for whoever looks at its end."""
    whole = _zip_in_the_end()
    content = whole[10 + 5 : -8]
    return whole[:-8] + struct.pack("<2L", zlib.crc32(content), len(content))


def tar_shapes() -> Iterator[Shape]:
    """Yield what is wrong with an sdist."""
    yield from _sound()
    yield from _paths()
    yield from _links()
    yield from _readers()
    yield from _ends()


def _sound() -> Iterator[Shape]:
    yield sound("sdist", packed(("demo-1.0/a.py", b"a = 1\n")), SDIST)
    yield sound("sdist-from-git", packed(headers={"comment": "0" * 40}), SDIST)
    yield sound("sdist-long-name", packed(("demo-1.0/" + "d/" * 150 + "x", b"")), SDIST)
    yield sound("sdist-folders", packed(entry("demo-1.0/d", tarfile.DIRTYPE)), SDIST)
    yield sound(
        "sdist-link-inside", packed(entry("demo-1.0/d/a", tarfile.SYMTYPE, "../PKG-INFO")), SDIST, "link"
    )
    yield sound("sdist-zeros-behind", lambda: gzip.compress(tar(), mtime=0) + bytes(512), SDIST)


def _paths() -> Iterator[Shape]:
    yield refused("tar-climbing", "path-outside", packed(("../up.py", b"")), SDIST)
    yield refused("tar-absolute", "path-outside", packed(("/etc/up.py", b"")), SDIST)
    yield refused(
        "tar-pax-path", "path-outside", packed(entry("demo-1.0/a", tarfile.REGTYPE, path="../up.py")), SDIST
    )
    yield refused("tar-newline", "path-unprintable", packed(("demo-1.0/a\nb", b"")), SDIST)
    yield refused("tar-second-top", "top-second", packed(("other/setup.py", b"")), SDIST)
    yield refused("tar-no-pkg-info", "metadata-missing", lambda: gzip.compress(_only("demo-1.0/a")), SDIST)
    yield refused("tar-twice", "duplicate-member", packed(("demo-1.0/a", b"1"), ("demo-1.0/a", b"2")), SDIST)
    yield held("tar-case", "case-collision", packed(("demo-1.0/a", b"1"), ("demo-1.0/A", b"2")), SDIST)
    yield refused("tar-device", "special-member", packed(entry("demo-1.0/d", tarfile.CHRTYPE)), SDIST)
    yield refused("tar-pipe", "special-member", packed(entry("demo-1.0/p", tarfile.FIFOTYPE)), SDIST)
    yield refused(
        "tar-sparse",
        "special-member",
        packed(entry("demo-1.0/s", tarfile.REGTYPE, **{"GNU.sparse.map": "0,0", "GNU.sparse.size": "9"})),
        SDIST,
    )
    yield refused("tar-unknown-kind", "special-member", packed(entry("demo-1.0/z", b"Z")), SDIST)


def _only(name: str) -> bytes:
    return sized(name, tarfile.REGTYPE, 0) + bytes(1024)


def _links() -> Iterator[Shape]:
    sym, hard = tarfile.SYMTYPE, tarfile.LNKTYPE
    for name, members in (
        ("out", [entry("demo-1.0/a", sym, "../../etc")]),
        ("absolute", [entry("demo-1.0/a", sym, "/etc/passwd")]),
        ("hard-out", [entry("demo-1.0/a", hard, "../x")]),
        ("written-through", [entry("demo-1.0/a", sym, "d"), ("demo-1.0/a/x.py", b"")]),
        ("put-in-place-later", [("demo-1.0/a/x.py", b""), entry("demo-1.0/a", sym, "d")]),
        (
            "climbing-behind-another",
            [entry("demo-1.0/b/c/up", sym, "../.."), entry("demo-1.0/x", sym, "b/c/up/../../y")],
        ),
        ("backslash", [entry("demo-1.0/a", sym, "..\\..\\x")]),
    ):
        yield refused(f"link-{name}", "link-outside", packed(*members), SDIST)


def _readers() -> Iterator[Shape]:
    yield refused("tar-two-sizes", "readers-differ", raw(_pax_size(9)), SDIST)
    yield refused(
        "tar-folder-with-bytes",
        "readers-differ",
        raw(sized("demo-1.0/d", tarfile.DIRTYPE, 512), _only("demo-1.0/hidden")),
        SDIST,
    )
    yield refused(
        "tar-link-with-bytes",
        "readers-differ",
        raw(sized("demo-1.0/l", tarfile.SYMTYPE, 512), _only("demo-1.0/hidden")),
        SDIST,
    )
    yield refused("tar-name-for-all", "readers-differ", packed(headers={"path": "demo-1.0/same"}), SDIST)
    yield refused(
        "tar-second-gzip", "foreign-bytes", lambda: gzip.compress(tar()) + gzip.compress(tar()), SDIST
    )
    yield refused(
        "tar-split-gzip",
        "foreign-bytes",
        lambda: gzip.compress(tar()[:600]) + gzip.compress(tar()[600:]),
        SDIST,
    )
    yield refused("tar-second-tar", "foreign-bytes", lambda: gzip.compress(tar() + tar()), SDIST)
    yield refused(
        "tar-behind-one-zero-block",
        "foreign-bytes",
        raw(bytes(512), sized("demo-1.0/x", tarfile.REGTYPE, 0)),
        SDIST,
    )
    yield refused("tar-wrong-checksum", "foreign-bytes", raw(b"x" * 512), SDIST)
    yield refused("tar-also-a-zip", "both-zip-and-tar", also_a_zip, SDIST)
    yield refused(
        "tar-zip-behind", "foreign-bytes", lambda: gzip.compress(tar()) + write_zip([Part("x")]), SDIST
    )


def _pax_size(size: int) -> bytes:
    line = f" size={size}\n".encode()
    line = b"%d" % (len(line) + 2) + line
    header = sized("pax", tarfile.XHDTYPE, len(line)) + line.ljust(512, b"\0")
    return header + sized("demo-1.0/a", tarfile.REGTYPE, 3) + b"abc".ljust(512, b"\0")


def _ends() -> Iterator[Shape]:
    yield refused("tar-cut-off", "unreadable", lambda: gzip.compress(tar())[:-9], SDIST)
    yield refused("tar-cut-inside", "unreadable", lambda: gzip.compress(tar()[:600]), SDIST)
    yield refused("tar-wrong-crc", "unreadable", lambda: gzip.compress(tar())[:-8] + bytes(8), SDIST)
    yield refused("tar-plain", "unreadable", tar, SDIST)
    yield refused("tar-of-nothing", "metadata-missing", lambda: gzip.compress(bytes(10240)), SDIST)
    yield refused(
        "tar-bomb",
        "compression-ratio",
        lambda: gzip.compress(tar(("demo-1.0/zeros", bytes(80 * 1024**2)))),
        SDIST,
    )
    yield refused("tar-terabytes", "unreadable", raw(_large(tarfile.REGTYPE)), SDIST)
    yield refused("tar-named-wheel", "unreadable", packed(), "demo-1.0-py3-none-any.whl")
    yield refused(
        "tar-pkg-info-of-5-mib", "metadata-too-large", lambda: gzip.compress(_large_pkg_info()), SDIST
    )


def _large(kind: bytes) -> bytes:
    made = tarfile.TarInfo("demo-1.0/large")
    made.type, made.size = kind, 2**42
    return made.tobuf(tarfile.GNU_FORMAT)


def _large_pkg_info() -> bytes:
    content = METADATA + b"\n" + b"x" * 5 * 1024**2
    padded = content.ljust(len(content) + -len(content) % 512, b"\0")
    return sized("demo-1.0/PKG-INFO", tarfile.REGTYPE, len(content)) + padded + bytes(1024)
