"""A stand-in for Azure Artifacts for Python: one feed on loopback, with the manners of the service.

    async with AzureArtifacts(passwords={"secret": "contributor"}) as azure:
        azure.manners.newest_metadata = "2.1"
        azure.fault("upload:demo", Fails(503, stores_first=True), times=1)
        …
        assert azure.files() == {"demo-1.0-py3-none-any.whl": sha256}

``azure_in_thread`` is the same for tests that are not async. As a process of its own:
``python -m tests.doubles.azure --port-file FILE --folder DIRECTORY --settings FILE``; see ``main``.

What it stands in for has a host for each of: pages and uploads; file bytes; its REST interface
(a feed's settings and its list of packages). Here bytes have another host too, and the REST
interface answers where the pages do, as on Azure DevOps Server.
"""

import argparse
import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from tests.doubles import azure_answers, azure_upload
from tests.doubles.azure_answers import Said
from tests.doubles.azure_asked import Asked, Place
from tests.doubles.azure_contents import Contents, Held, release_of, requires_python_of
from tests.doubles.azure_log import Log, Seen
from tests.doubles.azure_manners import ROLES, Cuts, Fault, Faults, Manners, Role, Waits, fault_of
from tests.doubles.azure_reading import Reading
from tests.doubles.azure_storage import Storage
from tests.doubles.azure_wire import answer, cut, meet, pause, write_raw

PACKAGES_HOST = "127.0.0.1"
STORAGE_HOST = "127.0.0.2"


class AzureArtifacts:
    """The double, of one feed. ``passwords`` are taken with any user name, or as a Bearer token.

    ``project`` None = an organization's feed. ``folder`` keeps it all: the next stand-in on it goes on
    where this one ended, and ``requests.jsonl`` in it has the log.
    """

    def __init__(
        self,
        *,
        passwords: Mapping[str, Role] | None = None,
        organization: str = "Acme",
        project: str | None = None,
        feed: str = "pip-feed",
        folder: Path | None = None,
        manners: Manners | None = None,
    ) -> None:
        self.place = Place(organization, project, feed)
        self.passwords: dict[str, Role] = dict(passwords or {"the-token": "contributor"})
        self.manners = manners or Manners()
        self.faults = Faults()
        self._temporary = TemporaryDirectory() if folder is None else None
        home = Path(self._temporary.name) if folder is None and self._temporary is not None else folder
        assert home is not None
        self.contents = Contents(home)
        self.log = Log(None if folder is None else home / "requests.jsonl")
        self._storage = Storage(self.contents, self.manners, self.faults, self.log)
        self._reading = Reading(self.place, self.contents, self.manners, self._storage)
        self._port = 0
        self._storage_port = 0
        self._runners: list[web.ServerRunner] = []

    # ------------------------------------------------------------------ where it is

    @property
    def origin(self) -> str:
        return f"http://{PACKAGES_HOST}:{self._port}"

    @property
    def storage_origin(self) -> str:
        return self._storage.origin

    @property
    def upload_url(self) -> str:
        return f"{self.rest_url}/_packaging/{self.place.feed}/pypi/upload"

    @property
    def simple_url(self) -> str:
        return f"{self.rest_url}/_packaging/{self.place.feed}/pypi/simple/"

    @property
    def rest_url(self) -> str:
        """The REST interface's base, to which a client adds ``/_apis/packaging/…``."""
        project = () if self.place.project is None else (self.place.project,)
        return "/".join((self.origin, self.place.organization, *project))

    # ------------------------------------------------------------------ what tests say and see

    @property
    def seen(self) -> list[Seen]:
        """The requests so far; ``azure_log`` counts them.

        Who has read an answer to its end may be faster than the handler that writes down how much it
        sent: from outside of a loop that is waited for.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.log.settle()
        return self.log.seen

    def fault(self, target: str, fault: Fault, *, times: int | None = None) -> None:
        """Misbehave on ``target`` (see Faults), so many times or for ever, after what was told before."""
        self.faults.arm(target, fault, times)

    def behave(self) -> None:
        """Forget all faults."""
        self.faults.armed.clear()

    def forget(self) -> None:
        """Be as new: no files, no faults, the manners of every day, an empty log."""
        self.behave()
        self.contents.forget()
        for name, value in vars(Manners()).items():
            setattr(self.manners, name, value)
        self.seen.clear()

    def store(self, filename: str, body: bytes) -> Held:
        """Have a file in the feed, as if someone had published it."""
        return self._put(filename, body)

    def add_upstream(self, filename: str, body: bytes) -> Held:
        """Have a file in the upstream source; it shows while ``manners.upstream_sources`` is on."""
        return self._put(filename, body, is_published=False, is_saved=False)

    def delete(self, project: str, version: str) -> None:
        self.contents.delete(project, version)

    def restore(self, project: str, version: str) -> None:
        self.contents.restore(project, version)

    def files(self) -> dict[str, str]:
        """Return what the feed itself has, published or saved: file names with their sha256."""
        return {held.filename: held.sha256 for held in self.contents if held.is_saved}

    def read(self, filename: str) -> bytes:
        """Return a file's bytes."""
        held = self.contents.find(filename)
        assert held is not None, f"{filename} is not in the feed"
        return self.contents.blob(held.sha256).read_bytes()

    def _put(self, filename: str, body: bytes, **facts: Any) -> Held:
        project, version = release_of(filename)
        python = requires_python_of(filename, body)
        facts |= {"project": project, "name": project, "version": version, "requires_python": python}
        return self.contents.put(body, filename=filename, **facts)

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        self._port = await self._listen(self._handle, PACKAGES_HOST, self._port)
        self._storage_port = await self._listen(self._storage.handle, STORAGE_HOST, self._storage_port)
        self._storage.origin = f"http://{STORAGE_HOST}:{self._storage_port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for runner in self._runners:
            await runner.cleanup()
        if self._temporary is not None:
            self._temporary.cleanup()

    async def _listen(self, handler: Any, host: str, port: int) -> int:
        runner = web.ServerRunner(_Counted(handler, self.log), shutdown_timeout=0.1)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port, backlog=512).start()
        found: int = runner.addresses[0][1]
        return found

    # ------------------------------------------------------------------ answers

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(request, self.place, self.passwords)
        with self.log.request(asked.seen):
            await pause(self.manners.delay_seconds)
            try:
                return await self._answer(request, asked)
            except Said as said:
                return await answer(request, asked.seen, said)

    async def _answer(self, request: web.BaseRequest, asked: Asked) -> web.StreamResponse:
        seen = asked.seen
        self._admit(asked)
        if not asked.is_here:
            raise Said(404, "The feed does not exist, or it is of another project.", key="FeedIdNotFound")
        if seen.kind == "upload":
            return await self._take(request, asked)
        if request.method not in {"GET", "HEAD", "OPTIONS"} or (
            seen.kind == "download" and request.method != "GET"
        ):
            raise Said(405, "The requested resource does not support that http method.")
        fault = self.faults.due(seen.kind, seen.what)
        await meet(fault)
        response = self._reading.answer(asked)
        body = response.body if isinstance(response.body, bytes) and request.method != "HEAD" else b""
        if isinstance(fault, Cuts):
            headers = {"Content-Type": response.content_type, "Content-Length": str(len(body))}
            return await cut(request, seen, headers, body, fault)
        seen.status, seen.sent_bytes = response.status, len(body)
        return response

    def _admit(self, asked: Asked) -> None:
        """Raise Said unless the caller may do what he asks for."""
        is_read = asked.seen.kind != "upload"
        if is_read and self.manners.anonymous_reads:
            return
        if asked.role is None:
            raise azure_answers.challenge(asked.origin)
        needed: Role = "reader" if is_read else "contributor"
        if ROLES.index(asked.role) < ROLES.index(needed):
            raise azure_answers.forbidden(asked.identity, "ReadPackages" if is_read else "AddPackage")

    async def _take(self, request: web.BaseRequest, asked: Asked) -> web.StreamResponse:
        if request.method != "POST":
            raise Said(405, "The requested resource does not support that http method.")
        if asked.view:
            raise Said(400, f"Packages cannot be published to the view '{asked.view}'.")
        form = await azure_upload.read_form(request, self.contents)
        asked.seen.what, asked.seen.sha256 = form.filename, form.sha256
        try:
            fault = self.faults.due("upload", form.filename, form.project)
            if isinstance(fault, Waits):
                await pause(fault.seconds)
                if not fault.keeps_lost and (request.transport is None or request.transport.is_closing()):
                    return write_raw(request, b"")
            if fault is None or fault.stores_first:
                azure_upload.check_form(form, self.manners)
                azure_upload.check_free(form, self.contents, self.manners, self.place.feed)
                azure_upload.keep(form, self.contents, time.time())
            if isinstance(fault, Cuts):
                return write_raw(request, b"")
            if not isinstance(fault, Waits):
                await meet(fault)
        finally:
            form.path.unlink(missing_ok=True)
        asked.seen.status = self.manners.accepted_status
        return web.Response(status=self.manners.accepted_status)


