"""What every blob store must do."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from feedgate.blobs.files import CHUNK_BYTES, Files
from feedgate.blobs.store import AlsoHash, BlobNotFound, BlobStore
from feedgate.model.digest import Digest, parse_digest
from feedgate.model.index import WHOLE, Span, SpanNotSatisfiable

ABSENT = parse_digest("0" * 64)
LARGE = 3 * CHUNK_BYTES + 17


async def put(blobs: BlobStore, body: bytes) -> Digest:
    async with blobs.receive() as incoming:
        await incoming.write(body)
        return await incoming.keep()


class BlobStoreContract:
    """What every blob store must do; subclasses only say how to open one, as the fixture ``blobs``."""

    @pytest.mark.parametrize("size_bytes", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, LARGE])
    async def test_bytes_come_back_as_they_went_in(self, blobs: BlobStore, size_bytes: int) -> None:
        body = os.urandom(size_bytes)

        digest = await put(blobs, body)

        content = await blobs.open(digest)
        assert content.is_whole
        assert await content.read() == body
        assert digest == hashlib.sha256(body).hexdigest()
        assert await blobs.size_bytes(digest) == size_bytes
        assert await blobs.has(digest)

    async def test_many_chunks_make_one_blob(self, blobs: BlobStore) -> None:
        async with blobs.receive() as incoming:
            for piece in (b"a", b"", b"bc"):
                await incoming.write(piece)
            assert incoming.size_bytes == 3
            assert incoming.digest == hashlib.sha256(b"abc").hexdigest()
            digest = await incoming.keep()

        assert await (await blobs.open(digest)).read() == b"abc"

    async def test_what_comes_in_can_be_looked_at_before_it_is_kept(self, blobs: BlobStore) -> None:
        async with blobs.receive() as incoming:
            await incoming.write(b"first ")
            await incoming.write(b"second")

            assert incoming.path.read_bytes() == b"first second"

    async def test_the_hashes_of_the_upload_form_are_made_beside_sha256(self, blobs: BlobStore) -> None:
        async with blobs.receive(also=(AlsoHash.MD5, AlsoHash.BLAKE2_256)) as incoming:
            await incoming.write(b"abc")

            assert incoming.hexdigest(AlsoHash.MD5) == "900150983cd24fb0d6963f7d28e17f72"
            assert (
                incoming.hexdigest(AlsoHash.BLAKE2_256)
                == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
            )

    async def test_what_is_not_kept_is_not_there(self, blobs: BlobStore) -> None:
        async with blobs.receive() as incoming:
            await incoming.write(b"changed my mind")
            digest, path = incoming.digest, incoming.path

        assert not await blobs.has(digest)
        assert not path.exists()

    async def test_what_fails_half_way_is_not_there(self, blobs: BlobStore) -> None:
        seen: list[tuple[Digest, Path]] = []

        async def fail_half_way() -> None:
            async with blobs.receive() as incoming:
                await incoming.write(b"half of it")
                seen.append((incoming.digest, incoming.path))
                raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await fail_half_way()

        ((digest, path),) = seen
        assert not await blobs.has(digest)
        assert not path.exists()

    @pytest.mark.parametrize(
        ("span", "expected"),
        [
            pytest.param(WHOLE, b"0123456789", id="whole"),
            pytest.param(Span(3), b"3456789", id="to-the-end"),
            pytest.param(Span(3, 5), b"34", id="inside"),
            pytest.param(Span(9, 10), b"9", id="last-byte"),
            pytest.param(Span(0, 1), b"0", id="first-byte"),
            pytest.param(Span(8, 4000), b"89", id="past-the-end"),
        ],
    )
    async def test_a_span_is_a_part_and_says_which(
        self, blobs: BlobStore, span: Span, expected: bytes
    ) -> None:
        digest = await put(blobs, b"0123456789")

        content = await blobs.open(digest, span)

        assert await content.read() == expected
        assert (content.size_bytes, content.stop - content.start) == (10, len(expected))
        assert content.start == span.start

    async def test_a_span_across_the_chunks_of_a_large_blob(self, blobs: BlobStore) -> None:
        body = os.urandom(LARGE)
        digest = await put(blobs, body)

        content = await blobs.open(digest, Span(CHUNK_BYTES - 5, LARGE - 3))

        assert await content.read() == body[CHUNK_BYTES - 5 : LARGE - 3]

    @pytest.mark.parametrize("start", [10, 11, 10**15])
    async def test_a_span_behind_the_end_can_not_be_satisfied(self, blobs: BlobStore, start: int) -> None:
        digest = await put(blobs, b"0123456789")

        with pytest.raises(SpanNotSatisfiable) as refused:
            await blobs.open(digest, Span(start))

        assert refused.value.size_bytes == 10

    async def test_an_empty_blob_has_no_spans_but_the_whole(self, blobs: BlobStore) -> None:
        digest = await put(blobs, b"")

        assert await (await blobs.open(digest)).read() == b""
        with pytest.raises(SpanNotSatisfiable):
            await blobs.open(digest, Span(0, 1))

    async def test_an_unknown_digest_is_blob_not_found(self, blobs: BlobStore) -> None:
        assert not await blobs.has(ABSENT)
        with pytest.raises(BlobNotFound):
            await blobs.open(ABSENT)
        with pytest.raises(BlobNotFound):
            await blobs.size_bytes(ABSENT)
        with pytest.raises(BlobNotFound):
            async with blobs.as_file(ABSENT):
                pytest.fail("gave a file that is not there")

    async def test_a_blob_as_a_file_holds_its_bytes(self, blobs: BlobStore) -> None:
        digest = await put(blobs, b"abc")

        async with blobs.as_file(digest) as path:
            assert path.read_bytes() == b"abc"

    async def test_the_same_bytes_twice_are_one_blob(self, blobs: BlobStore) -> None:
        assert await put(blobs, b"abc") == await put(blobs, b"abc")

    async def test_the_same_bytes_twenty_times_at_once_are_one_blob(self, blobs: BlobStore) -> None:
        body = os.urandom(CHUNK_BYTES)

        digests = await asyncio.gather(*(put(blobs, body) for _ in range(20)))

        assert len(set(digests)) == 1
        assert await (await blobs.open(digests[0])).read() == body

    async def test_deleting_is_for_good_and_twice_is_no_error(self, blobs: BlobStore) -> None:
        digest = await put(blobs, b"abc")

        await blobs.delete(digest)
        await blobs.delete(digest)

        assert not await blobs.has(digest)

    async def test_who_has_a_blob_open_reads_on_when_it_is_deleted(self, blobs: BlobStore) -> None:
        body = os.urandom(LARGE)
        digest = await put(blobs, body)
        content = await blobs.open(digest)

        await blobs.delete(digest)

        assert await content.read() == body

    async def test_a_reader_may_give_up(self, blobs: BlobStore) -> None:
        digest = await put(blobs, os.urandom(LARGE))
        content = await blobs.open(digest)
        await anext(content.chunks)

        await content.chunks.aclose()  # type: ignore[attr-defined]  # Content promises it beside AsyncIterator

        assert [chunk async for chunk in content.chunks] == []

    async def test_the_check_leaves_nothing(self, blobs: BlobStore) -> None:
        await blobs.check()


class TestFiles(BlobStoreContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return Files(tmp_path)
