"""What the fetcher does about an upstream that fails, lies, stalls or drips."""

import asyncio
import hashlib
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from feedgate.blobs.files import Files
from feedgate.blobs.store import BlobNotFound, StorageFull
from feedgate.errors import FeedgateError
from feedgate.model.digest import parse_digest
from feedgate.model.distribution import Distribution
from feedgate.model.index import NoSuchFile, Span, SpanNotSatisfiable, UpstreamUnavailable
from feedgate.outside.body import AnswerTooLarge, Limits, SizeMismatch, UnexpectedEncoding
from feedgate.outside.exchange import CertificateNotTrusted, InvalidAuthority
from feedgate.outside.fetcher import DigestMismatch, Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.outside.proxies import Proxies
from tests.doubles.authority import make_authority
from tests.doubles.upstream import (
    Answer,
    Drip,
    Encoded,
    Fault,
    LongBody,
    NoLength,
    NoRange,
    NotHttp,
    Pause,
    ShortBody,
    Upstream,
    WrongBytes,
)

NAME = "demo-1.0-py3-none-any.whl"
BODY = os.urandom(300_000)
DIGEST = parse_digest(hashlib.sha256(BODY).hexdigest())
IMPATIENT = Limits(
    connect_seconds=0.5, silence_seconds=0.5, grace_seconds=0.5, slowest_bytes_per_second=10_000_000
)

Opened = Callable[..., AbstractAsyncContextManager[Fetcher]]


