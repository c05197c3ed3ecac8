"""What both forms of a page ask of a file before they list it."""

from typing import Final

LONGEST_SPECIFIER: Final = 1_000
"""Characters of a Requires-Python; from 4,301 digits on Python reads no number."""

_LONGEST_NAMED: Final = 200
"""Characters by which a file that can not be read is named."""


def check_listed(filename: object, requires_python: object) -> None:
    """Raise ValueError for what could not be a file's on any page.

    Old and odd names are a reader's affair; this keeps out paths, control
    characters, and letters that look like others.
    """
    if not isinstance(filename, str) or not filename or "/" in filename:
        raise ValueError(filename)
    if not filename.isascii() or not filename.isprintable():
        raise ValueError(filename)
    if requires_python is None:
        return
    if not isinstance(requires_python, str) or len(requires_python) > LONGEST_SPECIFIER:
        raise ValueError(requires_python)


def named_unreadable(filename: object) -> str:
    """Return how to name a file that could not be read: its own name where that is one, else what stands there, in ASCII."""
    try:
        check_listed(filename, None)
    except ValueError:
        return ascii(filename)[:_LONGEST_NAMED]
    return str(filename)[:_LONGEST_NAMED]
