"""Any Index over HTTP: negotiation, validators, HEAD and Range, in no server's terms.

Who mounts an Index turns an ``Answer`` into its server's response and errors
(NoSuchProject, UpstreamUnavailable …) into statuses. The feeds, the run's index
and the proof are mounts of this one code, so what is proved is what is served.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from feedgate.formats import simple_html, simple_json
from feedgate.formats.byte_range import matches, parse_range, range_applies
from feedgate.formats.negotiation import Format, accepts_gzip, negotiate
from feedgate.index.cache_control import FILE_CACHE, PAGE_CACHE, VARY
from feedgate.index.kept_bodies import KeptBodies
from feedgate.model.distribution import Distribution
from feedgate.model.index import WHOLE, Content, Index, ProjectPage, Span, SpanNotSatisfiable
from feedgate.model.names import ProjectName

Link: TypeAlias = Callable[[Distribution], str]
"""Makes the address of a file, absolute or relative to the project's page."""

_RENDERING: Final = 1
"""Raise it with each change of what pages say: clients keep a page by its ETag."""

_METHODS = ("GET", "HEAD")
_FILE_TYPE = "application/octet-stream"
_METADATA_TYPE = "text/plain; charset=utf-8"
_FIRST_BYTE = Span(0, 1)
_VARIANTS_KEPT = 8  # of one page's list of files: about as many exact Pythons are at work at once
_SMALL_BYTES = 64 * 1024  # compressed without leaving the event loop
_FEW_FILES = 200  # rendered so too


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: ``body`` is None where none may follow (HEAD, 304).

    Who gets a Content iterates it to the end or calls ``drop`` on it.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Content | None = None


class Entries:
    """The JSON entries of pages, rendered once for as long as this lives.

    Several Pages may share one: the pages of one run at many exact Pythons
    list mostly the same files. Kept is what a page lists, joined, not each
    entry: keeping 30,000 of them costs more than rendering them anew.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._joined: dict[ProjectName, list[tuple[tuple[Distribution, ...], bytes]]] = {}

    def of(self, page: ProjectPage) -> bytes:
        """Return the entries of ``page`` with commas between them."""
        variants = self._joined.setdefault(page.name, [])
        for files, joined in variants:
            if files == page.files:
                return joined
        joined = b",".join([simple_json.render_entry(file, self.link(file)) for file in page.files])
        variants.append((page.files, joined))
        del variants[:-_VARIANTS_KEPT]
        return joined


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What spares reading a page: ``validator`` tells the page's for less, and ``kept`` are bodies of before.

    Of a name without a page ``validator`` says what no page ever had.
    """

    validator: Callable[[ProjectName], Awaitable[str]]
    kept: KeptBodies


