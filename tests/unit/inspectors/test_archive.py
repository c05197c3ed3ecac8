import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from feedgate.inspectors.archive import ArchiveInspector, severity_of
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.found import MOST_OF_A_CODE
from feedgate.inspectors.layout import LARGEST_ENTRY_POINTS_BYTES, LARGEST_METADATA_BYTES
from feedgate.inspectors.members import MANY_MEMBERS
from feedgate.inspectors.protocol import Member, MemberKind
from feedgate.inspectors.record import LARGEST_RECORD_BYTES
from feedgate.inspectors.walk import walk
from feedgate.model.distribution import Kind
from feedgate.model.inspection import Severity
from tests.builders.sdists import BrokenSdist
from tests.builders.wheels import BrokenWheel
from tests.unit.inspectors.archives import (
    METADATA,
    SDIST_NAME,
    SOUND,
    WHEEL_NAME,
    codes,
    record,
    recorded,
    row,
    sdist_codes,
    walk_bytes,
    wheel_codes,
    zipped,
)

MakeArchive = Callable[..., Path]

PKG_INFO = ("demo-1.0/PKG-INFO", METADATA)


def test_a_sound_wheel_and_a_sound_sdist_have_no_finding(
    make_wheel: MakeArchive, make_sdist: MakeArchive
) -> None:
    for path in (make_wheel("demo", "1.0"), make_sdist("demo", "1.0")):
        walked = walk(path, path.name)

        assert walked.findings == ((), ())
        assert walked.metadata is not None
        assert b"Name: demo\n" in walked.metadata


EXPECTED_OF_WHEELS: dict[BrokenWheel, set[str]] = {
    "absolute-member": {"path-outside"},
    "bomb": {"compression-ratio"},
    "climbing-member": {"path-outside"},
    "cut-off": {"unreadable"},
    "doubled-header": set(),  # what METADATA says is the identity rule's
    "duplicate-member": {"duplicate-member"},
    "encrypted-member": {"encrypted"},
    "glued": {"foreign-bytes"},
    "metadata-not-utf8": set(),
    "no-metadata": {"metadata-missing"},
    "no-wheel-file": {"wheel-missing"},
    "not-a-zip": {"unreadable"},
    "other-name": {"dist-info-mismatch"},
    "other-version": {"dist-info-mismatch"},
    "prefix": {"unreadable"},
    "second-dist-info": {"dist-info-second"},
    "symlink-member": {"special-member"},
    "trailing-bytes": {"foreign-bytes"},
    "unknown-metadata-version": set(),
}


@pytest.mark.parametrize("broken", get_args(BrokenWheel))
def test_each_way_to_break_a_wheel_is_found(make_wheel: MakeArchive, broken: BrokenWheel) -> None:
    path = make_wheel("demo", "1.0", broken=broken)

    assert set(codes(walk(path, path.name))) >= EXPECTED_OF_WHEELS[broken]
    assert bool(codes(walk(path, path.name))) == bool(EXPECTED_OF_WHEELS[broken])


EXPECTED_OF_SDISTS: dict[BrokenSdist, str] = {
    "climbing-member": "path-outside",
    "cut-off": "unreadable",
    "device": "special-member",
    "link-out": "link-outside",
    "no-pkg-info": "metadata-missing",
    "not-a-tar": "unreadable",
    "other-name": "",  # an sdist's folders have no say; the identity rule compares with the file name
    "other-version": "",
    "two-tops": "top-second",
}


@pytest.mark.parametrize("broken", get_args(BrokenSdist))
def test_each_way_to_break_an_sdist_is_found(make_sdist: MakeArchive, broken: BrokenSdist) -> None:
    path = make_sdist("demo", "1.0", broken=broken)

    assert "".join(codes(walk(path, path.name))[:1]) == EXPECTED_OF_SDISTS[broken]


