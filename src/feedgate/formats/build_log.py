"""What the logs of build services take for commands, and how text loses it.

Azure Pipelines obeys ``##vso[`` anywhere in a line, GitHub Actions ``##[`` anywhere and ``::`` at
a line's beginning, on standard output and standard error alike. What strangers
wrote must not speak there, in lines for people, in JSON or in TOML.
"""

import re
from typing import Final

# What is no ASCII between the two, or before, may count for nothing where strings are compared by a locale's rules.
_FIRST_OF_TWO: Final = re.compile(r"#(?=[^\x00-\x7f]*#)")
_LEADING: Final = re.compile(r"\A((?:\s|[^\x00-\x7f])*:)(?=[^\x00-\x7f]*:)")


def without_commands(line: str) -> str:
    """Return a line of text that no build service obeys: spaces part ``##``, and ``::`` at the beginning."""
    return _LEADING.sub(r"\1 ", _FIRST_OF_TWO.sub("# ", line))


def escape_commands(quoted: str) -> str:
    r"""Return JSON, or a quoted text of TOML, with the same value and without ``##``: one becomes ``\u0023``."""
    return _FIRST_OF_TWO.sub(r"\\u0023", quoted)
