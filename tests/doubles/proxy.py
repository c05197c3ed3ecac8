"""An HTTP proxy on loopback that answers plain requests itself, refuses tunnels, and keeps a log."""

from typing import Self

from aiohttp import web


class Proxy:
    """``seen`` holds ``METHOD TARGET`` as they came; ``authorizations`` what Proxy-Authorization said."""

    def __init__(self, body: bytes = b"answered by the proxy") -> None:
        self.seen: list[str] = []
        self.authorizations: list[str | None] = []
        self._body = body
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.seen.append(f"{request.method} {request.raw_path}")
        self.authorizations.append(request.headers.get("Proxy-Authorization"))
        if request.method == "CONNECT":
            return web.Response(status=403)
        return web.Response(body=self._body)