# ------------------------------------------------------------------------------------------ paths


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("demo/../../up.py", "path-outside"),
        ("demo\\up.py", "path-outside"),
        ("C:/up.py", "path-outside"),
        ("demo-1.0.data/scripts/../../../up", "path-outside"),
        ("demo/a\nb.py", "path-unprintable"),
        ("demo/\u202eyp.py", "path-unprintable"),
    ],
)
def test_a_path_that_tricks_is_found_and_named(tmp_path: Path, name: str, code: str) -> None:
    walked = walk_bytes(tmp_path, WHEEL_NAME, zipped(recorded({**SOUND, name: b""})))

    finding = next(finding for finding in walked.findings[0] if finding.code == code)
    assert finding.severity is Severity.HIGH
    assert finding.member is not None
    assert finding.member.isprintable()
    assert finding.member in finding.sentence


@pytest.mark.parametrize(("characters", "found"), [(1024, []), (1025, ["path-too-long"])])
def test_a_path_has_a_longest_length(tmp_path: Path, characters: int, found: list[str]) -> None:
    path = ("d/" * 600)[: characters - 1] + "x"

    assert wheel_codes(tmp_path, recorded({**SOUND, path: b""})) == found


def test_a_name_with_a_nul_is_not_cut_there(tmp_path: Path) -> None:
    """As zipfile cuts it, which then takes the member for another."""
    whole = zipped(recorded({**SOUND, "demo/x.py#.txt": b""})).replace(b"x.py#.txt", b"x.py\0.txt")

    assert "path-unprintable" in codes(walk_bytes(tmp_path, WHEEL_NAME, whole))


@pytest.mark.parametrize(
    ("names", "code"),
    [
        pytest.param(["demo/a.py", "demo/A.py"], "case-collision", id="two-files-where-case-counts"),
        pytest.param(["demo/é.py", "demo/e\u0301.py"], "case-collision", id="two-compositions"),
        pytest.param(["demo/a.py", "demo/./a.py"], "duplicate-member", id="two-spellings"),
        pytest.param(["demo/a", "demo/a/"], "duplicate-member", id="file-and-folder-entry"),
        pytest.param(["demo/a", "demo/a/b.py"], "duplicate-member", id="file-and-folder"),
        pytest.param(["demo/a/", "demo/a/b.py"], "", id="a-folder-entry-and-its-file"),
        pytest.param(["demo/a/", "demo/A/"], "", id="two-folders-become-one"),
    ],
)
def test_members_that_meet_are_found(tmp_path: Path, names: list[str], code: str) -> None:
    files = {name: b"" for name in names if not name.endswith("/")}
    folders = {name: b"" for name in names if name.endswith("/")}

    found = wheel_codes(tmp_path, {**folders, **recorded({**SOUND, **files})})

    assert "".join(found) == code


def test_folder_entries_alone_are_not_odd(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, {"demo/": b"", "demo-1.0.dist-info/": b"", **recorded(SOUND)}) == []


def test_a_member_that_is_there_twice_is_found_in_an_sdist(tmp_path: Path) -> None:
    assert sdist_codes(tmp_path, [PKG_INFO, ("demo-1.0/a.py", b"1"), ("demo-1.0/a.py", b"2")]) == [
        "duplicate-member"
    ]


@pytest.mark.parametrize(("count", "found"), [(MANY_MEMBERS, []), (MANY_MEMBERS + 1, ["many-members"])])
def test_very_many_members_are_a_note(count: int, found: list[str]) -> None:
    look = ArchiveInspector().open(Kind.SDIST)
    look.member(Member("demo-1.0/PKG-INFO", MemberKind.FILE, 0))
    for number in range(count - 1):
        look.member(Member(f"demo-1.0/{number}", MemberKind.FILE, 0))

    assert [finding.code for finding in look.findings()] == found


# ------------------------------------------------------------------------------------------ links


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry, b""


