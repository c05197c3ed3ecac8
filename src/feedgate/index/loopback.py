"""The resolver's only way out: a proxy on loopback that serves what a run may see.

uv is started with its proxies set to this listener and an index under a name
that exists nowhere, so whatever it asks arrives here: our pages and files in
absolute form, attempts to reach anything else as CONNECT or a foreign host.
aiohttp's low-level server shows both; frameworks above it drop them.
"""

import asyncio
import base64
import binascii
import re
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from aiohttp import web

from feedgate.errors import FeedgateError
from feedgate.index.cache_control import PAGE_CACHE
from feedgate.index.over_http import Answer, Entries, Pages, drop
from feedgate.model.distribution import Distribution, InvalidFilename, parse_filename
from feedgate.model.index import Content, Index, NoSuchProject
from feedgate.model.names import InvalidName, ProjectName, parse_project_name
from feedgate.model.secret import Secret

RUN_HOST = "feedgate.invalid"
"""The run's index. It never changes, since uv's cache is keyed by it, and it exists nowhere (RFC 6761)."""

PROOF_HOST = "proof.invalid"
"""The feed as it would be."""

ResolveDigest: TypeAlias = Callable[[Distribution], Coroutine[Any, Any, Distribution]]
"""Fetches a file whose digest no page states, and returns it with digest and size, as the mount's index opens it."""

_BACKLOG = 512  # three targets at once open 150 connections
_USERNAME = "run"
_METADATA = ".metadata"
_PLAIN = re.compile(r"[A-Za-z0-9._+!-]+")  # needs no quoting; a run makes 30,000 links
_VARY = "Accept"  # uv's cache is shared by calls with different passwords


def link(file: Distribution) -> str:
    """Return the path of ``file`` under each of our hosts.

    It has the digest in it, so nothing that uv keeps under it can go stale.
    Files without a stated digest have a place of their own, which uv asks anew each time.
    """
    filename = file.filename if _PLAIN.fullmatch(file.filename) else quote(file.filename)
    return f"/u/{filename}" if file.digest is None else f"/f/{file.digest}/{filename}"


@dataclass(frozen=True, slots=True)
class Mount:
    """An index to serve, and what of its rendering outlives one call of the resolver.

    Pass the same ``entries`` to every mount of one run. ``resolve_digest`` is
    needed where the upstream may state no digest; without it such a file is not found.
    """

    index: Index
    entries: Entries = field(default_factory=lambda: Entries(link))
    resolve_digest: ResolveDigest | None = None


@dataclass(slots=True)
class Call:
    """One call of the resolver: how it reaches us, and what it asked so far."""

    proxy_url: Secret
    username: str
    password: Secret
    python: str
    asked: set[ProjectName] = field(default_factory=set)
    not_found: list[ProjectName] = field(default_factory=list)
    unavailable: dict[ProjectName, FeedgateError] = field(default_factory=dict)
    escapes: list[str] = field(default_factory=list)


class Loopback:
    """One listener a worker: ``async with Loopback() as loopback``, then a ``call`` for each start of uv."""

    def __init__(self) -> None:
        self._open: dict[str, _Served] = {}
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=1)
        self._port = 0

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=_BACKLOG).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._runner.cleanup()

    @contextmanager
    def call(self, mounts: Mapping[str, Mount], *, python: str) -> Iterator[Call]:
        """Serve ``mounts``, by host, to whoever has the call's password, until the block ends.

        ``python`` is the exact Python for which is asked; it is for reports.
        The proxy's address has the password in it too: thus an attempt to
        reach another host is known to be this call's.
        """
        password = secrets.token_urlsafe(32)
        call = Call(
            proxy_url=Secret(f"http://{_USERNAME}:{password}@127.0.0.1:{self._port}"),
            username=_USERNAME,
            password=Secret(password),
            python=python,
        )
        served = self._open[password] = _Served(call, mounts)
        try:
            yield call
        finally:
            del self._open[password]
            served.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        address = urlsplit(request.raw_path)  # absolute form, or host:port of CONNECT
        host = address.netloc or request.headers.get("Host", "")
        served = self._served_by(request.headers.get("Authorization"))
        proxied = served or self._served_by(request.headers.get("Proxy-Authorization"))
        hosts = {RUN_HOST, PROOF_HOST} if proxied is None else set(proxied.mounts)
        if request.method == "CONNECT" or address.scheme not in {"", "http"} or host not in hosts:
            if proxied is not None:
                proxied.call.escapes.append(f"{request.method} {request.raw_path}")
            return web.Response(status=403, text="This listener leads to the run's index and nowhere else.\n")
        if served is None:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="feedgate"'})
        return await served.respond(request, host, unquote(address.path))

    def _served_by(self, credentials: str | None) -> "_Served | None":
        return self._open.get(_password(credentials)) if credentials else None


