"""The bytes of one answer, within limits of time and size."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from feedgate.errors import Broken
from feedgate.outside.patience import TryAgain
from feedgate.outside.peer import UPSTREAM, Peer
from feedgate.outside.words import BROKE_OFF, fault_in_words

MEBIBYTE = 1024**2
PAGE_LIMIT_BYTES = 64 * MEBIBYTE
FILE_LIMIT_BYTES = 8 * 1024 * MEBIBYTE
"""For files whose page promises no size."""


class SizeMismatch(Broken):
    """The upstream sent more or fewer bytes than were promised."""

    code = "size-mismatch"

    def __init__(
        self, what: str, *, promised: int, received: int, at_least: bool = False, peer: Peer = UPSTREAM
    ) -> None:
        more = "more than " if at_least else ""
        super().__init__(
            f"{what}: {peer.name} promised {promised} bytes, sent {more}{received}",
            next_step="Nothing was stored. Compare with another index before you retry the run.",
            facts={"what": what, "promised": promised, "received": received},
        )


class AnswerTooLarge(Broken):
    """The upstream promised no size, and sent more than we take."""

    code = "answer-too-large"

    def __init__(self, what: str, *, limit_bytes: int, peer: Peer = UPSTREAM) -> None:
        super().__init__(
            f"{what}: the answer of {peer.name} is larger than {limit_bytes // 1024**2} MiB",
            next_step=f"Nothing was stored. Check that {peer.address_setting} is what you mean.",
            facts={"what": what, "limit_bytes": limit_bytes},
        )


class UnexpectedEncoding(Broken):
    """The upstream encoded a body although we asked for the bytes as they are."""

    code = "unexpected-encoding"

    def __init__(self, what: str, *, encoding: str, peer: Peer = UPSTREAM) -> None:
        super().__init__(
            f"{what}: {peer.name} encoded its answer as {encoding[:40]!r} although identity was asked",
            next_step=f"Nothing was stored. Have {peer.name}, or the proxy before it, send bytes as they are.",
            facts={"what": what, "encoding": encoding[:40]},
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a stranger may take; ``grace_seconds`` also bounds the wait for an answer's head."""

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0
    grace_seconds: float = 60.0
    slowest_bytes_per_second: int = 50_000

    def seconds_for(self, size_bytes: int) -> float:
        """Return the most that a body of that size may take."""
        return self.grace_seconds + size_bytes / self.slowest_bytes_per_second


class Body:
    """Reads an answer's body; who leaves it before the end calls ``close``.

    ``promised_bytes`` is what a page said, ``expected_bytes`` that or else what
    the answer itself states; where neither does, ``limit_bytes`` binds. What the head
    already belies raises here: UnexpectedEncoding, SizeMismatch, AnswerTooLarge.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        *,
        what: str,
        limits: Limits,
        limit_bytes: int,
        promised_bytes: int | None = None,
        peer: Peer = UPSTREAM,
    ) -> None:
        self._response = response
        self._what = what
        self.peer = peer
        self._limits = limits
        self._limit_bytes = limit_bytes
        self._promised_bytes = promised_bytes
        self._began = asyncio.get_running_loop().time()
        self.received_bytes = 0
        stated_bytes = response.content_length
        self.expected_bytes = stated_bytes if promised_bytes is None else promised_bytes
        try:
            self._judge_head(stated_bytes)
        except BaseException:
            response.close()
            raise

    def _judge_head(self, stated_bytes: int | None) -> None:
        encoding = self._response.headers.get("Content-Encoding", "").strip()
        if encoding.lower() not in {"", "identity"}:
            raise UnexpectedEncoding(self._what, encoding=encoding, peer=self.peer)
        if self._promised_bytes is None:
            if stated_bytes is not None and stated_bytes > self._limit_bytes:
                raise AnswerTooLarge(self._what, limit_bytes=self._limit_bytes, peer=self.peer)
        elif stated_bytes is not None and stated_bytes != self._promised_bytes:
            raise SizeMismatch(
                self._what, promised=self._promised_bytes, received=stated_bytes, peer=self.peer
            )

    async def next_chunk(self) -> bytes:
        """Return the next bytes, empty at the end.

        Raises TryAgain where they stop early, SizeMismatch or AnswerTooLarge where too many come.
        """
        paced_bytes = self.received_bytes if self.expected_bytes is None else self.expected_bytes
        try:
            async with asyncio.timeout_at(self._began + self._limits.seconds_for(paced_bytes)):
                chunk = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as fault:
            raise self._stopped(fault_in_words(fault)) from fault
        self.received_bytes += len(chunk)
        if self.received_bytes > (self._limit_bytes if self.expected_bytes is None else self.expected_bytes):
            raise self._too_much()
        if not chunk and self.received_bytes < (self.expected_bytes or 0):
            raise self._stopped(BROKE_OFF)
        return chunk

    def _stopped(self, reason: str) -> TryAgain:
        self.close()
        short = None
        if self._promised_bytes is not None and self.received_bytes:
            short = SizeMismatch(
                self._what, promised=self._promised_bytes, received=self.received_bytes, peer=self.peer
            )
        return TryAgain(f"{reason} after {self.received_bytes} bytes", last_word=short)

    def _too_much(self) -> Broken:
        self.close()
        if self.expected_bytes is None:
            return AnswerTooLarge(self._what, limit_bytes=self._limit_bytes, peer=self.peer)
        return SizeMismatch(
            self._what,
            promised=self.expected_bytes,
            received=self.expected_bytes,
            at_least=True,
            peer=self.peer,
        )

    async def read(self) -> bytes:
        """Return all of it; raises as ``next_chunk`` does."""
        chunks = []
        while chunk := await self.next_chunk():
            chunks.append(chunk)
        return b"".join(chunks)

    def close(self) -> None:
        """Give up the rest, and with it the connection; after the end it does nothing."""
        self._response.close()


class Slice:
    """The chunks of a body as a Content's: without the first ``skip_bytes``, and ``length_bytes`` of them."""

    def __init__(self, body: Body, *, what: str, skip_bytes: int, length_bytes: int) -> None:
        self._body = body
        self._what = what
        self._skip_bytes = skip_bytes
        self._left_bytes = length_bytes

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes; a fault here can not be tried again, so it is UpstreamUnavailable."""
        while self._left_bytes:
            chunk = await self._next()
            skipped_bytes = min(self._skip_bytes, len(chunk))
            self._skip_bytes -= skipped_bytes
            wanted = chunk[skipped_bytes : skipped_bytes + self._left_bytes]
            self._left_bytes -= len(wanted)
            if wanted:
                return wanted
        await self._finish()
        raise StopAsyncIteration

    async def _next(self) -> bytes:
        try:
            return await self._body.next_chunk()
        except TryAgain as fault:
            raise fault.last_word or self._body.peer.unavailable(self._what, fault.reason) from fault

    async def _finish(self) -> None:
        """Take the end too where the whole body is read: one byte too many is then still noticed."""
        if self._body.received_bytes == self._body.expected_bytes:
            await self._next()
        self._body.close()

    async def aclose(self) -> None:
        """Give up the rest."""
        self._left_bytes = 0
        self._body.close()