@pytest.mark.parametrize(
    ("members", "code"),
    [
        pytest.param([link("demo-1.0/a", "PKG-INFO")], "link", id="beside"),
        pytest.param([link("demo-1.0/d/a", "../PKG-INFO")], "link", id="up-and-inside"),
        pytest.param([link("demo-1.0/a", "demo-1.0/PKG-INFO", tarfile.LNKTYPE)], "link", id="hard"),
        pytest.param([link("demo-1.0/a", "../../etc")], "link-outside", id="climbing"),
        pytest.param([link("demo-1.0/a", "/etc/passwd")], "link-outside", id="absolute"),
        pytest.param([link("demo-1.0/a", "../x", tarfile.LNKTYPE)], "link-outside", id="hard-climbing"),
        pytest.param(
            [link("demo-1.0/a", "d"), ("demo-1.0/a/x.py", b"")], "link-outside", id="written-through-a-link"
        ),
        pytest.param([link("demo-1.0/p", "", tarfile.FIFOTYPE)], "special-member", id="pipe"),
        pytest.param([link("demo-1.0/b", "", tarfile.BLKTYPE)], "special-member", id="device"),
    ],
)
def test_a_link_out_is_grave_and_a_link_inside_a_note(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]], code: str
) -> None:
    found = sdist_codes(tmp_path, [PKG_INFO, *members])

    assert code in found
    assert severity_of(ArchiveCode(code)) is (Severity.NOTE if code == "link" else Severity.HIGH)
    assert set(found) <= {code, "link"}


# --------------------------------------------------------------------------- folders and METADATA


@pytest.mark.parametrize("top", ["setup.py", "another-1.0/setup.py"])
def test_an_sdist_has_one_top(tmp_path: Path, top: str) -> None:
    assert sdist_codes(tmp_path, [PKG_INFO, (top, b"")]) == ["top-second"]


def test_the_top_may_be_written_with_a_dot_before_it(tmp_path: Path) -> None:
    assert sdist_codes(tmp_path, [("./demo-1.0/PKG-INFO", METADATA), ("./demo-1.0/a.py", b"")]) == []


def test_a_pkg_info_in_a_lower_folder_is_none(tmp_path: Path) -> None:
    assert sdist_codes(tmp_path, [("demo-1.0/demo.egg-info/PKG-INFO", METADATA)]) == ["metadata-missing"]


def test_a_pkg_info_that_is_a_link_is_none(tmp_path: Path) -> None:
    found = sdist_codes(tmp_path, [("demo-1.0/a", METADATA), link("demo-1.0/PKG-INFO", "a")])

    assert found == ["link", "metadata-missing"]


def test_a_zip_of_old_is_read_as_an_sdist(tmp_path: Path) -> None:
    walked = walk_bytes(tmp_path, "demo-1.0.zip", zipped({"demo-1.0/PKG-INFO": METADATA}))

    assert walked.findings == ((), ())
    assert walked.metadata == METADATA


def test_a_wheel_without_dist_info_says_so(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, {"demo/__init__.py": b""}) == ["dist-info-missing", "metadata-missing"]


@pytest.mark.parametrize(
    ("folder", "metadata", "found"),
    [
        ("demo-1.0", METADATA, []),
        ("Demo-1.0", METADATA, []),
        ("demo-1", METADATA, []),
        ("demo-1.1", METADATA, ["dist-info-mismatch"]),
        ("other-1.0", METADATA, ["dist-info-mismatch"]),
        ("demo-1.0_1", METADATA.replace(b"1.0", b"1.0.post1"), []),
        ("de_mo-1.0", METADATA.replace(b"demo", b"de.mo"), []),
        ("demo-odd", METADATA.replace(b"1.0", b"odd"), []),
        ("demo-odd", METADATA.replace(b"1.0", b"other"), ["dist-info-mismatch"]),
        ("demo-1.0", METADATA.replace(b"\n", b"\r\n"), []),
        ("demo-1.0", b"NAME : demo\nversion:1.0\n\nName: other\n", []),
        ("demo-1.0", b"Summary: says neither\n", []),
    ],
)
def test_the_dist_info_folder_and_its_metadata_name_one_release(
    tmp_path: Path, folder: str, metadata: bytes, found: list[str]
) -> None:
    members = {f"{folder}.dist-info/METADATA": metadata, f"{folder}.dist-info/WHEEL": b""}
    rows = record(row(path, content) for path, content in members.items())

    assert wheel_codes(tmp_path, {**members, f"{folder}.dist-info/RECORD": rows}) == found


