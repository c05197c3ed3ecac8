"""Show answers: the API's own text with ``--json``, else lines and tables for people.

What strangers wrote is shown inert: control characters never reach a terminal.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def out() -> Console:
    """Return the console of standard output; no colours where it is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def inert(text: object) -> str:
    """Return a text in one line, without control characters and markup."""
    return escape(_plain(text))


def json_text(text: str) -> None:
    """Print the API's text unchanged, ended by one newline."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def lines(rows: Iterable[str]) -> None:
    """Print lines of our own; what they quote of strangers is made inert before."""
    console = out()
    for row in rows:
        console.print(row)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; where standard output is no terminal, fields parted by tabs."""
    listed = [["" if value is None else _plain(value) for value in row] for row in rows]
    console = out()
    if not console.is_terminal:
        # Not through the console, which makes spaces of tabs.
        sys.stdout.writelines("\t".join(row) + "\n" for row in listed)
        return
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in listed:
        drawn.add_row(*map(escape, row))
    console.print(drawn)


def _plain(text: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(text))
