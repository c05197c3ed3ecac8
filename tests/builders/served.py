"""An installation behind a real listener on loopback, in a thread of this process."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from feedgate.web.application import make_application
from feedgate.web.listener import open_listener
from feedgate.web.reasons import ReasonPhrases
from tests.builders.installation import Installation, open_installation

ResultT = TypeVar("ResultT")

_PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Served:
    """Where it answers; ``do`` runs a coroutine where the server runs."""

    origin: str
    installation: Installation
    loop: asyncio.AbstractEventLoop

    def do(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(_PATIENCE_SECONDS)


@contextmanager
def serve(root: Path) -> Iterator[Served]:
    """Serve an installation in the empty folder ``root`` until the context ends."""
    server: list[uvicorn.Server] = []
    found: list[Served] = []
    begun = threading.Event()

    async def run() -> None:
        listener = open_listener("127.0.0.1", 0)
        async with open_installation(root) as installation:
            application = ReasonPhrases(make_application(installation.parts))
            config = uvicorn.Config(
                application, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
            )
            server.append(uvicorn.Server(config))
            port = listener.getsockname()[1]
            found.append(Served(f"http://127.0.0.1:{port}", installation, asyncio.get_running_loop()))
            begun.set()
            await server[0].serve(sockets=[listener])

    def work() -> None:
        try:
            asyncio.run(run())
        finally:
            begun.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    begun.wait(_PATIENCE_SECONDS)
    try:
        yield found[0]
    finally:
        server[0].should_exit = True
        thread.join(_PATIENCE_SECONDS)