@pytest.mark.parametrize(("extra_bytes", "found"), [(0, []), (1, ["metadata-too-large"])])
def test_metadata_has_a_largest_size(tmp_path: Path, extra_bytes: int, found: list[str]) -> None:
    large = METADATA.ljust(LARGEST_METADATA_BYTES + extra_bytes, b"\n")
    members = {**SOUND, "demo-1.0.dist-info/METADATA": large}

    walked = walk_bytes(tmp_path, WHEEL_NAME, zipped(recorded(members)))

    assert codes(walked) == found
    assert walked.metadata == (None if found else large)


# ----------------------------------------------------------------------------------------- RECORD

RECORD = "demo-1.0.dist-info/RECORD"
ROWS = {path: row(path, content) for path, content in SOUND.items()}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param({}, [], id="right"),
        pytest.param({"demo/__init__.py": ""}, ["record-incomplete"], id="a-row-left-out"),
        pytest.param({"demo/__init__.py": "demo/__init__.py,,6"}, ["record-incomplete"], id="no-hash"),
        pytest.param(
            {"demo/__init__.py": row("demo/__init__.py", b"x = 1\n", "md5")}, ["record-incomplete"], id="md5"
        ),
        pytest.param({"demo/__init__.py": row("demo/__init__.py", b"x = 1\n", "sha512")}, [], id="sha512"),
        pytest.param(
            {"demo/__init__.py": row("demo/__init__.py", b"x = 2\n", "sha512")},
            ["record-mismatch"],
            id="another-sha512",
        ),
        pytest.param(
            {"demo/__init__.py": row("demo/__init__.py", b"x = 2\n")}, ["record-mismatch"], id="another-hash"
        ),
        pytest.param(
            {"demo/__init__.py": row("demo/__init__.py", b"x = 1\n").rpartition(",")[0] + ",7"},
            ["record-size"],
            id="another-size",
        ),
        pytest.param(
            {"demo/__init__.py": row("demo/__init__.py", b"x = 1\n").rpartition(",")[0] + ","},
            [],
            id="no-size",
        ),
        pytest.param({"demo/gone.py": row("demo/gone.py", b"")}, ["record-absent"], id="a-row-too-many"),
        pytest.param({"demo/": "demo/,,"}, [], id="a-folder"),
        pytest.param({RECORD: f"{RECORD},,"}, [], id="itself"),
        pytest.param({RECORD: f"{RECORD}.jws,,"}, [], id="a-signature-that-is-not-there"),
        pytest.param(
            {"again": row("demo/__init__.py", b"x = 2\n")}, ["record-mismatch"], id="twice-with-two-hashes"
        ),
        pytest.param({"again": row("demo/__init__.py", b"x = 1\n")}, [], id="twice-with-one-hash"),
        pytest.param({"odd": "three,columns,are,needed"}, ["record-unreadable"], id="odd-row"),
        pytest.param({"odd": "\udcff"}, ["record-unreadable"], id="not-utf-8"),
    ],
)
def test_record_is_held_against_the_wheel(tmp_path: Path, rows: dict[str, str], found: list[str]) -> None:
    written = "".join(f"{one}\n" for one in {**ROWS, **rows}.values() if one)

    assert wheel_codes(tmp_path, {**SOUND, RECORD: written.encode(errors="surrogateescape")}) == found


def test_a_wheel_without_record_says_so(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, SOUND) == ["record-missing"]


def test_a_record_has_a_largest_size(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, {**SOUND, RECORD: bytes(LARGEST_RECORD_BYTES + 1)}) == ["record-unreadable"]


def test_signatures_need_no_row(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, {**recorded(SOUND), f"{RECORD}.jws": b"{}", f"{RECORD}.p7s": b""}) == []


