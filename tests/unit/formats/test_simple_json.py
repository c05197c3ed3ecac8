from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedgate.formats.simple_json import list_versions, parse_page, render_entry, render_names, render_page
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import BadPage, ProjectPage, Status
from feedgate.model.names import ProjectName, parse_project_name

DEMO = parse_project_name("demo")
BASE = "https://index.example/simple/demo/"
DIGEST = "ab" * 32
METADATA_DIGEST = "cd" * 32
NOON = datetime(2026, 3, 8, 12, 0, 0, 123456, UTC)
ENTRY: Mapping[str, Any] = {
    "filename": "demo-1.0-py3-none-any.whl",
    "url": "https://files.example/demo-1.0-py3-none-any.whl",
    "hashes": {"sha256": DIGEST},
}


def page_of(*entries: object, **members: object) -> bytes:
    return orjson.dumps({"meta": {"api-version": "1.4"}, "name": "demo", "files": entries, **members})


def parsed(*entries: object, **members: object) -> ProjectPage:
    return parse_page(page_of(*entries, **members), name=DEMO, base_url=BASE)


def file_of(**members: object) -> Distribution:
    (file,) = parsed({**ENTRY, **members}).files
    return file


def test_everything_an_entry_states_is_read() -> None:
    file = file_of(
        hashes={"md5": "0" * 32, "sha256": DIGEST.upper()},
        size=0,
        yanked="broken on Windows",
        **{
            "requires-python": ">=3.9,<4",
            "upload-time": "2026-03-08T12:00:00.123456Z",
            "core-metadata": {"sha256": METADATA_DIGEST},
        },
    )

    assert file == Distribution(
        filename="demo-1.0-py3-none-any.whl",
        digest=Digest(DIGEST),
        size_bytes=0,
        requires_python=">=3.9,<4",
        uploaded_at=NOON,
        metadata_digest=METADATA_DIGEST,
        yanked="broken on Windows",
        source="https://files.example/demo-1.0-py3-none-any.whl",
    )


def test_what_an_entry_does_not_state_is_none() -> None:
    file = file_of(hashes={"md5": "0" * 32})

    assert file == Distribution(ENTRY["filename"], None, source=ENTRY["url"])


@pytest.mark.parametrize("key", ["size", "requires-python", "upload-time", "yanked", "core-metadata"])
def test_null_is_not_stated(key: str) -> None:
    assert file_of(**{key: None}) == file_of()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"core-metadata": True}, "", id="offered-without-digest"),
        pytest.param({"core-metadata": {}}, "", id="offered-with-no-hash"),
        pytest.param({"core-metadata": {"md5": "0" * 32}}, "", id="offered-with-another-hash"),
        pytest.param({"core-metadata": False}, None, id="not-offered"),
        pytest.param(
            {"dist-info-metadata": {"sha256": METADATA_DIGEST}}, METADATA_DIGEST, id="by-its-old-name"
        ),
        pytest.param({"core-metadata": False, "dist-info-metadata": True}, None, id="the-new-name-wins"),
    ],
)
def test_metadata_beside_the_file(members: dict[str, object], expected: str | None) -> None:
    assert file_of(**members).metadata_digest == expected


@pytest.mark.parametrize(
    ("yanked", "expected"),
    [
        pytest.param(True, "", id="without-reason"),
        pytest.param("a reason", "a reason", id="with-reason"),
        pytest.param(False, None, id="not-yanked"),
        pytest.param("", None, id="empty-text-is-not-true"),
    ],
)
def test_yanked(yanked: object, expected: str | None) -> None:
    assert file_of(yanked=yanked).yanked == expected


