"""A project's page and the list of names, of any Index over HTTP, seen without a server."""

import gzip
import threading
from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest
from multidict import CIMultiDict

from feedgate.index.kept_bodies import KeptBodies
from feedgate.index.over_http import Answer, Entries, Pages, Shortcut
from feedgate.model.distribution import Distribution
from feedgate.model.index import Content, Index, NoSuchProject, ProjectPage
from feedgate.model.names import ProjectName, parse_project_name
from tests.doubles.memory_index import STOCK, Facts, MemoryIndex, stocked_wheel

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
ALPHA = parse_project_name("alpha")
UNKNOWN = parse_project_name("unknown")
LARGE = STOCK[0]


def link(file: Distribution) -> str:
    return f"../files/{file.filename}"


def pages(index: Index | None = None) -> Pages:
    return Pages(index or MemoryIndex.of(STOCK), Entries(link))


def headers(**stated: str) -> Mapping[str, str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in stated.items()})


async def body_of(answer: Answer) -> bytes:
    if isinstance(answer.body, Content):
        return await answer.body.read()
    return answer.body or b""


# ------------------------------------------------------------------------------- a project's page


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (JSON, JSON),
        (HTML, HTML),
        ("text/html", "text/html"),
        ("*/*", "text/html"),
        (f"{HTML};q=0.5, {JSON}", JSON),
    ],
)
async def test_the_page_comes_in_the_form_that_was_asked_for(accept: str, content_type: str) -> None:
    answer = await pages().page("GET", headers(accept=accept), ALPHA)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Length"] == str(len(await body_of(answer)))
    assert b"alpha-1.0-py3-none-any.whl" in await body_of(answer)


async def test_without_accept_the_page_is_html() -> None:
    answer = await pages().page("GET", {}, ALPHA)

    assert answer.headers["Content-Type"] == "text/html"
    assert b'href="../files/alpha-1.0-py3-none-any.whl#sha256=' in await body_of(answer)


async def test_the_json_page_lists_every_file_with_its_link_and_every_version() -> None:
    answer = await pages().page("GET", headers(accept=JSON), ALPHA)

    page = orjson.loads(await body_of(answer))
    assert [(file["filename"], file["url"]) for file in page["files"]] == [
        (stocked.file.filename, link(stocked.file)) for stocked in STOCK if stocked.project == ALPHA
    ]
    assert page["versions"] == ["1.0", "1.1+local.2", "2.0rc1"]


async def test_a_project_whose_files_are_all_left_out_is_still_a_page() -> None:
    class Empty(MemoryIndex):
        async def page(self, name: ProjectName) -> ProjectPage:
            return replace(await super().page(name), files=())

    answer = await pages(Empty.of(STOCK)).page("GET", headers(accept=JSON), ALPHA)

    assert orjson.loads(await body_of(answer))["files"] == []