def test_a_signature_elsewhere_needs_one(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, {**recorded(SOUND), "demo/RECORD.jws": b"{}"}) == ["record-incomplete"]


def test_the_sentence_names_member_and_fact(tmp_path: Path) -> None:
    wrong = {**ROWS, "demo/__init__.py": row("demo/__init__.py", b"x = 2\n")}

    walked = walk_bytes(tmp_path, WHEEL_NAME, zipped({**SOUND, RECORD: record(wrong.values())}))

    assert [finding.sentence for finding in walked.findings[0]] == [
        "RECORD lists demo/__init__.py with another hash than it has"
    ]


def test_of_many_findings_of_one_kind_the_first_are_spelled_out(tmp_path: Path) -> None:
    unlisted = {f"demo/{number}.py": b"" for number in range(MOST_OF_A_CODE + 3)}

    walked = walk_bytes(tmp_path, WHEEL_NAME, zipped({**recorded(SOUND), **unlisted}))

    sentences = [finding.sentence for finding in walked.findings[0]]
    assert len(sentences) == MOST_OF_A_CODE + 1
    assert sentences[-1] == "and 3 more of this kind (record-incomplete)"


# ------------------------------------------------------------------------------------------- all


def test_what_was_found_before_the_end_is_kept(tmp_path: Path) -> None:
    whole = zipped({"../up.py": b"", **recorded(SOUND)}, method=zipfile.ZIP_STORED)
    damaged = whole.replace(b"x = 1\n", b"x = 2\n")

    assert codes(walk_bytes(tmp_path, WHEEL_NAME, damaged)) == ["unreadable", "path-outside"]
    assert codes(walk_bytes(tmp_path, SDIST_NAME, b"")) == ["unreadable"]


def test_every_code_has_a_weight() -> None:
    assert {severity_of(code) for code in ArchiveCode} == set(Severity)


# ------------------------------------------------------------------ what would be installed, and from where


ENTRY_POINTS = "demo-1.0.dist-info/entry_points.txt"


def with_scripts(*lines: str, group: str = "console_scripts") -> dict[str, bytes]:
    return recorded({**SOUND, ENTRY_POINTS: "\n".join([f"[{group}]", *lines, ""]).encode()})


@pytest.mark.parametrize("group", ["console_scripts", "gui_scripts"])
@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/cron.d/x",
        "bin/x",
        "..\\x",
        "a\\b",
        "C:x",
        "..",
        "x\x00y",
        "x\x1b[31m",
        "\u202ex",
        "../../x",
        "",
    ],
)
def test_a_script_whose_name_leads_out_of_its_folder_is_named(tmp_path: Path, name: str, group: str) -> None:
    members = with_scripts("sound = demo:main", f"{name} = demo:main", group=group)

    [finding] = walk_bytes(tmp_path, WHEEL_NAME, zipped(members)).findings[0]

    assert (finding.code, finding.severity) == ("script-outside", Severity.HIGH)
    assert finding.sentence.startswith("its script '")
    assert finding.sentence.isprintable()


@pytest.mark.parametrize(
    "name", ["demo", "py.test", "2to3", "pip3.11", "demo-more", "demo_x", "a b", "démo", "..x"]
)
def test_a_script_with_a_name_of_its_own_is_no_finding(tmp_path: Path, name: str) -> None:
    assert wheel_codes(tmp_path, with_scripts(f"{name} = demo:main")) == []


def test_what_other_entry_points_are_called_writes_no_file(tmp_path: Path) -> None:
    assert wheel_codes(tmp_path, with_scripts("../x = demo:plugin", group="demo.plugins")) == []


def test_entry_points_elsewhere_than_in_the_dist_info_are_read_by_nobody(tmp_path: Path) -> None:
    scripts = b"[console_scripts]\n../x = demo:main\n"

    assert wheel_codes(tmp_path, recorded({**SOUND, "demo/entry_points.txt": scripts})) == []
    assert sdist_codes(tmp_path, [PKG_INFO, ("demo-1.0/demo.egg-info/entry_points.txt", scripts)]) == []