def test_a_moment_with_another_offset_becomes_utc() -> None:
    assert file_of(**{"upload-time": "2026-03-08T14:00:00.123456+02:00"}).uploaded_at == NOON


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("../../files/demo.whl", "https://index.example/files/demo.whl"),
        ("/files/demo.whl", "https://index.example/files/demo.whl"),
        ("demo.whl", "https://index.example/simple/demo/demo.whl"),
        ("//mirror.example/demo.whl", "https://mirror.example/demo.whl"),
        ("http://mirror.example/demo.whl", "http://mirror.example/demo.whl"),
    ],
)
def test_links_are_joined_to_the_page(url: str, expected: str) -> None:
    assert file_of(url=url).source == expected


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("a text", id="no-object"),
        pytest.param({key: ENTRY[key] for key in ("filename", "url")}, id="no-hashes"),
        pytest.param({key: ENTRY[key] for key in ("filename", "hashes")}, id="no-url"),
        pytest.param({key: ENTRY[key] for key in ("url", "hashes")}, id="no-filename"),
        pytest.param({**ENTRY, "filename": ""}, id="empty-filename"),
        pytest.param({**ENTRY, "filename": 1}, id="filename-is-a-number"),
        pytest.param({**ENTRY, "filename": "../demo-1.0.tar.gz"}, id="filename-is-a-path"),
        pytest.param({**ENTRY, "filename": "demo-1.0.tar.gz\n"}, id="filename-with-a-newline"),
        pytest.param({**ENTRY, "filename": "dem\u00f6-1.0.tar.gz"}, id="filename-is-not-ascii"),
        pytest.param({**ENTRY, "hashes": []}, id="hashes-is-a-list"),
        pytest.param({**ENTRY, "hashes": {"sha256": DIGEST[:-1]}}, id="digest-one-short"),
        pytest.param({**ENTRY, "hashes": {"sha256": DIGEST + "a"}}, id="digest-one-long"),
        pytest.param({**ENTRY, "hashes": {"sha256": "zz" * 32}}, id="digest-of-other-letters"),
        pytest.param({**ENTRY, "hashes": {"sha256": " " * 32 + "ab" * 16}}, id="digest-with-white-space"),
        pytest.param({**ENTRY, "hashes": {"sha256": 1}}, id="digest-is-a-number"),
        pytest.param({**ENTRY, "url": "ftp://files.example/demo.whl"}, id="ftp"),
        pytest.param({**ENTRY, "url": "file:///etc/passwd"}, id="file"),
        pytest.param({**ENTRY, "url": "https://files.example/a\r\nb"}, id="link-with-a-newline"),
        pytest.param({**ENTRY, "url": "//[::1"}, id="link-without-a-host"),
        pytest.param({**ENTRY, "size": -1}, id="size-below-zero"),
        pytest.param({**ENTRY, "size": "1"}, id="size-is-a-text"),
        pytest.param({**ENTRY, "size": True}, id="size-is-true"),
        pytest.param({**ENTRY, "requires-python": 3}, id="requires-python-is-a-number"),
        pytest.param({**ENTRY, "upload-time": "yesterday"}, id="upload-time-is-a-word"),
        pytest.param({**ENTRY, "upload-time": 1}, id="upload-time-is-a-number"),
        pytest.param({**ENTRY, "upload-time": "0001-01-01T00:00:00+14:00"}, id="before-the-year-1"),
        pytest.param({**ENTRY, "size": 2**53 + 1}, id="size-of-no-disk"),
        pytest.param({**ENTRY, "requires-python": ">=" + "1" * 999}, id="requires-python-without-end"),
        pytest.param({**ENTRY, "yanked": 1}, id="yanked-is-a-number"),
        pytest.param({**ENTRY, "core-metadata": {"sha256": "x"}}, id="digest-of-the-metadata-is-none"),
        pytest.param({**ENTRY, "core-metadata": "yes"}, id="core-metadata-is-a-word"),
    ],
)
def test_a_broken_entry_is_left_out_and_the_others_stay(broken: object) -> None:
    page = parsed(broken, ENTRY)

    assert page.files == parsed(ENTRY).files
    assert len(page.unreadable) == 1
    assert page.unreadable[0].isascii()
    assert page.unreadable[0].isprintable()


