"""Show answers: the API's own text with ``--json``, else lines and tables for people.

What strangers wrote is shown inert: no control character reaches a terminal, no command
the log of a build service.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from feedgate.cli.plain import plain
from feedgate.formats.build_log import escape_commands, without_commands


def out() -> Console:
    """Return the console of standard output; no colours where it is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def inert(text: object) -> str:
    """Return a text as ``plain``, and without markup: for the rows of ``lines``."""
    return escape(plain(text))


def json_text(text: str) -> None:
    """Print the API's text, ended by one newline; its values are unchanged."""
    sys.stdout.write(escape_commands(text.rstrip("\n")) + "\n")


def lines(rows: Iterable[str]) -> None:
    """Print lines of our own; what they quote of strangers is made inert before."""
    console = out()
    for row in rows:
        console.print(without_commands(row))


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; where standard output is no terminal, fields parted by tabs."""
    listed = [["" if value is None else plain(value) for value in row] for row in rows]
    if not sys.stdout.isatty():  # even where colours are forced: a folded cell could begin with a command
        # Not through the console, which makes spaces of tabs.
        sys.stdout.writelines("\t".join(row) + "\n" for row in listed)
        return
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in listed:
        drawn.add_row(*map(escape, row))
    out().print(drawn)
