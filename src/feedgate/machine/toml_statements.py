"""Where the statements of a TOML file stand, so that one can be changed and the rest kept byte for byte.

Python 3.9 has no TOML reader, and the later ones keep no places. This one knows
TOML 1.0's forms but passes over what no setting of an index needs: numbers,
dates and booleans stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

from feedgate.machine.errors import MachineError

Value = Union[str, "Bare", "list[Value]", "dict[str, Value]"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?")  # a date and its time may have a space between
_ESCAPE = re.compile(r'\\(?:([btnfre"\\])|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))')
_LETTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class BrokenToml(MachineError):
    """A file is no TOML, so the client refuses it too."""

    code = "broken-toml"

    def __init__(self, path: Path, *, line: int) -> None:
        super().__init__(
            f"{path}, line {line}: not TOML",
            next_step="The client fails on it too: correct the file, or move it away.",
        )


class Bare(str):
    """A value without quotes: ``true``, a number, a date."""

    __slots__ = ()


@dataclass(frozen=True)
class Statement:
    """A header or a key with its value; ``first`` and ``last`` are its lines, counted from 0.

    ``table`` is the header that it stands under, ``number`` the how-manieth header of the
    file that is, so that two tables of one array can be told apart.
    """

    table: tuple[str, ...]
    number: int
    key: tuple[str, ...]  # empty for a header
    value: Value = field(repr=False)
    first: int
    last: int

    @property
    def path(self) -> tuple[str, ...]:
        """The whole dotted name."""
        return self.table + self.key


class _NotToml(Exception):
    pass


def parse_statements(path: Path, text: str) -> tuple[Statement, ...]:
    """Return the statements of ``text`` in their order; raises BrokenToml."""
    reader = _Reader(text)
    try:
        return tuple(reader.statements())
    except (_NotToml, IndexError, ValueError):
        raise BrokenToml(path, line=reader.line + 1) from None


@dataclass(frozen=True)
class Table:
    """One table of an array: ``[[name]]`` with what is under it, or ``{ … }`` in a list."""

    values: Mapping[str, Value] = field(repr=False)
    statements: tuple[Statement, ...] = field(repr=False)

    def text(self, key: str) -> str:
        """Return the value of ``key`` as text, "" where there is none."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""


def array_of_tables(statements: Iterable[Statement], path: tuple[str, ...]) -> tuple[Table, ...]:
    """Return the tables of the array ``path``, in either of its two forms.

    A list in one line cannot be taken apart: its tables share one statement.
    """
    tables: list[Table] = []
    headed: list[list[Statement]] = []
    known = tuple(statements)
    for statement in known:
        if statement.path == path and not statement.key:
            headed.append([statement])
        elif headed and statement.table[: len(path)] == path:
            headed[-1].append(statement)
    for name, value, statement in leaves(known):
        if name == path and isinstance(value, list):
            tables += [Table(inner, (statement,)) for inner in value if isinstance(inner, dict)]
    for group in headed:
        values = {".".join(statement.path[len(path) :]): statement.value for statement in group}
        tables.append(Table(values, tuple(group)))
    return tuple(tables)


def leaves(statements: Iterable[Statement]) -> Iterator[tuple[tuple[str, ...], Value, Statement]]:
    """Yield every value with its whole name, those in inline tables too."""
    for statement in statements:
        if statement.key:
            yield from _leaves(statement.path, statement.value, statement)


def comment_out(text: str, statements: Iterable[Statement]) -> str:
    """Return ``text`` with the lines of ``statements`` as comments."""
    lines = text.split("\n")
    for number in {n for statement in statements for n in range(statement.first, statement.last + 1)}:
        lines[number] = f"# {lines[number]}"
    return "\n".join(lines)


def append_table(path: Path, text: str, array: tuple[str, ...], lines: str) -> str:
    """Return ``text`` with ``lines``, a table of ``array``, at its end, in the file's own line ends.

    An empty list under the array's name becomes a comment, since no table could be added to it.
    """
    statements = parse_statements(path, text)
    text = comment_out(text, [statement for name, _, statement in leaves(statements) if name == array])
    end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += end
    return text + (end if text else "") + lines.replace("\n", end)