def test_a_second_dist_info_hides_no_script(tmp_path: Path) -> None:
    members = {
        **SOUND,
        ENTRY_POINTS: b"[other]",
        "else-1.0.dist-info/entry_points.txt": b"[console_scripts]\n../x=m:f",
    }

    assert "script-outside" in wheel_codes(tmp_path, recorded(members))


def test_entry_points_have_a_largest_size(tmp_path: Path) -> None:
    line, heading = "x = demo:main\n", "[console_scripts]\n"
    fits = (heading + line * (LARGEST_ENTRY_POINTS_BYTES // len(line) - 2)).encode()

    assert wheel_codes(tmp_path, recorded({**SOUND, ENTRY_POINTS: fits})) == []
    too_large = fits.ljust(LARGEST_ENTRY_POINTS_BYTES + 1, b"\n")
    assert wheel_codes(tmp_path, recorded({**SOUND, ENTRY_POINTS: too_large})) == ["entry-points-too-large"]


def requiring(*requirements: str) -> bytes:
    return METADATA + "".join(f"Requires-Dist: {one}\n" for one in requirements).encode()


@pytest.mark.parametrize(
    "requirement",
    [
        "part @ https://files.example/part-1.0-py3-none-any.whl",
        "part@https://files.example/part.zip",
        "part[extra] @ git+https://git.example/part@main ; extra == 'more'",
        "part @ file:///etc/part.whl",
        "part\n @ https://files.example/part.whl",
    ],
)
def test_a_requirement_that_names_an_address_is_named(tmp_path: Path, requirement: str) -> None:
    metadata = requiring("other>=1", requirement)
    wheel = walk_bytes(
        tmp_path, WHEEL_NAME, zipped(recorded({**SOUND, "demo-1.0.dist-info/METADATA": metadata}))
    )

    [finding] = wheel.findings[0]

    assert (finding.code, finding.severity) == ("direct-reference", Severity.LOW)
    assert finding.sentence.startswith("it requires part from an address")
    assert requirement.split("@", 1)[1].split(maxsplit=1)[0] in finding.sentence
    assert sdist_codes(tmp_path, [("demo-1.0/PKG-INFO", metadata)]) == ["direct-reference"]


def test_an_address_is_named_without_the_password_in_it(tmp_path: Path) -> None:
    metadata = requiring("part @ https://ada:hunter2@files.example/part.whl")

    [finding] = walk_bytes(
        tmp_path, WHEEL_NAME, zipped(recorded({**SOUND, "demo-1.0.dist-info/METADATA": metadata}))
    ).findings[0]

    assert "hunter2" not in finding.sentence
    assert "files.example/part.whl" in finding.sentence


def test_a_long_address_is_cut_in_the_sentence(tmp_path: Path) -> None:
    metadata = requiring("p" * 1000 + " @ https://files.example/" + "\u202e" * 1000 + ".whl")

    [finding] = walk_bytes(
        tmp_path, WHEEL_NAME, zipped(recorded({**SOUND, "demo-1.0.dist-info/METADATA": metadata}))
    ).findings[0]

    assert finding.sentence.isprintable()
    assert len(finding.sentence) <= 500


@pytest.mark.parametrize(
    "text",
    [
        requiring("part>=1 ; platform_machine == 'a@b'"),
        METADATA + b"Author-Email: ada@example.org\n",
        METADATA + b"\nRequires-Dist: part @ https://files.example/part.whl\n",
        METADATA + b"Requires-Dist: ((( @\n",
    ],
    ids=["in-a-marker", "in-another-header", "in-the-description", "no-requirement-at-all"],
)
def test_what_only_looks_like_an_address_is_none(tmp_path: Path, text: bytes) -> None:
    assert wheel_codes(tmp_path, recorded({**SOUND, "demo-1.0.dist-info/METADATA": text})) == []
