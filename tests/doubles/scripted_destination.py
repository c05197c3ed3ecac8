"""A foreign index on loopback that takes uploads, and answers each one as it was told to.

    async with ScriptedDestination() as there:
        there.answers = [Says(503), Says(409, reason="Conflict - The feed … already contains …")]
        …
        assert there.uploads == [WHEEL, WHEEL]

An upload for which nothing was told is taken: stored, listed, and answered with 200.
"""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Self

from aiohttp import BodyPartReader, web
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename


@dataclass(frozen=True)
class Says:
    """Reads the upload to its end, and answers with that; ``stores`` it all the same."""

    status: int
    reason: str | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stores: bool = False


@dataclass(frozen=True)
class SaysEarly:
    """Answers when the upload's head is there, reads nothing more, and closes; or goes on reading if it ``listens``."""

    status: int
    reason: str = "Early"
    listens: bool = False


@dataclass(frozen=True)
class Cuts:
    """Closes the connection instead of an answer."""

    stores: bool = False


@dataclass(frozen=True)
class Stalls:
    """Says nothing for so long."""

    seconds: float = 3600.0
    stores: bool = False


@dataclass(frozen=True)
class Replaces:
    """Takes other bytes than came."""

    body: bytes


Told = Says | SaysEarly | Cuts | Stalls | Replaces


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Upload:
    """A form as it came: its fields with all their values, and its file."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    filename: str = ""
    body: bytes = b""
    length: str | None = None


class ScriptedDestination:
    """The double. ``credentials`` are asked for everywhere if given; ``states_digests`` False hides them.

    ``hidden_looks`` is how often a page is read before a new file shows on it. ``files_at`` is another
    server's origin, to which reads of files are redirected. ``file_headers`` go with each answer that gives a file.
    """

    def __init__(self, *, credentials: tuple[str, str] | None = None, states_digests: bool = True) -> None:
        self.credentials = credentials
        self.states_digests = states_digests
        self.answers: list[Told] = []
        self.page_answers: list[Says | Cuts] = []
        self.files: dict[str, bytes] = {}
        self.hidden_looks = 0
        self.files_at: str | None = None
        self.root_status = 200
        self.upload_get_status = 405
        self.takes_ranges = True
        self.file_headers: dict[str, str] = {}
        self.log: list[Request] = []
        self.forms: list[Upload] = []
        self.arrived = asyncio.Event()
        self.most_at_once = 0
        self.delay_seconds = 0.0
        self._unseen: dict[str, int] = {}
        self._at_once = 0
        self._port = 0
        self._runner: web.ServerRunner | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def upload_url(self) -> str:
        return f"{self.origin}/upload"

    @property
    def read_url(self) -> str:
        return f"{self.origin}/simple/"

    @property
    def uploads(self) -> list[str]:
        """The file names of the uploads that were read to their end, in order."""
        return [form.filename for form in self.forms]

    def asked(self, path: str, method: str = "GET") -> list[Request]:
        return [one for one in self.log if (one.method, one.path) == (method, path)]

    def looks(self, project: str) -> int:
        """How often a project's page was asked for."""
        return len(self.asked(f"/simple/{project}/"))

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=512).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.log.append(Request(request.method, request.raw_path, dict(request.headers)))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(self.delay_seconds)
            if not self._admits(request):
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="there"'})
            if request.method == "POST":
                return await self._take(request)
            return self._read(request)
        finally:
            self._at_once -= 1

    def _admits(self, request: web.BaseRequest) -> bool:
        if self.credentials is None:
            return True
        pair = base64.b64encode(":".join(self.credentials).encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    # ------------------------------------------------------------------ uploads

    async def _take(self, request: web.BaseRequest) -> web.StreamResponse:
        told = self.answers.pop(0) if self.answers else None
        if isinstance(told, SaysEarly):
            return await _say_early(request, told)
        form = await _read_form(request)
        self.forms.append(form)
        self.arrived.set()
        match told:
            case Replaces(body):
                self.put(form.filename, body)
            case None | Says(stores=True) | Cuts(stores=True) | Stalls(stores=True):
                self.put(form.filename, form.body)
            case _:
                pass
        match told:
            case Cuts():
                _hang_up(request)
            case Stalls(seconds):
                await asyncio.sleep(seconds)
            case Says():
                return _said(told)
            case _:
                pass
        return web.Response(status=200)

    def put(self, filename: str, body: bytes) -> None:
        """Have a file in the index; it shows once its page was read ``hidden_looks`` times."""
        self.files[filename] = body
        self._unseen[filename] = self.hidden_looks

    # ------------------------------------------------------------------ reads

    def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/upload":
            return web.Response(status=self.upload_get_status)
        if path == "/simple/":
            return web.Response(status=self.root_status, content_type="text/html", text="<html></html>")
        if path.startswith("/simple/"):
            return self._page(path.removeprefix("/simple/").rstrip("/"))
        return self._file(request, path.removeprefix("/files/"))

    def _page(self, project: str) -> web.StreamResponse:
        if self.page_answers:
            told = self.page_answers.pop(0)
            assert isinstance(told, Says)
            return _said(told)
        shown = []
        for filename, body in self.files.items():
            if project_of(filename) != project:
                continue
            if self._unseen.get(filename, 0) > 0:
                self._unseen[filename] -= 1
                continue
            digest = f"#sha256={hashlib.sha256(body).hexdigest()}" if self.states_digests else ""
            shown.append(f'<a href="/files/{escape(filename)}{digest}">{escape(filename)}</a>')
        if not shown:
            return web.Response(status=404)
        return web.Response(content_type="text/html", text=f"<html><body>{''.join(shown)}</body></html>")

    def _file(self, request: web.BaseRequest, filename: str) -> web.StreamResponse:
        if self.files_at is not None:
            return web.Response(status=303, headers={"Location": f"{self.files_at}/files/{filename}"})
        body = self.files.get(filename)
        if body is None:
            return web.Response(status=404)
        if not self.takes_ranges or request.headers.get("Range") != "bytes=0-0":
            return web.Response(body=body, headers=self.file_headers)
        if not body:
            return web.Response(status=416, headers={"Content-Range": "bytes */0"})
        headers = {**self.file_headers, "Content-Range": f"bytes 0-0/{len(body)}"}
        return web.Response(status=206, body=body[:1], headers=headers)


async def _say_early(request: web.BaseRequest, told: SaysEarly) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    said = f"HTTP/1.1 {told.status} {told.reason}\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo early"
    transport.write(said.encode())
    if told.listens:
        async for _ in request.content.iter_any():
            pass
    transport.close()
    return web.Response()


async def _read_form(request: web.BaseRequest) -> Upload:
    form = Upload(length=request.headers.get("Content-Length"))
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        if part.name == "content":
            form.filename, form.body = part.filename or "", content
        else:
            form.fields.setdefault(part.name or "", []).append(content.decode())
    return form


def _said(told: Says) -> web.Response:
    return web.Response(status=told.status, reason=told.reason, body=told.body, headers=told.headers)


def _hang_up(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


def project_of(filename: str) -> str:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[0]
    try:
        return parse_sdist_filename(filename)[0]
    except ValueError:
        return canonicalize_name(filename.split("-", 1)[0])
