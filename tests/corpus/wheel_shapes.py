"""Wheels whose members go where they should not, or whose RECORD and folders do not fit them."""

from collections.abc import Callable, Iterator

from tests.corpus.shape import REFUSE, Shape, held, odd, refused, sound
from tests.corpus.zips import DIST_INFO, METADATA, WHEEL_FILE, Part, parts_of_wheel, wheel, write_zip


def with_member(name: str, content: bytes = b"", mode: int = 0o100644) -> Callable[[], bytes]:
    return lambda: wheel(Part(name, content, mode=mode))


def with_members(*names: str) -> Callable[[], bytes]:
    return lambda: wheel(*map(Part, names))


def with_record(edit: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    def make() -> bytes:
        *parts, record = parts_of_wheel()
        return write_zip([*parts, Part(record.name, edit(record.content))])

    return make


def without(name: str) -> Callable[[], bytes]:
    return lambda: write_zip(part for part in parts_of_wheel() if part.name != f"{DIST_INFO}/{name}")


def scripts(line: str) -> Callable[[], bytes]:
    return with_member(f"{DIST_INFO}/entry_points.txt", f"[console_scripts]\n{line}\n".encode())


def wheel_shapes() -> Iterator[Shape]:
    """Yield what is wrong with a wheel as a wheel."""
    yield from _paths()
    yield from _kinds()
    yield from _meetings()
    yield from _folders()
    yield from _records()
    yield from _scripts()


def _paths() -> Iterator[Shape]:
    for name, path in (
        ("climbing", "../up.py"),
        ("climbing-inside", "demo/../../up.py"),
        ("climbing-to-nothing", "demo/.."),
        ("absolute", "/etc/up.py"),
        ("two-slashes", "//host/up.py"),
        ("backslash", "demo\\up.py"),
        ("drive", "C:/up.py"),
        ("climbing-out-of-data", "demo-1.0.data/scripts/../../../up"),
    ):
        yield refused(f"path-{name}", "path-outside", with_member(path))
    for name, path in (
        ("nul", "demo/x.py\0.txt"),
        ("newline", "demo/a\nb.py"),
        ("escape", "demo/\x1b[31m.py"),
    ):
        yield refused(f"path-{name}", "path-unprintable", with_member(path))
    yield refused("path-bidi", "path-unprintable", lambda: wheel(Part("demo/\u202eyp.py", flags=0x800)))
    yield refused("path-empty", "path-unprintable", with_member(""))
    yield refused("path-of-a-thousand-folders", "path-too-long", with_member("d/" * 1000 + "x"))


def _kinds() -> Iterator[Shape]:
    yield refused("symlink", "special-member", with_member("demo/link", b"/etc/passwd", 0o120777))
    yield refused("symlink-inside", "special-member", with_member("demo/link", b"__init__.py", 0o120777))
    yield refused("device", "special-member", with_member("demo/null", b"", 0o020666))
    yield refused("pipe", "special-member", with_member("demo/pipe", b"", 0o010644))
    yield refused("socket", "special-member", with_member("demo/socket", b"", 0o140644))
    yield sound("set-user-id", with_member("demo/tool", b"", 0o104755))


def _meetings() -> Iterator[Shape]:
    yield refused("twice", "duplicate-member", with_members("demo/a.py", "demo/a.py"))
    yield refused("twice-metadata", "duplicate-member", with_members(f"{DIST_INFO}/METADATA"))
    yield refused("two-spellings", "duplicate-member", with_members("demo/a.py", "demo/./a.py"))
    yield refused("file-and-folder", "duplicate-member", with_members("demo/a", "demo/a/b.py"))
    yield held("case", "case-collision", with_members("demo/a.py", "demo/A.py"))
    yield held(
        "composition",
        "case-collision",
        lambda: wheel(*(Part(one, flags=0x800) for one in ("demo/é.py", "demo/e\u0301.py"))),
    )
    yield held(
        "casefold",
        "case-collision",
        lambda: wheel(*(Part(one, flags=0x800) for one in ("demo/ß.py", "demo/ss.py"))),
    )


def _folders() -> Iterator[Shape]:
    yield refused("no-dist-info", "dist-info-missing", lambda: write_zip([Part("demo/__init__.py")]))
    yield refused("second-dist-info", "dist-info-second", with_members("other-1.0.dist-info/METADATA"))
    yield refused(
        "dist-info-of-another", "dist-info-mismatch", lambda: wheel(dist_info="other-1.0.dist-info")
    )
    yield refused(
        "dist-info-of-another-version", "dist-info-mismatch", lambda: wheel(dist_info="demo-2.0.dist-info")
    )
    yield refused("no-metadata", "metadata-missing", without("METADATA"))
    yield refused("no-wheel-file", "wheel-missing", without("WHEEL"))
    yield refused(
        "metadata-of-5-mib",
        "metadata-too-large",
        lambda: wheel(metadata=METADATA + b"\n" + b"x" * 5 * 1024**2),
    )
    yield held("data-of-another", "data-foreign", with_members("other-1.0.data/scripts/x"))
    yield held("data-to-nowhere", "data-foreign", with_members("demo-1.0.data/etc/x"))
    yield sound("data", with_members("demo-1.0.data/scripts/x", "demo-1.0.data/data/share/x"))
    yield sound("folder-that-only-ends-so", with_members("demo/other-1.0.dist-info/METADATA"))


def _records() -> Iterator[Shape]:
    yield odd("no-record", "record-missing", without("RECORD"))
    yield odd("record-incomplete", "record-incomplete", with_record(lambda raw: raw.partition(b"\n")[2]))
    yield odd("record-of-more", "record-absent", with_record(lambda raw: raw + b"demo/gone.py,sha256=x,1\n"))
    yield odd("record-other-size", "record-size", with_record(lambda raw: raw.replace(b",6\n", b",7\n")))
    yield odd(
        "record-without-hash",
        "record-incomplete",
        with_record(lambda raw: b"demo/__init__.py,,\n" + raw.partition(b"\n")[2]),
    )
    yield odd("record-by-md5", "record-incomplete", with_record(lambda raw: raw.replace(b"sha256", b"md5")))
    yield held(
        "record-other-hash",
        "record-mismatch",
        with_record(lambda raw: raw.replace(b"sha256=", b"sha256=x", 1)),
    )
    yield held("record-no-table", "record-unreadable", with_record(lambda _: b"one,two,three,four\n"))
    yield held("record-not-utf8", "record-unreadable", with_record(lambda raw: raw + b"\xff,,\n"))
    yield held("record-of-nuls", "record-unreadable", with_record(lambda _: bytes(100)))


def _scripts() -> Iterator[Shape]:
    yield odd("script-climbing", "script-outside", scripts("../x = demo:main"))
    yield odd("script-absolute", "script-outside", scripts("/etc/x = demo:main"))
    yield odd("script-without-object", "entry-points-invalid", scripts("x = not an object!"))
    yield odd("script-twice", "entry-points-invalid", scripts("x = demo:main\nx = demo:other"))
    yield odd(
        "entry-points-not-utf8",
        "entry-points-invalid",
        with_member(f"{DIST_INFO}/entry_points.txt", b"[a]\nx = \xff\n"),
    )
    yield sound("script", scripts("demo = demo:main [extra]"))
    yield Shape(
        "entry-points-of-2-mib",
        "demo-1.0-py3-none-any.whl",
        with_member(f"{DIST_INFO}/entry_points.txt", b"[a]\n" + b"\n" * 2 * 1024**2),
        REFUSE,
        REFUSE,
        "entry-points-too-large",
    )
    yield odd(
        "wheel-of-version-2",
        "wheel-file-invalid",
        lambda: wheel(wheel_file=WHEEL_FILE.replace(b"1.0", b"2.0", 1)),
    )
    yield odd(
        "wheel-without-tag",
        "wheel-file-invalid",
        lambda: wheel(wheel_file=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"),
    )
    yield odd(
        "wheel-pure-and-not",
        "wheel-file-invalid",
        lambda: wheel(wheel_file=WHEEL_FILE + b"Root-Is-Purelib: false\n"),
    )
