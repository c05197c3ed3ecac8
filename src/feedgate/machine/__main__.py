"""``python3 -m feedgate.machine``: the room by itself."""

import sys

from feedgate.machine.command import main
from feedgate.machine.surroundings import Surroundings

if __name__ == "__main__":
    sys.exit(
        main(
            sys.argv[1:],
            Surroundings.of_this_process(),
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
        )
    )