async def test_a_form_that_we_do_not_have_is_406_and_lists_those_we_have() -> None:
    answer = await pages().page("GET", headers(accept="application/xml"), ALPHA)

    assert answer.status == 406
    assert (await body_of(answer)).decode().split() == [JSON, HTML, "text/html"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"])
async def test_other_methods_are_405_and_say_which_are_allowed(method: str) -> None:
    served = pages()
    for answer in (
        await served.names(method, {}),
        await served.page(method, {}, ALPHA),
        await served.file(method, {}, LARGE.file),
        await served.metadata(method, {}, LARGE.file),
    ):
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_an_unknown_project_is_the_mounts_to_answer() -> None:
    with pytest.raises(NoSuchProject):
        await pages().page("GET", headers(accept=JSON), UNKNOWN)


async def test_head_is_the_same_answer_without_its_body() -> None:
    get = await pages().page("GET", headers(accept=JSON), ALPHA)
    head = await pages().page("HEAD", headers(accept=JSON), ALPHA)

    assert head == replace(get, body=None)


async def test_every_client_asks_again_each_time_and_nothing_is_shared() -> None:
    answer = await pages().page("GET", headers(accept=JSON), ALPHA)

    assert answer.headers["Cache-Control"] == "no-cache, private"
    assert answer.headers["Vary"] == "Accept, Accept-Encoding, Authorization"
    assert "Last-Modified" not in answer.headers


# ------------------------------------------------------------------------------------- validators


async def etag(served: Pages, **stated: str) -> str:
    return (await served.page("GET", headers(**stated), ALPHA)).headers["ETag"]


async def test_the_etag_is_strong_and_another_for_each_form_and_encoding() -> None:
    served = pages()
    seen = {
        await etag(served, accept=accept, accept_encoding=encoding)
        for accept in (JSON, HTML, "text/html")
        for encoding in ("gzip", "identity")
    }

    assert len(seen) == 6
    assert all(tag.startswith('"') and tag.endswith('"') for tag in seen)


async def test_the_etag_changes_when_the_page_does_and_only_then() -> None:
    index = MemoryIndex.of(STOCK)
    before = [await etag(pages(index), accept=JSON), await etag(pages(index), accept=JSON)]

    index.stock.append(stocked_wheel("alpha", "3.0"))

    assert before[0] == before[1] != await etag(pages(index), accept=JSON)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_page_that_is_known_is_304_without_a_body(method: str, encoding: str) -> None:
    served = pages()
    known = await etag(served, accept=JSON, accept_encoding=encoding)

    answer = await served.page(
        method, headers(accept=JSON, accept_encoding=encoding, if_none_match=f'"x", {known}'), ALPHA
    )

    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, None, known)
    assert answer.headers["Cache-Control"] == "no-cache, private"
    assert "Content-Length" not in answer.headers


def short(index: MemoryIndex) -> Pages:
    """Serve an index that tells its validators for less than its pages."""

    async def validator(name: ProjectName) -> str:
        return (await MemoryIndex(index.stock).page(name)).validator

    return Pages(index, Entries(link), shortcut=Shortcut(validator, KeptBodies()))


