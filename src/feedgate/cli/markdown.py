"""Strangers' words in Markdown: shown as they are, never obeyed.

Names, versions and addresses stand in code spans; sentences are escaped, and what
renderers make a link of by themselves stands in a code span there too. All of it
is inline: it belongs into a table's cell or behind a word of ours, not at a line's beginning.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from feedgate.cli.plain import plain

_LONGEST: Final = 600
_SPECIAL: Final = re.compile(r"[\\`*_\[\]{}#!~^$]")
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"})
_LINKS_ITSELF: Final = re.compile(r"://|@|www\.|mailto:|[#!]\d", re.IGNORECASE)
_TICKS: Final = re.compile(r"`+")


def code(text: object) -> str:
    """Return a text as a code span, delimited by more backticks than any run in it.

    A pipe becomes a broken bar: in a table it would end the cell, and the escape for it
    fails behind a backslash.
    """
    words = " ".join(_short(plain(text)).replace("|", "¦").split())
    if not words:
        return ""
    ticks = "`" * (1 + max(map(len, _TICKS.findall(words)), default=0))
    pad = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def prose(text: object) -> str:
    """Return a sentence as Markdown that shows it and does nothing else."""
    words = _short(plain(text)).split()
    return " ".join(code(word) if _LINKS_ITSELF.search(word) else _escaped(word) for word in words)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are Markdown already, each ended."""
    yield f"| {' | '.join(headings)} |\n"
    yield f"|{' --- |' * len(headings)}\n"
    for row in rows:
        yield f"| {' | '.join(row)} |\n"


def _escaped(word: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", word).translate(_ENTITIES)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
