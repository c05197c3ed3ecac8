"""Entry points (the PyPA specification): the names under which a wheel's scripts are written.

Installers split these lines in more than one way, so a name here is the
longest that any of them could read.
"""

from collections.abc import Iterator
from typing import Final

_SCRIPTS: Final = frozenset({"console_scripts", "gui_scripts"})
_COMMENTS: Final = ("#", ";")


def script_names(raw: bytes) -> Iterator[str]:
    """Yield the names of the scripts that an ``entry_points.txt`` asks for, as they stand there."""
    in_scripts = False
    for line in map(str.strip, raw.decode("utf-8", errors="replace").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            in_scripts = line[1:-1].strip().casefold() in _SCRIPTS
        elif in_scripts and line and not line.startswith(_COMMENTS):
            name, equals, _ = line.partition("=")
            yield (name if equals else line.partition(":")[0]).strip()