class Naps:
    """Sleeps without sleeping, and remembers how long."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        upstream.add(NAME, BODY)
        yield upstream


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def fetcher(upstream: Upstream, naps: Naps) -> AsyncIterator[Fetcher]:
    settings = FetcherSettings(
        upstream_url=upstream.url,
        proxies=Proxies(),
        patience=Patience(attempts=4, sleep=naps),
        limits=IMPATIENT,
    )
    async with Fetcher.opened(settings) as fetcher:
        yield fetcher


@pytest.fixture
def blobs(tmp_path: Path) -> Files:
    return Files(tmp_path / "blobs")


@pytest.fixture
def file(upstream: Upstream) -> Distribution:
    return Distribution(NAME, DIGEST, len(BODY), source=upstream.file_url(NAME))


def nothing_is_stored(blobs: Files) -> bool:
    return not [path for path in blobs.path(DIGEST).parents[2].rglob("*") if path.is_file()]


def deaf(_: int) -> None:
    """A progress that nobody follows."""


# ---------------------------------------------------------------------- downloads


async def test_a_file_is_stored_under_its_digest(fetcher: Fetcher, blobs: Files, file: Distribution) -> None:
    heard: list[int] = []

    stored = await fetcher.download(file, blobs, progress=heard.append)

    assert (stored.digest, stored.size_bytes) == (DIGEST, len(BODY))
    assert blobs.path(DIGEST).read_bytes() == BODY
    assert sum(heard) == len(BODY)


async def test_a_blob_that_is_there_is_not_fetched_again(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    await fetcher.download(file, blobs, progress=deaf)
    heard: list[int] = []

    stored = await fetcher.download(file, blobs, progress=heard.append)

    assert stored.digest == DIGEST
    assert len(upstream.asked(NAME)) == 1
    assert heard == []


async def test_a_file_of_which_nothing_is_promised_is_hashed_by_us(
    fetcher: Fetcher, blobs: Files, upstream: Upstream
) -> None:
    file = Distribution(NAME, None, source=upstream.file_url(NAME))
    upstream.fault(NAME, NoLength())

    stored = await fetcher.download(file, blobs, progress=deaf)

    assert (stored.digest, stored.size_bytes) == (DIGEST, len(BODY))


async def test_an_empty_file_is_a_file(fetcher: Fetcher, blobs: Files, upstream: Upstream) -> None:
    upstream.add("empty-1.0.tar.gz", b"")
    digest = parse_digest(hashlib.sha256(b"").hexdigest())
    file = Distribution("empty-1.0.tar.gz", digest, 0, source=upstream.file_url("empty-1.0.tar.gz"))

    assert (await fetcher.download(file, blobs, progress=deaf)).size_bytes == 0


async def test_we_ask_for_bytes_as_they_are(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    await fetcher.download(file, blobs, progress=deaf)

    (seen,) = upstream.log
    assert seen.headers["Accept-Encoding"] == "identity"
    assert seen.headers["User-Agent"].startswith("feedgate/")
    assert "Authorization" not in seen.headers


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        pytest.param(WrongBytes(), DigestMismatch, "promised sha256", id="wrong-bytes"),
        pytest.param(LongBody(), SizeMismatch, "promised 300000 bytes, sent 300001", id="one-byte-more"),
        pytest.param(
            LongBody(2_000_000, with_length=False),
            SizeMismatch,
            "sent more than 300000",
            id="no-length-and-more",
        ),
        pytest.param(Encoded(), UnexpectedEncoding, "'gzip'", id="gzip"),
        pytest.param(Encoded("br", really=False), UnexpectedEncoding, "'br'", id="said-to-be-brotli"),
        pytest.param(Answer(404), NoSuchFile, "no such file", id="404"),
        pytest.param(Answer(410), NoSuchFile, "no such file", id="410"),
        pytest.param(Answer(401), UpstreamUnavailable, "401 Unauthorized", id="401"),
        pytest.param(Answer(403), UpstreamUnavailable, "403 Forbidden", id="403"),
        pytest.param(Answer(204), UpstreamUnavailable, "204 No Content", id="204"),
        pytest.param(Answer(304), UpstreamUnavailable, "304 Not Modified", id="304"),
        pytest.param(Answer(302), UpstreamUnavailable, "302 Found", id="redirect-to-nowhere"),
    ],
)
async def test_a_broken_promise_is_not_tried_again(
    fetcher: Fetcher,
    blobs: Files,
    file: Distribution,
    upstream: Upstream,
    fault: Fault,
    error: type[FeedgateError],
    words: str,
) -> None:
    upstream.fault(NAME, fault)
    heard: list[int] = []

    with pytest.raises(error, match=words) as told:
        await fetcher.download(file, blobs, progress=heard.append)

    assert NAME in str(told.value)
    assert len(upstream.log) == 1
    assert nothing_is_stored(blobs)
    assert sum(heard) == 0


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        pytest.param(Answer(503), UpstreamUnavailable, "503 Service Unavailable, 4 times", id="503"),
        pytest.param(Answer(500), UpstreamUnavailable, "500 Internal Server Error, 4 times", id="500"),
        pytest.param(Answer(599), UpstreamUnavailable, "599, 4 times", id="599"),
        pytest.param(Answer(408), UpstreamUnavailable, "408 Request Timeout, 4 times", id="408"),
        pytest.param(Answer(429), UpstreamUnavailable, "429 Too Many Requests, 4 times", id="429"),
        pytest.param(ShortBody(0), UpstreamUnavailable, "broke off after 0 bytes", id="nothing"),
        pytest.param(ShortBody(299_999), SizeMismatch, "sent 299999", id="one-byte-short"),
        pytest.param(NoLength(299_999), SizeMismatch, "sent 299999", id="no-length-and-one-byte-short"),
        pytest.param(Pause(), UpstreamUnavailable, "fell silent|too slow", id="silence"),
        pytest.param(Drip(), SizeMismatch, "promised 300000", id="drip"),
        pytest.param(Drip(head_too=True), UpstreamUnavailable, "too slow", id="dripping-head"),
        pytest.param(NotHttp(), UpstreamUnavailable, "no HTTP", id="no-http"),
    ],
)
async def test_a_fault_that_may_pass_is_tried_again_and_then_told(
    fetcher: Fetcher,
    blobs: Files,
    file: Distribution,
    upstream: Upstream,
    naps: Naps,
    *,
    fault: Fault,
    error: type[FeedgateError],
    words: str,
) -> None:
    upstream.fault(NAME, fault)
    heard: list[int] = []

    with pytest.raises(error, match=words):
        await fetcher.download(file, blobs, progress=heard.append)

    assert len(upstream.log) == 4
    assert naps.taken == [0.5, 1.5, 4.5]
    assert nothing_is_stored(blobs)
    assert sum(heard) == 0


@pytest.mark.parametrize(
    "fault", [Answer(503), ShortBody(1000), NoLength(1000), Drip(), Pause(), NotHttp(), WrongBytes()]
)
async def test_after_the_fault_the_same_file_comes_through(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream, fault: Fault
) -> None:
    upstream.fault(NAME, fault, times=1)
    heard: list[int] = []
    if isinstance(fault, WrongBytes):
        with pytest.raises(DigestMismatch):
            await fetcher.download(file, blobs, progress=heard.append)

    await fetcher.download(file, blobs, progress=heard.append)

    assert blobs.path(DIGEST).read_bytes() == BODY
    assert sum(heard) == len(BODY)


async def test_a_pause_that_the_upstream_asks_for_is_kept(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream, naps: Naps
) -> None:
    upstream.fault(NAME, Answer(429, {"Retry-After": "7"}), times=2)

    await fetcher.download(file, blobs, progress=deaf)

    assert naps.taken == [7, 7]


async def test_a_pause_of_an_hour_is_told_at_once(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    upstream.fault(NAME, Answer(503, {"Retry-After": "3600"}))

    with pytest.raises(UpstreamUnavailable, match="come back in 3600 s"):
        await fetcher.download(file, blobs, progress=deaf)
    assert len(upstream.log) == 1


async def test_nobody_listening_is_tried_again(blobs: Files, naps: Naps) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/{NAME}"
    settings = FetcherSettings(upstream_url=url, proxies=Proxies(), patience=Patience(attempts=4, sleep=naps))

    async with Fetcher.opened(settings) as lonely:
        with pytest.raises(UpstreamUnavailable, match="refused, 4 times"):
            await lonely.download(Distribution(NAME, DIGEST, source=url), blobs, progress=deaf)


async def test_another_digest_than_the_blob_has_is_not_believed(
    fetcher: Fetcher, blobs: Files, file: Distribution
) -> None:
    await fetcher.download(file, blobs, progress=deaf)

    with pytest.raises(SizeMismatch, match="promised 1 bytes"):
        await fetcher.download(Distribution(NAME, DIGEST, 1, source=file.source), blobs, progress=deaf)


async def test_a_file_without_an_address_is_no_such_file(fetcher: Fetcher, blobs: Files) -> None:
    with pytest.raises(NoSuchFile):
        await fetcher.download(Distribution(NAME, DIGEST), blobs, progress=deaf)


async def test_sixteen_at_once_and_not_one_more(upstream: Upstream, blobs: Files, naps: Naps) -> None:
    upstream.fault("*", Pause(0.2))
    files = []
    for number in range(40):
        body = b"%d" % number
        name = f"demo-{number}.tar.gz"
        upstream.add(name, body)
        digest = parse_digest(hashlib.sha256(body).hexdigest())
        files.append(Distribution(name, digest, len(body), source=upstream.file_url(name)))
    settings = FetcherSettings(
        upstream_url=upstream.url, proxies=Proxies(), patience=Patience(attempts=4, sleep=naps)
    )

    async with Fetcher.opened(settings) as fetcher:
        downloads = [asyncio.create_task(fetcher.download(file, blobs, progress=deaf)) for file in files]
        await asyncio.sleep(0.1)
        assert len(upstream.log) == 16
        await asyncio.gather(*downloads)

    assert len(upstream.log) == 40


async def test_a_file_that_many_want_at_once_is_fetched_once(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    upstream.fault(NAME, Pause(0.1))

    await asyncio.gather(*(fetcher.download(file, blobs, progress=deaf) for _ in range(20)))

    assert len(upstream.log) == 1


async def test_who_wanted_the_same_file_goes_on_when_the_first_gives_up(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    upstream.fault(NAME, Pause(0.1))
    first, second = (asyncio.create_task(fetcher.download(file, blobs, progress=deaf)) for _ in range(2))
    await asyncio.sleep(0.05)

    first.cancel()

    assert (await second).digest == DIGEST
    assert len(upstream.log) == 2


async def test_who_waits_to_try_again_takes_nobodys_place(upstream: Upstream, blobs: Files) -> None:
    other = b"other"
    upstream.add("other-1.0.tar.gz", other)
    upstream.fault(NAME, Answer(503))
    digest = parse_digest(hashlib.sha256(other).hexdigest())
    waiting = asyncio.Event()

    async def wait_for_ever(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    settings = FetcherSettings(
        upstream_url=upstream.url,
        proxies=Proxies(),
        patience=Patience(attempts=4, sleep=wait_for_ever),
        concurrency=1,
    )
    async with Fetcher.opened(settings) as fetcher:
        first = asyncio.create_task(
            fetcher.download(
                Distribution(NAME, DIGEST, len(BODY), source=upstream.file_url(NAME)), blobs, progress=deaf
            )
        )
        await waiting.wait()
        address = upstream.file_url("other-1.0.tar.gz")
        await asyncio.wait_for(
            fetcher.download(Distribution("other-1.0.tar.gz", digest, source=address), blobs, progress=deaf),
            5,
        )
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    assert await blobs.has(digest)


async def test_a_cancelled_download_leaves_nothing(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    upstream.fault(NAME, Drip(chunk_bytes=1000))
    began = asyncio.Event()
    download = asyncio.create_task(fetcher.download(file, blobs, progress=lambda _: began.set()))
    await began.wait()

    download.cancel()

    with pytest.raises(asyncio.CancelledError):
        await download
    assert nothing_is_stored(blobs)


@pytest.fixture
def one_mebibyte_at_most() -> Iterator[None]:
    """No file of this process may grow beyond; the system's answer is a real one (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024**2, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_no_room_ends_it_at_once(
    fetcher: Fetcher, blobs: Files, upstream: Upstream, one_mebibyte_at_most: None
) -> None:
    upstream.add("large-1.0.tar.gz", b"x" * (1024**2 + 1))
    file = Distribution("large-1.0.tar.gz", None, source=upstream.file_url("large-1.0.tar.gz"))

    with pytest.raises(StorageFull):
        await fetcher.download(file, blobs, progress=deaf)

    assert len(upstream.log) == 1
    assert nothing_is_stored(blobs)


