"""One web process: the application behind the supervisor's socket, and the address in the directory.

Started by the supervisor only. It holds the directory's lock beside its parent,
by the descriptor that it inherits.
"""

import argparse
import asyncio
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import uvloop

from feedgate.app.address import Address, remove_address, write_address
from feedgate.app.channel import Word, tell
from feedgate.app.directory import DataDirectory, keep_files_private
from feedgate.app.logs import set_up_logs
from feedgate.app.outward import check_outward
from feedgate.app.parentage import die_with_parent
from feedgate.app.settings import Settings, load_settings
from feedgate.app.stated import stated
from feedgate.app.wiring import web_application
from feedgate.errors import Conflict, FeedgateError, Invalid
from feedgate.model.secret import Secret
from feedgate.web.listener import Listener, adopt_listener, local_url_of
from feedgate.web.server import Doorway, serve_http

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the server is to end; return the exit status."""
    parser = argparse.ArgumentParser(prog="feedgate web", allow_abbrev=False)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--stays", action="store_true")
    options = parser.parse_args(arguments)
    die_with_parent(options.parent)
    keep_files_private()
    set_up_logs("web")
    directory = DataDirectory(options.data)
    file = options.config or directory.settings_file
    try:
        settings = load_settings(file, os.environ, is_named=options.config is not None)
        check_outward(settings, directory)
        listener = adopt_listener(options.listener)
        address = _new_address(listener, file, supervisor=options.parent, stays=options.stays)
        uvloop.run(_serve(settings, directory, listener, address, options.channel))
    except FeedgateError as error:
        _log.error("%s. Next: %s", error.message, error.next_step)  # no fault of ours, no traceback
        return 2 if isinstance(error, Invalid | Conflict) else 1
    return 0


async def _serve(
    settings: Settings, directory: DataDirectory, listener: Listener, address: Address, channel: int
) -> None:
    closing_now = asyncio.Event()

    def opened() -> None:
        write_address(directory.address, address)
        tell(channel, Word.ANSWERING)

    def closing() -> None:
        remove_address(directory.address)
        closing_now.set()
        tell(channel, Word.CLOSING)

    doorway = Doorway(
        key=address.key,
        proof={"sign": address.sign, "pid": address.pid},
        stays=address.stays,
        opened=opened,
        closing=closing,
    )
    async with web_application(
        settings,
        directory,
        address.key,
        wake=partial(tell, channel, Word.WORKER_WANTED),
        is_closing=closing_now.is_set,
    ) as application:
        await serve_http(application, listener, doorway)


def _new_address(listener: Listener, file: Path, *, supervisor: int, stays: bool) -> Address:
    """Make the address of this start; key and sign are new each time."""
    return Address(
        url=local_url_of(listener),
        key=Secret(secrets.token_urlsafe(32)),
        sign=secrets.token_urlsafe(32),
        pid=supervisor,
        version=version("feedgate"),
        stays=stays,
        stated=stated(file, os.environ),
    )


if __name__ == "__main__":
    sys.exit(main())
