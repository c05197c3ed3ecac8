"""A simple index on loopback that keeps a log, and misbehaves when told to.

    async with Upstream() as upstream:
        upstream.add("demo-1.0-py3-none-any.whl", wheel_bytes)
        upstream.fault("demo", Answer(503), times=2)      # a project's page
        upstream.fault("demo-1.0-py3-none-any.whl", WrongBytes())
        …
        assert [seen.what for seen in upstream.log] == ["demo", …]

``upstream_in_thread`` is the same for tests that are not async. Targets of
faults, and what the log calls a request, are: a project's name for its page, a
file name, a file name with ``.metadata``, ``""`` for the list of projects; a fault on ``"*"`` is for all.
"""

import asyncio
import base64
import gzip
import hashlib
import io
import ssl
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from html import escape
from typing import Any, Self

import orjson
from aiohttp import web
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


@dataclass(frozen=True)
class RequestSeen:
    method: str
    path: str
    what: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """Answers with that status, and nothing of what was asked for."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class ShortBody:
    """States the whole length, sends so many bytes, and closes."""

    sent_bytes: int


@dataclass(frozen=True)
class LongBody:
    """Sends so many bytes too many, and states the length of what it sends, or none."""

    extra_bytes: int = 1
    with_length: bool = True


@dataclass(frozen=True)
class WrongBytes:
    """Sends as many bytes as promised, the first of them another."""


@dataclass(frozen=True)
class Drip:
    """Sends a few bytes at a time, with a pause after each; ``head_too`` drips the answer's head as well."""

    chunk_bytes: int = 1
    pause_seconds: float = 0.05
    head_too: bool = False


@dataclass(frozen=True)
class Encoded:
    """Sends the body with that Content-Encoding, compressed by gzip if ``really``."""

    encoding: str = "gzip"
    really: bool = True


@dataclass(frozen=True)
class Redirect:
    """Redirects to ``to``; to its own path that is a loop."""

    to: str
    status: int = 302


@dataclass(frozen=True)
class NoLength:
    """Sends no Content-Length and marks the end by closing, after ``sent_bytes`` or all of it."""

    sent_bytes: int | None = None


@dataclass(frozen=True)
class NoRange:
    """Ignores Range and sends all of it with status 200."""


@dataclass(frozen=True)
class Pause:
    """Waits before it answers as it should; with a long pause that is silence."""

    seconds: float = 3600.0


@dataclass(frozen=True)
class NotHttp:
    """Answers with bytes that are no HTTP."""


Fault = (
    Answer
    | ShortBody
    | LongBody
    | WrongBytes
    | Drip
    | Encoded
    | Redirect
    | NoLength
    | NoRange
    | Pause
    | NotHttp
)


@dataclass
class _Armed:
    fault: Fault
    left: int | None


@dataclass
class _Listed:
    filename: str
    body: bytes
    metadata: bytes | None
    entry: dict[str, Any]


