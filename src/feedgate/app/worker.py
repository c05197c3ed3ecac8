"""The worker process: it takes runs through their steps, whichever server asked for them.

Started by the supervisor only. To end it is to kill it: what it was at goes on
with the next one, and its children die with it.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from feedgate.app.channel import LOOK
from feedgate.app.directory import DataDirectory, keep_files_private
from feedgate.app.lock import open_lock, wait_for_lock
from feedgate.app.logs import set_up_logs
from feedgate.app.own_destination import FLAG, OwnDestination
from feedgate.app.parentage import die_with_parent
from feedgate.app.settings import Settings, load_settings
from feedgate.app.standard_input import take_standard_input
from feedgate.app.worker_wiring import open_worker
from feedgate.errors import FeedgateError

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until killed; returns only where the start failed."""
    parser = argparse.ArgumentParser(prog="feedgate worker", allow_abbrev=False)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument(FLAG, action="store_true")
    options = parser.parse_args(arguments)
    die_with_parent(options.parent)
    keep_files_private()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    set_up_logs("worker")
    directory = DataDirectory(options.data)
    told = take_standard_input() if options.own_destination else None
    try:
        own = None if told is None else OwnDestination.from_bytes(told)
        if own is not None:
            _log.info("the command's own destination takes uploads at %s", own.addresses.upload_url)
        settings = load_settings(
            options.config or directory.settings_file, os.environ, is_named=options.config is not None
        )
        # After a SIGKILL the server's lock is free before its worker is gone.
        wait_for_lock(open_lock(directory.worker_lock))
        uvloop.run(_work(settings, directory, own))
    except FeedgateError as error:
        _log.error("%s. Next: %s", error.message, error.next_step)  # no fault of ours, no traceback
    return 1


async def _work(settings: Settings, directory: DataDirectory, own: OwnDestination | None) -> None:
    # In the loop too: a handler that runs between the loop's ticks would wait for one.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    async with open_worker(settings, directory, own) as reconciler:
        # What stands now stays; pages of thousands of entries are no garbage while they are read.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        asyncio.get_running_loop().add_signal_handler(LOOK, reconciler.wake)
        await reconciler.run()


if __name__ == "__main__":
    sys.exit(main())