# ---------------------------------------------------------------------- pages


async def test_a_page_is_tried_again_and_comes_whole(fetcher: Fetcher, upstream: Upstream) -> None:
    upstream.fault("demo", Answer(503), times=2)

    answer = await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={"Accept": "text/html"})

    assert answer.status == 200
    assert NAME.encode() in answer.body
    assert answer.headers["etag"]
    assert answer.url == f"{upstream.url}demo/"
    assert len(upstream.log) == 3


@pytest.mark.parametrize("status", [304, 401, 403, 404, 410])
async def test_other_statuses_are_answers(fetcher: Fetcher, upstream: Upstream, status: int) -> None:
    upstream.fault("demo", Answer(status))

    answer = await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={})

    assert (answer.status, answer.body) == (status, b"")


@pytest.mark.parametrize("fault", [None, NoLength()])
async def test_a_page_larger_than_its_limit_is_not_read(
    fetcher: Fetcher, upstream: Upstream, fault: Fault | None
) -> None:
    if fault is not None:
        upstream.fault("demo", fault)
    size = len((await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={})).body)

    answer = await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={}, limit_bytes=size)
    assert len(answer.body) == size
    with pytest.raises(AnswerTooLarge, match="demo"):
        await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={}, limit_bytes=size - 1)


async def test_a_probe_asks_once_and_reads_nothing(fetcher: Fetcher, upstream: Upstream) -> None:
    assert await fetcher.probe(upstream.url, name="upstream.url", headers={}) == 200

    upstream.fault("", Answer(503))
    with pytest.raises(UpstreamUnavailable, match="503"):
        await fetcher.probe(upstream.url, name="upstream.url", headers={})
    assert len(upstream.log) == 2