class Pages:
    """Serves ``index``; ``entries`` holds the link maker and what it rendered so far.

    ``etag_of_body`` makes a page's ETag the digest of its body, for an index
    whose validators are worth nothing between two runs. ``compress`` and
    ``lists_versions`` off spare a reader on the same machine that needs neither.
    ``vary`` names what the answer depends on. ``headers`` of each method must
    find ``If-None-Match`` and the like without regard to case.
    """

    def __init__(
        self,
        index: Index,
        entries: Entries,
        *,
        etag_of_body: bool = False,
        compress: bool = True,
        lists_versions: bool = True,
        vary: str = VARY,
        shortcut: Shortcut | None = None,
    ) -> None:
        self._index = index
        self._entries = entries
        self._etag_of_body = etag_of_body
        self._compress = compress
        self._lists_versions = lists_versions
        self._vary = vary
        self._shortcut = shortcut

    async def names(self, method: str, headers: Mapping[str, str], *, serial: int | None = None) -> Answer:
        """Answer with the list of projects (PEP 503, 691); its ETag is the digest of the body."""
        if method not in _METHODS:
            return _method_not_allowed()
        form = negotiate(headers.get("Accept"))
        if form is None:
            return self._not_acceptable()
        names = [name async for name in self._index.names()]
        body = (
            simple_json.render_names(names, serial=serial)
            if form is Format.JSON
            else simple_html.render_names(names)
        )
        return await self._page_answer(method, headers, form, body, None)

    async def page(self, method: str, headers: Mapping[str, str], name: ProjectName) -> Answer:
        """Answer with a project's page; raises what the index's ``page`` raises."""
        if method not in _METHODS:
            return _method_not_allowed()
        form = negotiate(headers.get("Accept"))
        if form is None:
            return self._not_acceptable()
        gzipped = self._gzips(headers)
        if self._shortcut is not None:
            etag = _etag(f"{name} {await self._shortcut.validator(name)}", form, gzipped=gzipped)
            if matches(headers.get("If-None-Match"), etag):
                return Answer(304, self._page_headers(etag))
            body = self._shortcut.kept.get(etag)
            if body is not None:
                return self._body_answer(method, form, etag, body, gzipped=gzipped)
        page = await self._index.page(name)
        validator = None if self._etag_of_body else f"{page.name} {page.validator}"
        if validator is not None:
            etag = _etag(validator, form, gzipped=gzipped)
            if matches(headers.get("If-None-Match"), etag):
                return Answer(304, self._page_headers(etag))
        if len(page.files) > _FEW_FILES:
            body = await asyncio.to_thread(self._render, page, form)
        else:
            body = self._render(page, form)
        return await self._page_answer(method, headers, form, body, validator)

    async def file(self, method: str, headers: Mapping[str, str], file: Distribution) -> Answer:
        """Answer with the bytes of ``file``, or the part of them that ``Range`` asks for.

        What our own store holds is opened for HEAD too, so a file that is gone
        answers no HEAD; at an upstream the page's word for the size is enough.
        """
        if method not in _METHODS:
            return _method_not_allowed()
        etag = None if file.digest is None else f'"{file.digest}"'
        described = _file_headers(etag, _FILE_TYPE) | {"Accept-Ranges": "bytes"}
        if etag is not None and matches(headers.get("If-None-Match"), etag):
            return Answer(304, described)
        if method == "HEAD":
            return Answer(200, described | {"Content-Length": str(await self._size_bytes(file))})
        try:
            span = await self._span(headers, file, etag)
            content = await self._index.open(file, span)
        except SpanNotSatisfiable as error:
            return Answer(416, {"Content-Range": f"bytes */{error.size_bytes}", "Content-Length": "0"}, b"")
        described |= {"Content-Length": str(content.stop - content.start)}
        if span is WHOLE:
            return Answer(200, described, content)
        part = f"bytes {content.start}-{content.stop - 1}/{content.size_bytes}"
        return Answer(206, described | {"Content-Range": part}, content)

    async def metadata(self, method: str, headers: Mapping[str, str], file: Distribution) -> Answer:
        """Answer with the METADATA beside ``file`` (PEP 658); raises NoSuchFile if none is offered."""
        if method not in _METHODS:
            return _method_not_allowed()
        etag = f'"{file.metadata_digest}"' if file.metadata_digest else None
        described = _file_headers(etag, _METADATA_TYPE)
        if etag is not None and matches(headers.get("If-None-Match"), etag):
            return Answer(304, described)
        content = await self._index.open_metadata(file)
        described |= {"Content-Length": str(content.size_bytes)}
        if method == "HEAD":
            await drop(content)
            return Answer(200, described)
        return Answer(200, described, content)

    def _render(self, page: ProjectPage, form: Format) -> bytes:
        if form is Format.JSON:
            versions = simple_json.list_versions(page.files) if self._lists_versions else None
            entries = [self._entries.of(page)] if page.files else []
            return simple_json.render_page(page, entries, versions=versions)
        return simple_html.render_page(page, map(self._entries.link, page.files))

    async def _page_answer(
        self, method: str, headers: Mapping[str, str], form: Format, body: bytes, validator: str | None
    ) -> Answer:
        gzipped = self._gzips(headers)
        etag = _etag(validator or hashlib.sha256(body).hexdigest(), form, gzipped=gzipped)
        if matches(headers.get("If-None-Match"), etag):
            return Answer(304, self._page_headers(etag))
        if gzipped:
            body = await _gzip(body)
        if self._shortcut is not None:
            self._shortcut.kept.keep(etag, body)
        return self._body_answer(method, form, etag, body, gzipped=gzipped)

    def _body_answer(self, method: str, form: Format, etag: str, body: bytes, *, gzipped: bool) -> Answer:
        described = self._page_headers(etag)
        if gzipped:
            described |= {"Content-Encoding": "gzip"}
        described |= {"Content-Type": form.content_type, "Content-Length": str(len(body))}
        return Answer(200, described, None if method == "HEAD" else body)

    def _gzips(self, headers: Mapping[str, str]) -> bool:
        return self._compress and accepts_gzip(headers.get("Accept-Encoding"))

    def _page_headers(self, etag: str) -> dict[str, str]:
        return {"ETag": etag, "Cache-Control": PAGE_CACHE, "Vary": self._vary}

    def _not_acceptable(self) -> Answer:
        body = "".join(f"{form.content_type}\n" for form in Format).encode()
        return Answer(
            406,
            {"Content-Type": _METADATA_TYPE, "Content-Length": str(len(body)), "Vary": self._vary},
            body,
        )

    async def _size_bytes(self, file: Distribution) -> int:
        if file.source is not None and file.size_bytes is not None:
            return file.size_bytes
        try:
            content = await self._index.open(file, _FIRST_BYTE)
        except SpanNotSatisfiable as error:  # it has no first byte
            return error.size_bytes
        await drop(content)
        return content.size_bytes

    async def _span(self, headers: Mapping[str, str], file: Distribution, etag: str | None) -> Span:
        """Return what ``Range`` asks for; WHOLE if nothing, or if ``If-Range`` names other bytes."""
        asked = headers.get("Range")
        if asked is None or not range_applies(headers.get("If-Range"), etag or ""):
            return WHOLE
        size_bytes = file.size_bytes if file.size_bytes is not None else await self._size_bytes(file)
        return parse_range(asked, size_bytes=size_bytes) or WHOLE


async def drop(content: Content) -> None:
    """Let go of a Content that nobody will read to its end."""
    close = getattr(content.chunks, "aclose", None)
    if close is not None:
        await close()


def _etag(validator: str, form: Format, *, gzipped: bool) -> str:
    """Return a strong ETag: other bytes on the wire, other ETag (RFC 9110, 8.8.3)."""
    text = f"{_RENDERING}\n{validator}\n{form.content_type}\n{'gzip' if gzipped else 'identity'}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:40]}"'


def _file_headers(etag: str | None, content_type: str) -> dict[str, str]:
    """Return the headers of bytes that never change, or of such that nobody vouches for."""
    if etag is None:
        return {"Content-Type": content_type, "Cache-Control": PAGE_CACHE}
    return {"Content-Type": content_type, "Cache-Control": FILE_CACHE, "ETag": etag}


def _method_not_allowed() -> Answer:
    return Answer(405, {"Allow": ", ".join(_METHODS), "Content-Length": "0"}, b"")


async def _gzip(body: bytes) -> bytes:
    if len(body) <= _SMALL_BYTES:
        return _compressed(body)
    return await asyncio.to_thread(_compressed, body)


def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=5, mtime=0)
