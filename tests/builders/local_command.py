"""A command that does nothing but hold the server of a data directory, as every command does.

Run as ``python -m tests.builders.local_command DIRECTORY SECONDS``: prints one line of JSON
once it holds a server, and lets go after that time or when its standard input ends.
"""

import json
import os
import select
import sys
from pathlib import Path

from feedgate.app.local import connect_locally
from feedgate.errors import FeedgateError


def say(body: dict[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(body)}\n")
    sys.stdout.flush()


def main() -> int:
    try:
        with connect_locally(Path(sys.argv[1]), os.environ) as connection:
            server = connection.server
            held = {"pid": server.pid, "url": server.url, "ours": server.started_by_us, "stays": server.stays}
            say(held)
            select.select([sys.stdin], [], [], float(sys.argv[2]))
    except FeedgateError as error:
        say({"code": error.code, "message": error.message, "next": error.next_step})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