# ---------------------------------------------------------------------- reading through


@pytest.mark.parametrize("fault", [None, NoRange()])
@pytest.mark.parametrize("promised_size", [None, len(BODY)])
@pytest.mark.parametrize("span", [Span(), Span(0, 1), Span(5, 10), Span(299_999), Span(200_000, 10**9)])
async def test_a_span_is_the_same_from_an_upstream_that_knows_no_ranges(
    fetcher: Fetcher, upstream: Upstream, span: Span, promised_size: int | None, fault: Fault | None
) -> None:
    if fault is not None:
        upstream.fault(NAME, fault)

    content = await fetcher.open(upstream.file_url(NAME), what=NAME, span=span, promised_size=promised_size)

    expected = BODY[span.start : span.stop]
    assert (content.size_bytes, content.start, content.stop - content.start) == (
        len(BODY),
        span.start,
        len(expected),
    )
    assert await content.read() == expected


@pytest.mark.parametrize("fault", [None, NoRange(), NoLength()])
@pytest.mark.parametrize("promised_size", [None, len(BODY)])
async def test_a_span_behind_the_end_can_not_be_satisfied(
    fetcher: Fetcher, upstream: Upstream, promised_size: int | None, fault: Fault | None
) -> None:
    if fault is not None:
        upstream.fault(NAME, fault)

    with pytest.raises(SpanNotSatisfiable) as refused:
        await fetcher.open(
            upstream.file_url(NAME), what=NAME, span=Span(len(BODY)), promised_size=promised_size
        )

    assert refused.value.size_bytes == len(BODY)