def test_what_can_not_be_read_is_named() -> None:
    page = parsed({**ENTRY, "hashes": {"sha256": "zz"}}, {**ENTRY, "filename": "a\n" * 1000}, ENTRY)

    name, odd = page.unreadable
    assert name == ENTRY["filename"]
    assert (odd[:6], len(odd)) == ("'a\\na\\", 200)
    assert parsed(ENTRY).unreadable == ()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<!DOCTYPE html>", id="html"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b"{}", id="no-files"),
        pytest.param(b'{"files": {}}', id="files-is-no-list"),
        pytest.param(b"[" * 100_000, id="thousands-of-brackets"),
        pytest.param(page_of(meta={"api-version": "2.0"}), id="another-major-version"),
        pytest.param(page_of(meta={"api-version": None}), id="a-version-that-is-none"),
        pytest.param(page_of(name="other"), id="another-project"),
    ],
)
def test_a_body_that_is_no_page_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(BadPage, match=r"^demo: "):
        parse_page(body, name=DEMO, base_url=BASE)


@pytest.mark.parametrize("members", [{"meta": {}}, {"meta": 1}, {"name": "DEMO"}, {"name": None}])
def test_what_a_sloppy_page_leaves_out_is_taken_kindly(members: dict[str, object]) -> None:
    assert len(parsed(ENTRY, **members).files) == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            {"status": "quarantined", "reason": "malware"}, (Status.QUARANTINED, "malware"), id="both"
        ),
        pytest.param({"status": "archived"}, (Status.ARCHIVED, None), id="without-reason"),
        pytest.param({"status": "asleep", "reason": 1}, (Status.ACTIVE, None), id="unknown"),
        pytest.param({"status": []}, (Status.ACTIVE, None), id="no-word"),
        pytest.param("archived", (Status.ACTIVE, None), id="no-object"),
    ],
)
def test_the_project_status(said: object, expected: tuple[Status, str | None]) -> None:
    page = parsed(**{"project-status": said})

    assert (page.status, page.status_reason) == expected


def test_the_validator_is_the_digest_of_the_body() -> None:
    assert parsed(ENTRY).validator == sha256(page_of(ENTRY)).hexdigest()
    assert parsed(ENTRY).validator != parsed().validator


WHOLE = Distribution(
    filename="demo-1.0-py3-none-any.whl",
    digest=Digest(DIGEST),
    size_bytes=7,
    requires_python=">=3.9",
    uploaded_at=NOON,
    metadata_digest=METADATA_DIGEST,
    yanked="",
)
BARE = Distribution(filename="demo-0.9.tar.gz", digest=None)


def test_an_entry_says_all_that_is_known() -> None:
    assert orjson.loads(render_entry(WHOLE, "../x")) == {
        "filename": "demo-1.0-py3-none-any.whl",
        "url": "../x",
        "hashes": {"sha256": DIGEST},
        "requires-python": ">=3.9",
        "size": 7,
        "upload-time": "2026-03-08T12:00:00.123456Z",
        "core-metadata": {"sha256": METADATA_DIGEST},
        "yanked": True,
    }


def test_an_entry_does_not_say_what_is_not_known() -> None:
    assert orjson.loads(render_entry(BARE, "x")) == {
        "filename": "demo-0.9.tar.gz",
        "url": "x",
        "hashes": {},
        "core-metadata": False,
        "yanked": False,
    }


def test_metadata_without_a_digest_is_offered_as_true() -> None:
    offered = Distribution("demo-1.0.tar.gz", None, metadata_digest="", yanked="a reason")

    entry = orjson.loads(render_entry(offered, "x"))

    assert (entry["core-metadata"], entry["yanked"]) == (True, "a reason")


