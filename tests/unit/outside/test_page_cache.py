from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.model.names import parse_project_name
from feedgate.outside.page_cache import KeptPage, PageCache

DEMO = parse_project_name("demo")
PAGE = KeptPage(
    url="https://upstream.example/simple/demo/",
    content_type="text/html; charset=utf-8",
    etag='"1"',
    last_modified=None,
    body=b"line\nline\n\x00\xff",
)
URL = "https://upstream.example/simple/"


@pytest.fixture
def cache(tmp_path: Path) -> PageCache:
    return PageCache(tmp_path, upstream_url=URL)


def kept_file(directory: Path) -> Path:
    (file,) = [path for path in directory.rglob("*") if path.is_file()]
    return file


def test_a_page_comes_back_as_it_was_kept(cache: PageCache) -> None:
    cache.keep(DEMO, PAGE)

    assert cache.find(DEMO) == PAGE


def test_the_last_page_kept_counts(cache: PageCache, tmp_path: Path) -> None:
    cache.keep(DEMO, PAGE)
    cache.keep(DEMO, replace(PAGE, etag='"2"', body=b""))

    assert cache.find(DEMO) == replace(PAGE, etag='"2"', body=b"")
    assert kept_file(tmp_path).name == "demo"


def test_what_was_never_kept_is_not_found(cache: PageCache) -> None:
    assert cache.find(DEMO) is None


def test_another_upstream_has_pages_of_its_own(cache: PageCache, tmp_path: Path) -> None:
    cache.keep(DEMO, PAGE)

    assert PageCache(tmp_path, upstream_url="https://mirror.example/simple/").find(DEMO) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda kept: kept[:-1], id="cut"),
        pytest.param(lambda kept: kept[:20], id="cut-in-its-head"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda kept: kept + b"x", id="longer"),
        pytest.param(lambda _: b"[1]\n", id="other-json"),
        pytest.param(lambda _: b'{"form":1,"sha256":"","colour":1}\n', id="other-keys"),
        pytest.param(lambda kept: kept.replace(b'"form":1', b'"form":2'), id="another-form"),
        pytest.param(lambda _: b"\xff\xfe\n", id="no-text"),
    ],
)
def test_a_damaged_page_is_as_good_as_absent(cache: PageCache, tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    cache.keep(DEMO, PAGE)
    file = kept_file(tmp_path)
    file.write_bytes(damage(file.read_bytes()))

    assert cache.find(DEMO) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PageCache(tmp_path / "file", upstream_url=URL)

    cache.keep(DEMO, PAGE)

    assert cache.find(DEMO) is None


def test_a_name_longer_than_a_file_name_is_not_kept(cache: PageCache) -> None:
    name = parse_project_name("d" * 300)

    cache.keep(name, PAGE)

    assert cache.find(name) is None


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PAGE, {"If-None-Match": '"1"'}),
        (
            replace(PAGE, etag=None, last_modified="Tue, 24 Nov 2026 08:00:00 GMT"),
            {"If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 GMT"},
        ),
        (replace(PAGE, etag=None), {}),
    ],
)
def test_a_page_is_asked_about_by_what_it_carried(page: KeptPage, expected: dict[str, str]) -> None:
    assert page.condition == expected