async def test_a_file_whose_size_nobody_states_can_be_read(fetcher: Fetcher, upstream: Upstream) -> None:
    upstream.fault(NAME, NoLength())

    content = await fetcher.open(upstream.file_url(NAME), what=NAME, span=Span(10, 20))

    assert (content.size_bytes, await content.read()) == (len(BODY), BODY[10:20])


@pytest.mark.parametrize("span", [Span(), Span(5, 10)])
async def test_another_size_than_promised_is_told_before_a_byte(
    fetcher: Fetcher, upstream: Upstream, span: Span
) -> None:
    with pytest.raises(SizeMismatch, match="promised 300001 bytes, sent 300000"):
        await fetcher.open(upstream.file_url(NAME), what=NAME, span=span, promised_size=len(BODY) + 1)


async def test_reading_through_is_tried_again_until_the_head_is_there(
    fetcher: Fetcher, upstream: Upstream
) -> None:
    upstream.fault(NAME, Answer(503), times=3)

    content = await fetcher.open(upstream.file_url(NAME), what=NAME)

    assert await content.read() == BODY


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ShortBody(1000), "sent 1000"),
        (Drip(chunk_bytes=100), "promised 300000"),
        (LongBody(1, with_length=False), "more"),
    ],
)
async def test_a_fault_in_the_middle_ends_the_reading_with_a_word(
    fetcher: Fetcher, upstream: Upstream, fault: Fault, words: str
) -> None:
    upstream.fault(NAME, fault)
    content = await fetcher.open(upstream.file_url(NAME), what=NAME, promised_size=len(BODY))

    with pytest.raises(SizeMismatch, match=words):
        await content.read()


async def test_a_fault_where_nothing_was_promised_is_no_answer(fetcher: Fetcher, upstream: Upstream) -> None:
    upstream.fault(NAME, ShortBody(1000))
    content = await fetcher.open(upstream.file_url(NAME), what=NAME)

    with pytest.raises(UpstreamUnavailable, match="broke off after 1000 bytes"):
        await content.read()