def test_a_page_with_sizes_and_versions_keeps_the_promises_of_its_version() -> None:
    page = ProjectPage(DEMO, (WHOLE,), "v", Status.ARCHIVED, "moved")

    body = render_page(page, [render_entry(WHOLE, "a")], versions=list_versions(page.files))

    assert orjson.loads(body) == {
        "meta": {"api-version": "1.4"},
        "name": "demo",
        "project-status": {"status": "archived", "reason": "moved"},
        "versions": ["1.0"],
        "files": [orjson.loads(render_entry(WHOLE, "a"))],
    }


@pytest.mark.parametrize(
    ("files", "versions"),
    [
        pytest.param((WHOLE, BARE), ("0.9", "1.0"), id="a-size-is-missing"),
        pytest.param((WHOLE,), None, id="the-versions-are-missing"),
    ],
)
def test_a_page_that_can_not_promise_says_1_0(
    files: tuple[Distribution, ...], versions: tuple[str, ...] | None
) -> None:
    page = ProjectPage(DEMO, files, "v")

    body = orjson.loads(render_page(page, [render_entry(file, "a") for file in files], versions=versions))

    assert body["meta"] == {"api-version": "1.0"}
    assert body.get("versions") == (None if versions is None else list(versions))
    assert len(body["files"]) == len(files)


def test_an_empty_page_is_a_page() -> None:
    body = render_page(ProjectPage(DEMO, (), "v"), [], versions=())

    assert orjson.loads(body)["files"] == []


def test_versions_are_listed_once_and_oldest_first() -> None:
    names = ("demo-1.10.tar.gz", "demo-1.9-py3-none-any.whl", "demo-1.9.tar.gz", "demo-1.10rc1.tar.gz")

    assert list_versions(Distribution(name, None) for name in names) == ("1.9", "1.10rc1", "1.10")


def test_one_old_file_name_leaves_the_versions_unsaid() -> None:
    assert list_versions([WHOLE, Distribution("demo-1.0.win32.exe", None)]) is None


@pytest.mark.parametrize(
    ("serial", "meta"), [(None, {"api-version": "1.4"}), (0, {"api-version": "1.4", "_last-serial": 0})]
)
def test_the_list_of_projects(serial: int | None, meta: dict[str, object]) -> None:
    names: list[ProjectName] = [DEMO, parse_project_name("Other_Name")]

    assert orjson.loads(render_names(names, serial=serial)) == {
        "meta": meta,
        "projects": [{"name": "demo"}, {"name": "other-name"}],
    }


DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: Digest(raw.hex()))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FILES = st.builds(
    Distribution,
    filename=st.from_regex(r"\A[A-Za-z0-9._+-]{1,30}\Z"),
    digest=st.none() | DIGESTS,
    size_bytes=st.none() | st.integers(0, 2**53),
    requires_python=st.none() | TEXTS.filter(bool),
    uploaded_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    metadata_digest=st.none() | st.just("") | DIGESTS,
    yanked=st.none() | TEXTS,
    source=st.from_regex(r"\Ahttps://[a-z]{1,10}\.example/[a-z0-9/._-]{0,20}\Z"),
)


@given(st.lists(FILES, max_size=5), st.sampled_from(Status), st.none() | TEXTS)
def test_a_page_reads_back_as_it_was_written(
    files: list[Distribution], status: Status, reason: str | None
) -> None:
    page = ProjectPage(DEMO, tuple(files), "v", status, reason)

    body = render_page(page, [render_entry(file, file.source or "") for file in files])

    again = parse_page(body, name=DEMO, base_url=BASE)
    assert (again.files, again.status, again.status_reason) == (page.files, status, reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)
KEYS = ("filename", "url", "hashes", "requires-python", "size", "upload-time", "core-metadata", "yanked")


@settings(max_examples=50)
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)) | JSON), JSON, JSON)
def test_no_page_breaks_the_reader(entries: list[object], meta: object, status: object) -> None:
    body = orjson.dumps({"files": entries, "meta": meta, "project-status": status})

    try:
        page = parse_page(body, name=DEMO, base_url=BASE)
    except BadPage:
        return

    assert len(page.files) <= len(entries)