def texts(value: Value) -> list[str]:
    """Return the strings in ``value``, those of lists and tables too."""
    if isinstance(value, str):
        return [value] if value else []
    parts = value.values() if isinstance(value, dict) else value
    return [text for part in parts for text in texts(part)]


def _leaves(
    path: tuple[str, ...], value: Value, statement: Statement
) -> Iterator[tuple[tuple[str, ...], Value, Statement]]:
    if not isinstance(value, dict):
        yield path, value, statement
        return
    for key, inner in value.items():
        yield from _leaves((*path, *key.split(".")), inner, statement)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def line(self) -> int:
        return self._text.count("\n", 0, self._at)

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        table: tuple[str, ...] = ()
        number = 0
        self._skip(lines=True)
        while self._at < len(self._text):
            first = self.line
            if self._take("["):
                double = self._take("[")
                self._skip()
                table = self._key()
                number += 1
                self._expect("]]" if double else "]")
                found.append(Statement(table, number, (), Bare(""), first, self.line))
            else:
                key = self._key()
                self._expect("=")
                self._skip()
                value = self._value()
                found.append(Statement(table, number, key, value, first, self.line))
            self._end_of_line()
            self._skip(lines=True)
        return found

    def _key(self) -> tuple[str, ...]:
        parts = [self._simple_key()]
        self._skip()
        while self._take("."):
            self._skip()
            parts.append(self._simple_key())
            self._skip()
        return tuple(parts)

    def _simple_key(self) -> str:
        if self._text[self._at] in "\"'":
            return self._string()
        return self._match(_BARE_KEY)

    def _value(self) -> Value:
        letter = self._text[self._at]
        if letter in "\"'":
            return self._string()
        if letter == "[":
            return self._array()
        if letter == "{":
            return self._inline_table()
        return Bare(self._match(_BARE_VALUE))

    def _array(self) -> list[Value]:
        self._at += 1
        values: list[Value] = []
        self._skip(lines=True)
        while not self._take("]"):
            values.append(self._value())
            self._skip(lines=True)
            if not self._take(","):
                self._expect("]")
                break
            self._skip(lines=True)
        return values

    def _inline_table(self) -> dict[str, Value]:
        self._at += 1
        values: dict[str, Value] = {}
        self._skip(lines=True)
        while not self._take("}"):
            key = ".".join(self._key())
            self._expect("=")
            self._skip()
            values[key] = self._value()
            self._skip(lines=True)
            if not self._take(","):
                self._expect("}")
                break
            self._skip(lines=True)
        return values

    def _string(self) -> str:
        quote = self._text[self._at]
        mark = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        self._at += len(mark)
        start = self._at
        while not self._text.startswith(mark, self._at):
            letter = self._text[self._at]
            if letter == "\n" and len(mark) == 1:
                raise _NotToml
            self._at += 2 if letter == "\\" and quote == '"' else 1
        while len(mark) == 3 and self._text.startswith(quote, self._at + 3):
            self._at += 1  # up to two quotes may stand before the closing three
        content = self._text[start : self._at]
        self._at += len(mark)
        if len(mark) == 3:
            content = re.sub(r"\A\r?\n", "", content)
        return content if quote == "'" else _unescape(content)

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        self._skip()
        if not self._take(mark):
            raise _NotToml

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise _NotToml
        self._at = found.end()
        return found.group()

    def _skip(self, *, lines: bool = False) -> None:
        """Pass over blanks; over comments and line ends too, where ``lines``."""
        blanks = " \t\r\n\ufeff" if lines else " \t"
        while self._at < len(self._text):
            if lines and self._text[self._at] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif self._text[self._at] in blanks:
                self._at += 1
            else:
                return

    def _end_of_line(self) -> None:
        self._skip()
        rest = self._text[self._at :].split("\n", 1)[0].rstrip("\r")
        if rest and not rest.startswith("#"):
            raise _NotToml
        self._at += len(rest)


def _unescape(content: str) -> str:
    content = re.sub(r"(?<!\\)((?:\\\\)*)\\[ \t]*\r?\n\s*", r"\1", content)
    return _ESCAPE.sub(_unescaped, content)


def _unescaped(found: re.Match[str]) -> str:
    letter, *codes = found.groups()
    if letter:
        return _LETTERS[letter]
    return chr(int(next(code for code in codes if code), 16))
