"""``python3 -m feedgate.machine``: the room by itself."""

import sys

from feedgate.machine.command import run

if __name__ == "__main__":
    sys.exit(run())