class _Counted(web.Server):
    """A server that knows how many connections stand open."""

    def __init__(self, handler: Any, log: Log) -> None:
        super().__init__(handler, access_log=None)
        self._log = log

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._log.open_connections += 1

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._log.open_connections -= 1


@contextmanager
def azure_in_thread(azure: AzureArtifacts | None = None) -> Iterator[AzureArtifacts]:
    """Serve from a thread of its own, for tests that are not async; the log may be read at any time."""
    served = azure or AzureArtifacts()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="azure", daemon=True)
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


async def _end(served: AzureArtifacts) -> None:
    """End the double, and what waits in it longer than the test lasted."""
    await served.__aexit__()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def main() -> None:
    """Serve until SIGTERM, or for ``--seconds``.

    ``--settings`` is a file of JSON: ``organization``, ``project``, ``feed``, ``passwords`` (password to
    role), ``manners`` (as Manners), ``faults`` (each with ``target``, ``times``, and a fault as ``fault_of``
    reads it).
    ``--port-file`` gets JSON, once it answers: ``upload_url``, ``simple_url``, ``rest_url``, ``storage_origin``, ``pid``.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.azure")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--seconds", type=float, default=3600.0)
    options = parser.parse_args()
    settings = {} if options.settings is None else json.loads(options.settings.read_text())
    asyncio.run(_serve(options, settings))


async def _serve(options: argparse.Namespace, settings: dict[str, Any]) -> None:
    faults = settings.pop("faults", [])
    manners = Manners(**settings.pop("manners", {}))
    azure = AzureArtifacts(folder=options.folder, manners=manners, **settings)
    for stated in faults:
        azure.fault(stated["target"], fault_of(stated), times=stated.get("times"))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with azure:
        names = ("upload_url", "simple_url", "rest_url", "storage_origin")
        said = {name: getattr(azure, name) for name in names} | {"pid": os.getpid()}
        unfinished = options.port_file.with_name(f"{options.port_file.name}.new")
        unfinished.write_text(json.dumps(said))
        unfinished.replace(options.port_file)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), options.seconds)


if __name__ == "__main__":
    main()
