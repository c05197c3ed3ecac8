"""What an answer to a question for a part of a file holds: that part, all of it, or another part.

Some servers ignore Range, and some state no length.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from feedgate.model.index import WHOLE, Content, Span, SpanNotSatisfiable
from feedgate.outside.body import FILE_LIMIT_BYTES, PAGE_LIMIT_BYTES, Body, Limits, SizeMismatch, Slice
from feedgate.outside.peer import Peer

FIRST_BYTE: Final = Span(0, 1)

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Spans:
    """Reads answers within ``limits``; ``peer`` is whom errors speak of."""

    limits: Limits
    peer: Peer

    async def content_by(
        self, response: aiohttp.ClientResponse, what: str, span: Span, promised_size: int | None
    ) -> Content:
        """Return the span; raises NoSuchFile, SpanNotSatisfiable, SizeMismatch, and what the peer's refusal is."""
        if response.status == HTTPStatus.OK:
            return await self._from_whole(response, what, span, promised_size)
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            return self._from_part(response, what, span, promised_size)
        response.close()
        if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise SpanNotSatisfiable(_total_bytes(response) or promised_size or 0)
        raise self.peer.no_file(what, response.status)

    async def _from_whole(
        self, response: aiohttp.ClientResponse, what: str, span: Span, promised_size: int | None
    ) -> Content:
        """Cut the span out of an answer that ignores Range, or take all of it."""
        limit_bytes = PAGE_LIMIT_BYTES if response.content_length is None else FILE_LIMIT_BYTES
        body = self._body(response, what, limit_bytes, promised_size)
        if body.expected_bytes is None:
            return content_of(await body.read(), span)
        size_bytes = body.expected_bytes
        if span != WHOLE and span.start >= size_bytes:
            body.close()
            raise SpanNotSatisfiable(size_bytes)
        stop = size_bytes if span.stop is None else min(span.stop, size_bytes)
        chunks = Slice(body, what=what, skip_bytes=span.start, length_bytes=stop - span.start)
        return Content(size_bytes=size_bytes, start=span.start, stop=stop, chunks=chunks)

    def _from_part(
        self, response: aiohttp.ClientResponse, what: str, span: Span, promised_size: int | None
    ) -> Content:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or match[1] is None or int(match[1]) != span.start:
            response.close()
            raise self.peer.unavailable(what, "it sent another range than the one asked for")
        start, stop, size_bytes = int(match[1]), int(match[2]) + 1, int(match[3])
        if promised_size not in {None, size_bytes}:
            response.close()
            raise SizeMismatch(what, promised=promised_size or 0, received=size_bytes, peer=self.peer)
        body = self._body(response, what, FILE_LIMIT_BYTES, stop - start)
        return Content(
            size_bytes=size_bytes,
            start=start,
            stop=stop,
            chunks=Slice(body, what=what, skip_bytes=0, length_bytes=stop - start),
        )

    async def size_by(self, response: aiohttp.ClientResponse, what: str) -> int:
        """Return the size of the file whose first byte was asked for; a length that nobody states is counted."""
        if response.status in {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}:
            total_bytes = _total_bytes(response)
            if total_bytes is None:
                raise self.peer.unavailable(what, "it sent a range and not of how many bytes")
            if response.content_length in {0, 1}:  # read, so that the connection may serve once more
                await self._body(response, what, 1).read()
            return total_bytes
        if response.status != HTTPStatus.OK:
            raise self.peer.no_file(what, response.status)
        if response.content_length is not None:
            return response.content_length
        body = self._body(response, what, FILE_LIMIT_BYTES)
        while await body.next_chunk():
            pass
        return body.received_bytes

    def _body(
        self,
        response: aiohttp.ClientResponse,
        what: str,
        limit_bytes: int,
        promised_bytes: int | None = None,
    ) -> Body:
        return Body(
            response,
            what=what,
            limits=self.limits,
            limit_bytes=limit_bytes,
            promised_bytes=promised_bytes,
            peer=self.peer,
        )


def range_header(span: Span) -> dict[str, str]:
    """Return the header that asks for a span, none for the whole."""
    if span == WHOLE:
        return {}
    return {"Range": f"bytes={span.start}-{'' if span.stop is None else span.stop - 1}"}


def content_of(body: bytes, span: Span = WHOLE) -> Content:
    """Return bytes that are in memory as a Content; raises SpanNotSatisfiable."""
    if span != WHOLE and span.start >= len(body):
        raise SpanNotSatisfiable(len(body))
    part = body[span.start : span.stop]
    return Content(size_bytes=len(body), start=span.start, stop=span.start + len(part), chunks=_once(part))


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


def _total_bytes(response: aiohttp.ClientResponse) -> int | None:
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return None if match is None else int(match[3])