class Upstream:
    """The double. ``credentials`` (user, password) are asked for everywhere if given.

    ``html_only`` makes it an index that knows no JSON, and so states no sizes and no
    times. ``validators`` False leaves out ETag and 304.
    """

    def __init__(
        self,
        *,
        html_only: bool = False,
        validators: bool = True,
        credentials: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.log: list[RequestSeen] = []
        self.html_only = html_only
        self.validators = validators
        self.credentials = credentials
        self._tls = tls
        self._host = host
        self._port = 0
        self._files: dict[str, _Listed] = {}
        self._faults: dict[str, _Armed] = {}
        self._runner: web.ServerRunner | None = None

    # ------------------------------------------------------------------ what tests say

    @property
    def port(self) -> int:
        return self._port

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def url(self) -> str:
        """The simple index's address, as ``upstream.url`` takes it."""
        return f"{self.origin}/simple/"

    def file_url(self, filename: str) -> str:
        return f"{self.origin}/files/{filename}"

    def add(
        self, filename: str, body: bytes, *, metadata: bytes | None = None, **overrides: object
    ) -> Mapping[str, Any]:
        """List a file; return its entry on the page.

        A wheel's METADATA is read out of it and offered beside it, and its
        Requires-Python stands on the page; ``metadata`` is offered instead if given. ``overrides``
        replace keys of the entry (``upload_time``, ``size``, ``hashes``, ``yanked``, ``core_metadata``,
        ``url`` …); None takes the key away.
        """
        if metadata is None:
            metadata = _read_metadata(filename, body)
        entry: dict[str, Any] = {
            "filename": filename,
            "url": f"../../files/{filename}",
            "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
            "requires-python": None,
            "size": len(body),
            "upload-time": "2024-01-01T00:00:00.000000Z",
            "yanked": False,
            "core-metadata": False,
        }
        if metadata is not None:
            entry["core-metadata"] = {"sha256": hashlib.sha256(metadata).hexdigest()}
            entry["requires-python"] = BytesParser().parsebytes(metadata)["Requires-Python"]
        entry |= {key.replace("_", "-"): value for key, value in overrides.items()}
        listed = {key: value for key, value in entry.items() if value is not None}
        self._files[filename] = _Listed(filename, body, metadata, listed)
        return listed

    def rename(self, filename: str, shown: str) -> None:
        """Show a file under another name on the page that it is on."""
        listed = self._files[filename]
        listed.entry["filename"] = shown

    def remove(self, filename: str) -> None:
        del self._files[filename]

    def fault(self, target: str, fault: Fault, *, times: int | None = None) -> None:
        """Misbehave on ``target``, so many times or for ever; the last fault told counts."""
        self._faults[target] = _Armed(fault, times)

    def behave(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def forget(self) -> None:
        """Be as new: no files, no faults, an empty log."""
        self._files.clear()
        self.behave()
        self.log.clear()

    def asked(self, what: str) -> list[RequestSeen]:
        """Return what came in for one page or file."""
        return [seen for seen in self.log if seen.what == what]

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls, backlog=512)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    # ------------------------------------------------------------------ answers

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        what = _what(request.path)
        self.log.append(RequestSeen(request.method, request.raw_path, what, dict(request.headers)))
        fault = self._fault_of(what)
        if isinstance(fault, Pause):
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, Redirect):
            return web.Response(status=fault.status, headers={"Location": fault.to})
        if isinstance(fault, Answer):
            return web.Response(status=fault.status, headers=fault.headers, body=fault.body)
        answer = self._answer(request, what, ranges=not isinstance(fault, NoRange))
        if fault is None or answer.status not in {200, 206}:
            return answer
        assert isinstance(answer.body, bytes)
        return await _misbehave(request, fault, answer, answer.body)

    def _fault_of(self, what: str) -> Fault | None:
        for target in (what, "*"):
            armed = self._faults.get(target)
            if armed is None or armed.left == 0:
                continue
            if armed.left is not None:
                armed.left -= 1
            return armed.fault
        return None

    def _answer(self, request: web.BaseRequest, what: str, *, ranges: bool) -> web.Response:
        if not self._admits(request):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="upstream"'})
        if request.path.startswith("/files/"):
            return self._file(request, what, ranges=ranges)
        if request.path == "/simple/":
            return self._project_list(request)
        if request.path == f"/simple/{what}/":
            return self._page(request, what)
        return web.Response(status=404)

    def _admits(self, request: web.BaseRequest) -> bool:
        if self.credentials is None:
            return True
        pair = base64.b64encode(":".join(self.credentials).encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    def _file(self, request: web.BaseRequest, what: str, *, ranges: bool) -> web.Response:
        listed = self._files.get(what.removesuffix(".metadata"))
        body = None if listed is None else (listed.metadata if what.endswith(".metadata") else listed.body)
        if body is None:
            return web.Response(status=404)
        if not ranges or "Range" not in request.headers:
            return web.Response(body=body, content_type="application/octet-stream")
        first, _, last = request.headers["Range"].removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(body) - int(last))
        stop = min(int(last) + 1, len(body)) if first and last else len(body)
        if start >= len(body):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
        said = f"bytes {start}-{stop - 1}/{len(body)}"
        return web.Response(status=206, headers={"Content-Range": said}, body=body[start:stop])

    def _project_list(self, request: web.BaseRequest) -> web.Response:
        names = sorted({_project(filename) for filename in self._files})
        if self._speaks_json(request):
            document = {"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in names]}
            return self._validated(request, orjson.dumps(document), JSON)
        links = "\n".join(f'<a href="/simple/{name}/">{name}</a>' for name in names)
        return self._validated(request, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), HTML)

    def _page(self, request: web.BaseRequest, name: str) -> web.Response:
        files = [listed for listed in self._files.values() if _project(listed.filename) == name]
        if not files:
            return web.Response(status=404)
        if self._speaks_json(request):
            versions = sorted({_version(listed.filename) for listed in files})
            document = {
                "meta": {"api-version": "1.1"},
                "name": name,
                "versions": versions,
                "files": [listed.entry for listed in files],
            }
            return self._validated(request, orjson.dumps(document), JSON)
        anchors = "\n".join(_anchor(listed.entry) for listed in files)
        body = f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode()
        return self._validated(request, body, HTML)

    def _speaks_json(self, request: web.BaseRequest) -> bool:
        return not self.html_only and JSON in request.headers.get("Accept", "")

    def _validated(self, request: web.BaseRequest, body: bytes, content_type: str) -> web.Response:
        if not self.validators:
            return web.Response(body=body, headers={"Content-Type": content_type})
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, headers={"Content-Type": content_type, "ETag": etag})