@dataclass(frozen=True, slots=True)
class _Question:
    """What a path asks for; without a filename it is the project's page."""

    project: ProjectName
    filename: str | None = None
    digest: str | None = None
    metadata: bool = False


class _Served:
    """The mounts of one call, and the notes that are taken of what it asks."""

    def __init__(self, call: Call, mounts: Mapping[str, Mount]) -> None:
        self.call = call
        self.mounts = mounts
        self._pages = {
            host: Pages(
                mount.index,
                mount.entries,
                etag_of_body=True,
                compress=False,
                lists_versions=False,
                vary=_VARY,
            )
            for host, mount in mounts.items()
        }
        self._files: dict[tuple[str, ProjectName], dict[str, Distribution]] = {}
        self._hashed: dict[tuple[str, str], asyncio.Task[Distribution]] = {}

    def close(self) -> None:
        """Stop what only this call waits for."""
        for task in self._hashed.values():
            task.cancel()

    async def respond(self, request: web.BaseRequest, host: str, path: str) -> web.StreamResponse:
        """Answer one request for ``path`` of ``host``; a fault of the upstream is a 502, never a 404."""
        if path == "/simple/":
            return await _send(request, await self._pages[host].names(request.method, request.headers))
        question = _read(path)
        if question is None:
            return web.Response(status=404)
        try:
            return await _send(request, await self._answer(request, host, question))
        except NoSuchProject:
            self.call.not_found.append(question.project)
            return web.Response(status=404)
        except FeedgateError as error:
            self.call.unavailable[question.project] = error
            return web.Response(status=502, text=f"{error}\n")

    async def _answer(self, request: web.BaseRequest, host: str, question: _Question) -> Answer:
        pages = self._pages[host]
        if question.filename is None:
            self.call.asked.add(question.project)
            return await pages.page(request.method, request.headers, question.project)
        file = (await self._files_of(host, question.project)).get(question.filename)
        if file is None or file.digest != question.digest:
            return Answer(404)
        if file.digest is not None:
            serve = pages.metadata if question.metadata else pages.file
            return await serve(request.method, request.headers, file)
        return _not_for_keeps(await self._answer_unhashed(request, host, file, metadata=question.metadata))

    async def _answer_unhashed(
        self, request: web.BaseRequest, host: str, file: Distribution, *, metadata: bool
    ) -> Answer:
        if metadata:
            return await self._pages[host].metadata(request.method, request.headers, file)
        resolve_digest = self.mounts[host].resolve_digest
        if resolve_digest is None:
            return Answer(404)
        task = self._hashed.get((host, file.filename))
        if task is None:
            task = self._hashed[host, file.filename] = asyncio.ensure_future(resolve_digest(file))
        return await self._pages[host].file(request.method, request.headers, await asyncio.shield(task))

    async def _files_of(self, host: str, project: ProjectName) -> dict[str, Distribution]:
        """Return the project's files by name, read from its page when the first of them is asked for."""
        files = self._files.get((host, project))
        if files is None:
            page = await self.mounts[host].index.page(project)
            files = self._files[host, project] = {file.filename: file for file in page.files}
        return files


def _read(path: str) -> _Question | None:
    """Return what ``path`` asks for, or None if it is no path of ours."""
    try:
        match path.split("/"):
            case ["", "simple", name, ""]:
                return _Question(parse_project_name(name))
            case ["", "f", digest, filename]:
                return _file_question(filename, digest)
            case ["", "u", filename]:
                return _file_question(filename, None)
    except (InvalidName, InvalidFilename):
        return None
    return None


def _file_question(filename: str, digest: str | None) -> _Question:
    file = filename.removesuffix(_METADATA)
    return _Question(parse_filename(file).project, file, digest, metadata=file != filename)


def _password(credentials: str) -> str:
    """Return the password of an HTTP Basic header; an empty one if it is none."""
    try:
        return base64.b64decode(credentials.removeprefix("Basic "), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _not_for_keeps(answer: Answer) -> Answer:
    """Return ``answer`` to be asked for anew each time: its address has no digest in it."""
    return replace(answer, headers={**answer.headers, "Cache-Control": PAGE_CACHE})


async def _send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    if not isinstance(answer.body, Content):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    try:
        await response.prepare(request)
        async for chunk in answer.body.chunks:
            await response.write(chunk)
        await response.write_eof()
    except FeedgateError:
        if request.transport is not None:
            request.transport.abort()  # else a part might pass for the whole
        raise
    finally:
        await drop(answer.body)
    return response