async def test_a_reader_that_gives_up_costs_no_connection(fetcher: Fetcher, upstream: Upstream) -> None:
    for _ in range(100):
        content = await fetcher.open(upstream.file_url(NAME), what=NAME)
        await anext(content.chunks)
        await content.chunks.aclose()  # type: ignore[attr-defined]  # Content promises it beside AsyncIterator

    assert len(upstream.log) == 100


@pytest.mark.parametrize("status", [404, 410])
async def test_a_file_that_is_gone_is_no_such_file(fetcher: Fetcher, upstream: Upstream, status: int) -> None:
    upstream.fault(NAME, Answer(status))

    with pytest.raises(NoSuchFile, match=NAME):
        await fetcher.open(upstream.file_url(NAME), what=NAME)


@pytest.mark.parametrize(
    "said", ["", "bytes 0-4/300000", "bytes 6-9/300000", "bytes */300000", "lines 5-9/300000"]
)
async def test_another_range_than_asked_is_refused(fetcher: Fetcher, upstream: Upstream, said: str) -> None:
    upstream.fault(NAME, Answer(206, {"Content-Range": said}, BODY[5:10]))

    with pytest.raises(UpstreamUnavailable, match="another range"):
        await fetcher.open(upstream.file_url(NAME), what=NAME, span=Span(5, 10))


# ---------------------------------------------------------------------- certificates


async def test_a_certificate_that_nobody_vouches_for_ends_it_at_once(
    blobs: Files, naps: Naps, tmp_path: Path
) -> None:
    authority = make_authority(tmp_path / "authority")
    async with Upstream(tls=authority.server) as upstream:
        upstream.add(NAME, BODY)
        settings = FetcherSettings(
            upstream_url=upstream.url, proxies=Proxies(), patience=Patience(attempts=4, sleep=naps)
        )
        async with Fetcher.opened(settings) as fetcher:
            with pytest.raises(CertificateNotTrusted, match=r"127\.0\.0\.1 is not trusted: self-signed"):
                await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={})

    assert naps.taken == []
    assert upstream.log == []


async def test_an_authority_that_the_operator_names_is_trusted(blobs: Files, tmp_path: Path) -> None:
    authority = make_authority(tmp_path / "authority")
    async with Upstream(tls=authority.server) as upstream:
        upstream.add(NAME, BODY)
        settings = FetcherSettings(
            upstream_url=upstream.url,
            proxies=Proxies(),
            patience=Patience(attempts=4),
            authority=authority.path,
        )
        async with Fetcher.opened(settings) as fetcher:
            answer = await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={})

    assert answer.status == 200


async def test_ssl_cert_file_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = make_authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    async with Upstream(tls=authority.server) as upstream:
        upstream.add(NAME, BODY)
        settings = FetcherSettings(
            upstream_url=upstream.url, proxies=Proxies(), patience=Patience(attempts=4)
        )
        async with Fetcher.opened(settings) as fetcher:
            assert (await fetcher.get_page(f"{upstream.url}demo/", name="demo", headers={})).status == 200


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_an_authority_that_is_none_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    settings = FetcherSettings(
        upstream_url="https://upstream.example/", patience=Patience(attempts=4), authority=path
    )

    with pytest.raises(InvalidAuthority, match=r"authority\.pem"):
        async with Fetcher.opened(settings):
            pytest.fail("trusted an empty authority")


async def test_the_blob_of_a_failed_download_is_not_found(
    fetcher: Fetcher, blobs: Files, file: Distribution, upstream: Upstream
) -> None:
    upstream.fault(NAME, WrongBytes())

    with pytest.raises(DigestMismatch):
        await fetcher.download(file, blobs, progress=deaf)
    with pytest.raises(BlobNotFound):
        await blobs.open(DIGEST)