async def _misbehave(
    request: web.BaseRequest, fault: Fault, answer: web.Response, body: bytes
) -> web.StreamResponse:
    match fault:
        case WrongBytes():
            answer.body = bytes([body[0] ^ 1]) + body[1:]
        case LongBody(extra_bytes, with_length=True):
            answer.body = body + b"!" * extra_bytes
        case LongBody(extra_bytes):
            await _write_raw(request, _head(answer), body + b"!" * extra_bytes)
        case ShortBody(sent_bytes):
            await _write_raw(request, _head(answer, stated_bytes=len(body)), body[:sent_bytes])
        case NoLength(sent_bytes):
            await _write_raw(request, _head(answer), body[:sent_bytes])
        case Encoded(encoding, really):
            answer.headers["Content-Encoding"] = encoding
            answer.body = gzip.compress(body) if really else body
        case Drip():
            await _drip(request, fault, _head(answer, stated_bytes=len(body)), body)
        case NotHttp():
            await _write_raw(request, b"SSH-2.0-OpenSSH_9.2\r\n", b"")
        case _:
            pass
    return answer


def _head(answer: web.Response, *, stated_bytes: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} OK", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items() if name != "Content-Length"]
    if stated_bytes is not None:
        lines.append(f"Content-Length: {stated_bytes}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _write_raw(request: web.BaseRequest, head: bytes, body: bytes) -> None:
    """Write past the server, which would not let us lie, and close."""
    transport = request.transport
    if transport is not None:
        transport.write(head + body)
        transport.close()


async def _drip(request: web.BaseRequest, fault: Drip, head: bytes, body: bytes) -> None:
    transport = request.transport
    if transport is None:
        return
    slowly = body
    if fault.head_too:
        slowly = head + body
    else:
        transport.write(head)
    for start in range(0, len(slowly), fault.chunk_bytes):
        if transport.is_closing():
            return
        transport.write(slowly[start : start + fault.chunk_bytes])
        await asyncio.sleep(fault.pause_seconds)
    transport.close()


def _what(path: str) -> str:
    if path.startswith("/simple/"):
        return path.removeprefix("/simple/").rstrip("/")
    return path.rsplit("/", 1)[-1]


def _project(filename: str) -> str:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[0]
    try:
        return parse_sdist_filename(filename)[0]
    except ValueError:
        return canonicalize_name(filename.split("-", 1)[0])


def _version(filename: str) -> str:
    if filename.endswith(".whl"):
        return str(parse_wheel_filename(filename)[1])
    try:
        return str(parse_sdist_filename(filename)[1])
    except ValueError:
        return "0"


def _read_metadata(filename: str, body: bytes) -> bytes | None:
    if not filename.endswith(".whl") or not zipfile.is_zipfile(io.BytesIO(body)):
        return None
    with zipfile.ZipFile(io.BytesIO(body)) as wheel:
        return next(
            (wheel.read(name) for name in wheel.namelist() if name.endswith(".dist-info/METADATA")), None
        )


def _anchor(entry: Mapping[str, Any]) -> str:
    """The entry as far as HTML can say it: no size, no time."""
    digest = entry.get("hashes", {}).get("sha256")
    href = entry["url"] + (f"#sha256={digest}" if digest else "")
    attributes = {"href": href}
    if "requires-python" in entry:
        attributes["data-requires-python"] = entry["requires-python"]
    if core_metadata := entry.get("core-metadata"):
        stated = "true" if core_metadata is True else f"sha256={core_metadata['sha256']}"
        attributes["data-core-metadata"] = stated
    if (yanked := entry.get("yanked", False)) is not False:
        attributes["data-yanked"] = yanked if isinstance(yanked, str) else ""
    said = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {said}>{escape(entry['filename'])}</a><br>"


@contextmanager
def upstream_in_thread(upstream: Upstream | None = None) -> Iterator[Upstream]:
    """Serve from a thread of its own, for tests that are not async; the log may be read at any time."""
    served = upstream or Upstream()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="upstream", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(served.__aenter__(), loop).result(10)
        try:
            yield served
        finally:
            asyncio.run_coroutine_threadsafe(_end(served), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(served: Upstream) -> None:
    """End the double, and answers that pause longer than the test lasted."""
    await served.__aexit__()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