@pytest.mark.parametrize("accept", [JSON, HTML, "text/html"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_page_is_read_and_rendered_once_for_all_who_ask(accept: str, encoding: str) -> None:
    index = MemoryIndex.of(STOCK)
    served = short(index)
    stated = {"accept": accept, "accept_encoding": encoding}
    first = await served.page("GET", headers(**stated), ALPHA)
    known = first.headers["ETag"]

    assert await served.page("GET", headers(**stated), ALPHA) == first
    assert await served.page("HEAD", headers(**stated), ALPHA) == replace(first, body=None)
    assert (await served.page("GET", headers(**stated, if_none_match=known), ALPHA)).status == 304
    assert index.asked == ["page alpha"]

    index.stock.append(stocked_wheel("alpha", "3.0"))
    assert (await served.page("GET", headers(**stated, if_none_match=known), ALPHA)).status == 200
    assert index.asked == ["page alpha"] * 2


async def test_a_page_that_is_kept_in_one_form_is_not_sent_in_another() -> None:
    served = short(MemoryIndex.of(STOCK))
    bodies = [
        await body_of(await served.page("GET", headers(accept=accept, accept_encoding=encoding), ALPHA))
        for _ in range(2)
        for accept in (JSON, "text/html")
        for encoding in ("gzip", "identity")
    ]

    assert bodies[:4] == bodies[4:]
    assert len(set(bodies)) == 4


async def test_a_page_of_many_files_is_rendered_beside_the_event_loop() -> None:
    threads = set()

    def note_thread(file: Distribution) -> str:
        threads.add(threading.current_thread())
        return link(file)

    many = MemoryIndex.of([stocked_wheel("alpha", f"1.{number}") for number in range(300)])
    for accept in (JSON, HTML):
        await Pages(many, Entries(note_thread)).page("GET", headers(accept=accept), ALPHA)

    assert threads
    assert threading.current_thread() not in threads


async def test_the_etag_of_one_form_does_not_vouch_for_another() -> None:
    served = pages()
    known = await etag(served, accept=JSON)

    assert (await served.page("GET", headers(accept=HTML, if_none_match=known), ALPHA)).status == 200


async def test_the_etag_of_a_body_is_the_same_as_long_as_the_body_is() -> None:
    class Restless(MemoryIndex):
        async def page(self, name: ProjectName) -> ProjectPage:
            return replace(await super().page(name), validator=str(len(self.asked)))

    index = Restless.of(STOCK)
    served = Pages(index, Entries(link), etag_of_body=True)
    before = [await etag(served, accept=JSON), await etag(served, accept=JSON)]
    known = await served.page("GET", headers(accept=JSON, if_none_match=before[0]), ALPHA)
    index.stock.append(stocked_wheel("alpha", "3.0"))

    assert before[0] == before[1] != await etag(served, accept=JSON)
    assert known.status == 304


# ----------------------------------------------------------------------------------------- gzip


async def test_a_page_is_compressed_where_that_is_asked_for() -> None:
    plain = await pages().page("GET", headers(accept=JSON), ALPHA)
    packed = await pages().page("GET", headers(accept=JSON, accept_encoding="gzip, deflate"), ALPHA)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(await body_of(packed)))
    assert gzip.decompress(await body_of(packed)) == await body_of(plain)
    assert "Content-Encoding" not in plain.headers


async def test_a_large_page_is_compressed_to_the_same_bytes_each_time() -> None:
    index = MemoryIndex.of([stocked_wheel("alpha", f"1.{minor}") for minor in range(400)])
    asked = headers(accept=JSON, accept_encoding="gzip")

    first, second = [await body_of(await pages(index).page("GET", asked, ALPHA)) for _ in range(2)]

    assert first == second
    assert len(orjson.loads(gzip.decompress(first))["files"]) == 400


async def test_a_mount_may_leave_compressing_out() -> None:
    served = Pages(MemoryIndex.of(STOCK), Entries(link), compress=False, lists_versions=False, vary="Accept")

    answer = await served.page("GET", headers(accept=JSON, accept_encoding="gzip"), ALPHA)

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept"
    assert "versions" not in orjson.loads(await body_of(answer))


# ------------------------------------------------------------------------------ the list of names


async def test_the_list_of_names_comes_in_json_with_its_serial_and_in_html() -> None:
    listed = await pages().names("GET", headers(accept=JSON), serial=7)
    html = await pages().names("GET", {})

    assert orjson.loads(await body_of(listed)) == {
        "meta": {"api-version": "1.4", "_last-serial": 7},
        "projects": [{"name": "alpha"}, {"name": "beta"}, {"name": "gamma-delta"}],
    }
    assert b'<a href="gamma-delta/">' in await body_of(html)


async def test_the_list_of_names_is_304_until_a_name_comes_in() -> None:
    index = MemoryIndex.of(STOCK)
    known = (await pages(index).names("GET", headers(accept=JSON))).headers["ETag"]
    asked = headers(accept=JSON, if_none_match=known)
    before = await pages(index).names("GET", asked)
    index.stock.append(stocked_wheel("new", "1.0"))

    assert before.status == 304
    assert (await pages(index).names("GET", asked)).status == 200
    assert (await pages(index).names("GET", headers(accept="image/png"))).status == 406


# --------------------------------------------------------------------------------------- sharing


async def test_the_same_files_are_rendered_once_and_others_anew() -> None:
    index = MemoryIndex.of(STOCK)
    links: list[str] = []

    def counted(file: Distribution) -> str:
        links.append(file.filename)
        return link(file)

    entries = Entries(counted)
    asked = headers(accept=JSON)
    for _ in range(2):
        await Pages(index, entries).page("GET", asked, ALPHA)
    rendered_once = len(links)
    index.stock.append(stocked_wheel("alpha", "3.0", Facts(requires_python=">=3.12")))
    answer = await Pages(index, entries).page("GET", asked, ALPHA)

    assert rendered_once == 3
    assert len(links) == 3 + 4
    assert b"alpha-3.0-py3-none-any.whl" in await body_of(answer)
