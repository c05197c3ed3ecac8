"""The simple index (PEP 503, 691): a feed's names, pages, files and METADATA.

What is served stands in ``index/over_http.py``; here a feed is found, the caller is asked
for its right to read it, and an Answer becomes a response.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require
from feedgate.blobs.store import BlobNotFound, BlobStore
from feedgate.errors import Broken, Invalid, Missing
from feedgate.feed.downloads import Downloads
from feedgate.feed.index import FeedIndex, check_serial
from feedgate.index.kept_bodies import KeptBodies
from feedgate.index.over_http import Answer, Entries, Pages, Shortcut, drop
from feedgate.machine import addresses
from feedgate.model.distribution import Distribution
from feedgate.model.index import Content, NoSuchFile
from feedgate.model.names import FeedPath, parse_project_name, parse_version
from feedgate.records.database import Database, FeedId, head_of
from feedgate.web.answers import ByteStream
from feedgate.web.authentication import caller_of, client_of
from feedgate.web.operation import Operation
from feedgate.web.parameters import feed_path
from feedgate.web.problems import answer_method

_NAMES: Final = addresses.FEED + addresses.SIMPLE
_PAGE: Final = addresses.FEED + addresses.PROJECT
_FILE: Final = addresses.FEED + addresses.DOWNLOAD
_METADATA: Final = ".metadata"
_SHOWN_CHARACTERS: Final = 255
_SERIAL_VIEW: Final = re.compile(r"serial:([0-9]{1,15})")


class UnknownView(Missing):
    """The feed has no view of that name."""

    code = "unknown-view"

    def __init__(self, path: FeedPath, view: str) -> None:
        super().__init__(
            f"{path}@{view[:40]}: the feed has no such view",
            next_step="Leave the view out for the feed as it is, or name a moment of it: @serial:N",
        )


class StoredBytesMissing(Broken):
    """A file that the feed lists is not in its store."""

    code = "stored-bytes-missing"

    def __init__(self, filename: str) -> None:
        super().__init__(
            f"{filename}: the feed lists the file, and its store lacks the bytes",
            next_step="Ask the feed's operator to restore the store from its backup.",
            facts={"filename": filename},
        )


@dataclass(frozen=True, slots=True)
class SimpleIndex:
    """The feeds as pip and uv see them; ``downloads`` is told of each file that was fetched, and by whom."""

    records: Database
    blobs: BlobStore
    downloads: Downloads
    kept: KeptBodies = field(default_factory=KeptBodies)

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        return (
            *_both("simple-names", _NAMES, self.names),
            *_both("simple-names-redirect", _NAMES.rstrip("/"), self.redirect_names),
            Operation("simple-names-post", "POST", _NAMES, self.refuse_post, needs=None),
            *_both("simple-page", _PAGE, self.page),
            *_both("simple-page-redirect", _PAGE.rstrip("/"), self.redirect_page),
            Operation("simple-page-post", "POST", _PAGE, self.refuse_post, needs=None),
            *_both("download", _FILE, self.file),
        )

    async def names(self, request: Request) -> Response:
        """List the feed's projects."""
        index = await self._open(request)
        answer = await _pages(index).names(request.method, request.headers, serial=index.at)
        return _respond(answer)

    async def page(self, request: Request) -> Response:
        """Show a project's page; a name that is not normalized leads to the one that is."""
        index = await self._open(request)
        raw = request.path_params["name"]
        name = parse_project_name(raw)
        if name != raw:
            return _moved(f"../{name}/")
        pages = Pages(index, Entries(_link), shortcut=Shortcut(index.validator, self.kept))
        return _respond(await pages.page(request.method, request.headers, name))

    async def file(self, request: Request) -> Response:
        """Send a file of the feed, or the METADATA beside it."""
        index = await self._open(request)
        asked = request.path_params["filename"]
        filename = asked.removesuffix(_METADATA)
        file = await run_in_threadpool(_find, index, filename, request)
        pages = _pages(index)
        serve = pages.file if asked == filename else pages.metadata
        try:
            answer = await serve(request.method, request.headers, file)
        except BlobNotFound as error:
            raise StoredBytesMissing(asked) from error
        if asked == filename:
            self._count(request, index.feed.id, file, answer)
        return _respond(answer)

    def _count(self, request: Request, feed: FeedId, file: Distribution, answer: Answer) -> None:
        """Note who fetches the file. Of its parts the first one tells, so that a download in parts is one."""
        body = answer.body
        if isinstance(body, Content) and body.start == 0 and file.digest is not None:
            is_whole = answer.status == HTTPStatus.OK
            self.downloads.count(feed, file.filename, file.digest, client_of(request), is_whole=is_whole)

    async def redirect_names(self, request: Request) -> Response:
        """Lead to the address that ends in a slash, where relative links are right."""
        await self._open(request)
        return _moved(addresses.SIMPLE.removeprefix("/pypi/"))

    async def redirect_page(self, request: Request) -> Response:
        """Lead to the page's own address: normalized, with a slash at its end."""
        await self._open(request)
        return _moved(f"{parse_project_name(request.path_params['name'])}/")

    async def refuse_post(self, request: Request) -> Response:
        """Say where uploads go."""
        path, _view = _split(request)
        upload = addresses.upload_path(path.organization, path.feed)
        return answer_method(
            request,
            "GET, HEAD",
            message=f"this address takes no uploads; the one that does is {upload}",
            next_step="Give your client that address.",
        )

    async def _open(self, request: Request) -> FeedIndex:
        return await run_in_threadpool(self._mount, request)

    def _mount(self, request: Request) -> FeedIndex:
        """Return the feed at the serial that its view names, else at the newest one."""
        path, view_name = _split(request)
        with self.records.read() as view:
            located = require(view, caller_of(request), Permission.FEED_READ, path)
            at, _hash = head_of(view, located.id)
        if view_name is not None:
            moment = _SERIAL_VIEW.fullmatch(view_name)
            if moment is None:
                raise UnknownView(located.path, view_name)
            at = check_serial(self.records, located, int(moment[1]))
        return FeedIndex(self.records, self.blobs, located, at)


def _both(name: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> tuple[Operation, ...]:
    return tuple(
        Operation(f"{name}-{method.lower()}", method, path, endpoint, needs=Permission.FEED_READ)
        for method in ("GET", "HEAD")
    )


def _split(request: Request) -> tuple[FeedPath, str | None]:
    feed, view = addresses.split_view(request.path_params["feed"])
    return feed_path(request, feed), view


def _pages(index: FeedIndex) -> Pages:
    return Pages(index, Entries(_link))


def _link(file: Distribution) -> str:
    stem = file.stem
    return addresses.download_link(stem.project, str(stem.version), file.filename)


def _find(index: FeedIndex, filename: str, request: Request) -> Distribution:
    """Return the file under that name, if its project and version are the path's."""
    published = index.find(filename)
    if published is not None:
        try:
            name = parse_project_name(request.path_params["name"])
            version = parse_version(request.path_params["version"])
        except Invalid:
            published = None
        else:
            stem = published.file.stem
            if (stem.project, stem.version) == (name, version):
                return published.file
    raise NoSuchFile(filename[:_SHOWN_CHARACTERS], index=str(index.feed.path))


def _moved(location: str) -> Response:
    return Response(b"", HTTPStatus.MOVED_PERMANENTLY, {"Location": location})


def _respond(answer: Answer) -> Response:
    body = answer.body
    if isinstance(body, Content):
        return ByteStream(body.chunks, answer.status, answer.headers, close=partial(drop, body))
    return Response(body, answer.status, answer.headers)
