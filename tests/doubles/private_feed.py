"""A private feed at Feedgate's own paths that asks for Basic credentials and keeps a log; plain ``http.server``."""

import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from feedgate.machine.addresses import download_link, project_path, simple_path


@dataclass
class PrivateFeed:
    """``token`` is taken as password with any user name; ``log`` says what was asked and whether it came along."""

    token: str
    organization: str = "demo"
    feed: str = "pip-feed"
    origin: str = ""
    log: list[tuple[str, bool]] = field(default_factory=list)
    _bodies: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """What a person hands to ``connect``."""
        return f"{self.origin}/{self.organization}/{self.feed}"

    @property
    def simple_url(self) -> str:
        return self.origin + simple_path(self.organization, self.feed)

    def add(self, wheel: Path) -> None:
        """List the wheel on its project's page."""
        stem, version, _ = wheel.name.split("-", 2)
        project = stem.replace("_", "-")
        body = wheel.read_bytes()
        page = project_path(self.organization, self.feed, project)
        link = download_link(project, version, wheel.name)
        anchor = f'<a href="{link}#sha256={hashlib.sha256(body).hexdigest()}">{wheel.name}</a>'
        self._bodies[page] = self._bodies.get(page, b"") + anchor.encode()
        self._bodies[page.removesuffix(f"simple/{project}/") + link.removeprefix("../../")] = body

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[HTTPStatus, bytes]:
        """Return what a GET of ``target`` gets; without credentials it learns nothing."""
        path = unquote(urlsplit(target).path)
        given = base64.b64decode(headers.get("Authorization", "").removeprefix("Basic ")).decode()
        admitted = given.partition(":")[2] == self.token
        self.log.append((path, admitted))
        if not admitted:
            return HTTPStatus.UNAUTHORIZED, b""
        if path not in self._bodies:
            return HTTPStatus.NOT_FOUND, b""
        return HTTPStatus.OK, self._bodies[path]


@contextmanager
def private_feed(token: str) -> Iterator[PrivateFeed]:
    """Serve an empty feed on loopback until the block ends."""
    feed = PrivateFeed(token)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = feed.answer(self.path, {key.title(): value for key, value in self.headers.items()})
            self.send_response(status)
            if status is HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", 'Basic realm="feed"')
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/zip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    feed.origin = f"http://127.0.0.1:{server.server_port}"
    try:
        yield feed
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
