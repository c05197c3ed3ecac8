"""Members' paths: those that lead elsewhere, and those that meet each other."""

import posixpath
import re
import unicodedata
from typing import Final

LONGEST_PATH: Final = 1024
"""Linux takes no path of more than 4,096 characters in all; members of genuine wheels stay below 300."""

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_NOT_ON_WINDOWS: Final = frozenset(':*?"<>|')
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)
_LONGEST_SHOWN: Final = 200
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(name: str) -> str:
    """Return ``name`` as it may stand in a sentence: printable, one line, not endless."""
    if name.isprintable() and len(name) <= _LONGEST_SHOWN:
        return name
    printable = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name[:_LONGEST_SHOWN]
    )
    return printable if len(name) <= _LONGEST_SHOWN else f"{printable}…"


def leads_outside(path: str) -> bool:
    """Whether unpacking ``path`` could write outside its folder, on any system."""
    return path.startswith("/") or "\\" in path or _DRIVE.match(path) is not None or ".." in path.split("/")


def target_outside(target: str) -> bool:
    """Whether a link's ``target``, read from the archive's top, lies outside of it."""
    if target.startswith("/") or "\\" in target or _DRIVE.match(target):
        return True
    return posixpath.normpath(target).split("/", 1)[0] == ".."


def is_unprintable(path: str) -> bool:
    """Whether ``path`` is empty, or has what hides it: control characters, reversed writing, broken encoding."""
    if path and path.isascii():
        return not path.isprintable()
    return not path or any(
        character in _BIDI or unicodedata.category(character) in {"Cc", "Cs"} for character in path
    )


def is_odd_on_windows(path: str) -> bool:
    """Whether Windows takes a part of ``path`` for a device, drops its end, or has no such name."""
    if not _NOT_ON_WINDOWS.isdisjoint(path):
        return True
    parts = path.lower().split("/")
    return any(
        part.split(".", 1)[0] in _DEVICES or part[-1:] in {" ", "."}
        for part in parts
        if part not in {".", ".."}
    )


def plain(path: str) -> str:
    """Return the form under which two spellings of one path meet."""
    return posixpath.normpath(path)


def folded(path: str) -> str:
    """Return the form under which paths meet where case and composition do not count."""
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
