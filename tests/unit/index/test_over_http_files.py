"""Files and their METADATA, of any Index over HTTP, seen without a server."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from feedgate.index.over_http import Answer, Entries, Pages, drop
from feedgate.model.index import Content, Index, NoSuchFile
from tests.doubles.memory_index import STOCK, MemoryIndex, stocked_wheel

LARGE = STOCK[0]
SIZE_BYTES = len(LARGE.content)
WITHOUT_METADATA = next(stocked for stocked in STOCK if stocked.metadata is None)


def pages(index: Index | None = None) -> Pages:
    return Pages(index or MemoryIndex.of(STOCK), Entries(lambda file: file.filename))


def headers(**stated: str) -> Mapping[str, str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in stated.items()})


async def body_of(answer: Answer) -> bytes:
    if isinstance(answer.body, Content):
        return await answer.body.read()
    return answer.body or b""


async def test_a_file_comes_whole_immutable_and_with_its_digest_as_etag() -> None:
    answer = await pages().file("GET", {}, LARGE.file)

    assert answer.status == 200
    assert await body_of(answer) == LARGE.content
    assert answer.headers == {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(SIZE_BYTES),
        "Cache-Control": "max-age=31536000, immutable, private",
        "ETag": f'"{LARGE.file.digest}"',
        "Accept-Ranges": "bytes",
    }


async def test_head_of_a_file_says_its_size_and_sends_nothing() -> None:
    answer = await pages().file("HEAD", headers(range="bytes=0-9"), LARGE.file)

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, None, str(SIZE_BYTES))


async def test_head_of_a_file_of_our_own_that_is_gone_is_no_such_file() -> None:
    with pytest.raises(NoSuchFile):
        await pages(MemoryIndex()).file("HEAD", {}, LARGE.file)


async def test_head_of_an_upstreams_file_asks_the_upstream_only_for_an_unknown_size() -> None:
    index = MemoryIndex.of(STOCK)
    known = replace(LARGE.file, source="https://files.example/alpha.whl")

    answers = [
        await pages(index).file("HEAD", {}, known),
        await pages(index).file("HEAD", {}, replace(known, size_bytes=None)),
    ]

    assert [answer.headers["Content-Length"] for answer in answers] == [str(SIZE_BYTES)] * 2
    assert index.asked == [f"open {known.filename}"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-2099", 10, 2100),
        ("bytes=4000-", 4000, SIZE_BYTES),
        ("bytes=-22", SIZE_BYTES - 22, SIZE_BYTES),
        ("bytes=0-", 0, SIZE_BYTES),
        (f"bytes=1-{10**12}", 1, SIZE_BYTES),
    ],
)
@pytest.mark.parametrize("size_is_known", [True, False])
async def test_a_range_is_206_and_exactly_that_part(
    asked: str, start: int, stop: int, size_is_known: bool
) -> None:
    file = LARGE.file if size_is_known else replace(LARGE.file, size_bytes=None)

    answer = await pages().file("GET", headers(range=asked), file)

    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE_BYTES}"
    assert answer.headers["Content-Length"] == str(stop - start)
    assert await body_of(answer) == LARGE.content[start:stop]


@pytest.mark.parametrize("asked", [f"bytes={SIZE_BYTES}-", "bytes=999999-1000000", "bytes=-0"])
async def test_a_range_behind_the_end_is_416_and_says_the_size(asked: str) -> None:
    answer = await pages().file("GET", headers(range=asked), LARGE.file)

    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE_BYTES}")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2", "nonsense", "bytes=-"])
async def test_a_range_that_we_do_not_serve_gets_the_whole(asked: str) -> None:
    answer = await pages().file("GET", headers(range=asked), LARGE.file)

    assert (answer.status, await body_of(answer)) == (200, LARGE.content)


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        pytest.param(f'"{LARGE.file.digest}"', 206, id="the-same-bytes"),
        pytest.param('"other"', 200, id="other-bytes"),
        pytest.param(f'W/"{LARGE.file.digest}"', 200, id="a-weak-validator"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 200, id="a-date"),
    ],
)
async def test_a_range_goes_only_with_the_bytes_it_began_with(if_range: str, status: int) -> None:
    answer = await pages().file("GET", headers(range="bytes=0-9", if_range=if_range), LARGE.file)
    content = await body_of(answer)

    assert (answer.status, len(content)) == (status, 10 if status == 206 else SIZE_BYTES)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_file_that_is_known_is_304_and_not_opened(method: str) -> None:
    index = MemoryIndex.of(STOCK)

    answer = await pages(index).file(method, headers(if_none_match=f'"{LARGE.file.digest}"'), LARGE.file)

    assert (answer.status, answer.body, index.asked) == (304, None, [])


async def test_a_file_without_a_stated_digest_is_not_kept_and_has_no_etag() -> None:
    answer = await pages().file("GET", headers(if_none_match="*"), replace(LARGE.file, digest=None))

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache, private"
    assert "ETag" not in answer.headers


async def test_an_empty_file_is_200_and_any_range_of_it_416() -> None:
    stocked = replace(stocked_wheel("void", "1.0"), content=b"")
    index = MemoryIndex.of([stocked])
    file = replace(stocked.file, size_bytes=None)

    whole = await pages(index).file("GET", {}, file)
    part = await pages(index).file("GET", headers(range="bytes=0-"), file)
    head = await pages(index).file("HEAD", {}, file)

    assert (whole.status, await body_of(whole)) == (200, b"")
    assert (part.status, part.headers["Content-Range"]) == (416, "bytes */0")
    assert head.headers["Content-Length"] == "0"


@given(first=st.integers(0, 2 * SIZE_BYTES), last=st.integers(0, 2 * SIZE_BYTES))
async def test_any_range_is_that_part_the_whole_or_nothing(first: int, last: int) -> None:
    answer = await pages().file("GET", headers(range=f"bytes={first}-{last}"), LARGE.file)
    content = await body_of(answer)

    if last < first:
        assert (answer.status, content) == (200, LARGE.content)
    elif first >= SIZE_BYTES:
        assert (answer.status, content) == (416, b"")
    else:
        assert (answer.status, content) == (206, LARGE.content[first : last + 1])


# -------------------------------------------------------------------------------------- METADATA


async def test_metadata_comes_immutable_with_its_own_digest_as_etag() -> None:
    answer = await pages().metadata("GET", {}, LARGE.file)
    content = await body_of(answer)

    assert content == LARGE.metadata
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert answer.headers["Cache-Control"] == "max-age=31536000, immutable, private"
    assert answer.headers["Content-Length"] == str(len(content))


async def test_metadata_is_304_where_it_is_known_and_head_has_no_body() -> None:
    known = f'"{LARGE.file.metadata_digest}"'

    unchanged = await pages().metadata("GET", headers(if_none_match=known), LARGE.file)
    head = await pages().metadata("HEAD", {}, LARGE.file)

    assert (unchanged.status, unchanged.body) == (304, None)
    assert (head.status, head.body, head.headers["Content-Length"]) == (
        200,
        None,
        str(len(LARGE.metadata or b"")),
    )


async def test_metadata_offered_without_a_digest_is_not_kept() -> None:
    answer = await pages().metadata("GET", {}, replace(LARGE.file, metadata_digest=""))

    assert await body_of(answer) == LARGE.metadata
    assert answer.headers["Cache-Control"] == "no-cache, private"
    assert "ETag" not in answer.headers


async def test_metadata_that_is_not_offered_is_the_mounts_to_answer() -> None:
    with pytest.raises(NoSuchFile):
        await pages().metadata("GET", {}, WITHOUT_METADATA.file)


async def test_letting_go_of_a_content_ends_its_source() -> None:
    ended: list[bool] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            ended.append(True)

    content = Content(6, 0, 6, chunks())
    await anext(content.chunks)

    await drop(content)

    assert ended == [True]
