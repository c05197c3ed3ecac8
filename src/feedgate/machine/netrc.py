"""The token's place: one entry of a netrc file, everything else in it kept byte for byte.

pip, uv and Poetry match an entry by the host alone, never by host and port
(all feeds of a host share a token), and silently go on without credentials where
the file has an error. So the file is checked with Python's own parser first,
and only words are written that every reader takes alike: Python up to 3.10
knows no quotes, later ones and curl do.
"""

from __future__ import annotations

import netrc as python_netrc
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from feedgate.machine.errors import MachineError
from feedgate.machine.files import is_there, mode_of, read_file
from feedgate.machine.plan import Change, Obstacle, Plan, decoded, encoded, variable_obstacle
from feedgate.machine.snippets import netrc_line
from feedgate.machine.surroundings import Surroundings

MODE = 0o600
_PLAIN_WORD = re.compile(
    r"[!$-&(-\[\]-~][!#-&(-\[\]-~]{0,4095}"
)  # printable, no quote, no backslash, no # in front
_WHITESPACE = " \t\r\n"


class NotAToken(MachineError):
    """What was given as a token can not be one."""

    code = "not-a-token"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(
            "the token can not be written to netrc: it is empty, longer than 4096 characters, or holds spaces, "
            "quotes, backslashes or other than ASCII characters",
            next_step="Give the token alone, as the server showed it, in one line.",
        )


class BrokenNetrc(MachineError):
    """The netrc file has an error, so the clients read nothing from it."""

    code = "broken-netrc"

    def __init__(self, path: Path, *, line: int | None) -> None:
        place = f"{path}, near line {line}" if line else str(path)
        super().__init__(
            f"{place}: no netrc that Python can read, so pip takes no credentials from it at all",
            next_step="Correct it (a comment needs a space after its #; each machine needs login and password).",
        )


@dataclass(frozen=True)
class Entry:
    """One entry; ``machine`` None is ``default``. Offsets are characters of the text."""

    machine: str | None
    line: int
    start: int
    end: int
    password: str | None = field(repr=False)
    password_start: int = 0
    password_end: int = 0


def plan_netrc(surroundings: Surroundings, host: str, token: str | None, *, replace: bool) -> Plan:
    """Return how the token of ``host`` gets into the user's netrc.

    ``token`` None: what is there stays, and is made readable to its owner alone.
    Raises NotAToken, BrokenNetrc, UnreadableFile.
    """
    if token is not None:
        check_token(token)
    path = netrc_file(surroundings)
    named = surroundings.variable("NETRC")
    if named and is_there(path) and not path.is_file():
        return Plan(obstacles=(variable_obstacle("NETRC", named),))
    before = read_file(path)
    if token is None and not has_entry(surroundings, host):
        return Plan(notes=("no token was given: only a public feed will answer",))
    obstacles = list(_hidden_netrc(surroundings, path))
    text = decoded(before)
    lines: list[str] = []
    if before is not None:
        check_file(path)
    mode = mode_of(path)
    if mode not in (None, MODE):
        lines.append(f"permissions {mode:04o} become {MODE:04o}")
    entries = entries_of(text, host)
    other = [entry for entry in entries if token is not None and entry.password != token]
    if other and not replace:
        obstacles += [_entry_obstacle(path, entry) for entry in other]
    elif token is not None:
        text = set_password(text, host, token)
        if other or not entries:
            lines.append(f"machine {host}: {'another password becomes the token' if other else 'the token'}")
    change = Change(path, tuple(lines), before, encoded(text), mode=MODE, keep_backup=bool(other))
    return Plan((change,), tuple(obstacles))


def netrc_file(surroundings: Surroundings) -> Path:
    """Return the file that pip, uv and Poetry read: NETRC, else ``.netrc`` in the home folder."""
    named = surroundings.variable("NETRC")
    return surroundings.expand(named) if named else surroundings.home / ".netrc"


def has_entry(surroundings: Surroundings, host: str) -> bool:
    """Whether the user's netrc has an entry of its own for ``host``; raises UnreadableFile."""
    path = netrc_file(surroundings)
    return is_there(path) and path.is_file() and bool(entries_of(decoded(read_file(path)), host))


def check_token(token: str) -> str:
    """Return ``token`` if every reader of netrc files takes it as it is; raises NotAToken."""
    if not _PLAIN_WORD.fullmatch(token):
        raise NotAToken
    return token


def check_file(path: Path) -> None:
    """Read the file with this Python's own parser; raises BrokenNetrc.

    Its words are not passed on: they may quote a password.
    """
    try:
        python_netrc.netrc(str(path))
    except python_netrc.NetrcParseError as error:
        raise BrokenNetrc(path, line=error.lineno) from None
    except UnicodeDecodeError:
        raise BrokenNetrc(path, line=None) from None


def entries_of(text: str, host: str) -> tuple[Entry, ...]:
    """Return the entries of ``host`` in the order of the file; more than one is possible."""
    return tuple(entry for entry in _Reader(text).entries() if entry.machine == host)


def set_password(text: str, host: str, token: str) -> str:
    """Return ``text`` in which every entry of ``host`` has ``token`` as password.

    Where there is none, one is added: before ``default``, which by netrc's rules ends the
    search, else at the end.
    """
    reader = _Reader(text)
    entries = reader.entries()
    own = [entry for entry in entries if entry.machine == host]
    for entry in reversed(own):
        if entry.password is None:
            text = f"{text[: entry.end]} password {token}{text[entry.end :]}"
        else:
            gap = " " if entry.password_start == entry.password_end else ""  # the word stood there alone
            text = text[: entry.password_start] + gap + token + text[entry.password_end :]
    return text if own else _added(text, reader, entries, netrc_line(host, token))


def _entry_obstacle(path: Path, entry: Entry) -> Obstacle:
    return Obstacle(
        where=f"{path}, line {entry.line}",
        key=f"machine {entry.machine}",
        value="an entry with another password",
        cure="connect --replace puts the token there",
        replaceable=True,
    )


def _hidden_netrc(surroundings: Surroundings, path: Path) -> Iterator[Obstacle]:
    """Yield the ``_netrc`` that pip would no longer read once ``.netrc`` is made."""
    hidden = surroundings.home / "_netrc"
    if path == surroundings.home / ".netrc" and is_there(hidden) and not is_there(path):
        yield Obstacle(
            where=str(hidden),
            key="machine",
            value="entries that pip would pass over once there is a .netrc",
            cure=f"mv {hidden} {path}",
            replaceable=False,
        )


def _added(text: str, reader: _Reader, entries: list[Entry], line: str) -> str:
    for entry in entries:
        if entry.machine is None:
            return text[: entry.start] + line + text[entry.start :]
    if text and not text.endswith("\n"):
        text += "\n"
    if reader.open_macro:
        text += "\n"  # an empty line ends a macro
    return text + line


class _Reader:
    """Walks the text once, with the lexical rules of Python 3.11 and later, and keeps places."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.open_macro = False

    def entries(self) -> list[Entry]:
        found: list[Entry] = []
        word = self._word()
        while word is not None:
            value, start, _ = word
            if value in ("machine", "default"):
                entry, word = self._entry(value, start)
                found.append(entry)
                continue
            if value == "macdef":
                self._skip_macro()
            word = self._word()
        return found

    def _entry(self, keyword: str, start: int) -> tuple[Entry, tuple[str, int, int] | None]:
        line = self._text.count("\n", 0, start) + 1
        machine, end = None, start + len(keyword)
        if keyword == "machine":
            machine, _, end = self._word(values=True) or ("", end, end)
        password: str | None = None
        place = (0, 0)
        while True:
            word = self._word()
            if word is None or word[0] not in ("login", "user", "account", "password"):
                return Entry(machine, line, start, end, password, *place), word
            value, value_start, end = self._word(values=True) or ("", word[2], word[2])
            if word[0] == "password":
                password, place = value, (value_start, end)

    def _word(self, *, values: bool = False) -> tuple[str, int, int] | None:
        """Return the next word with its place; a comment is none, unless a value is due."""
        text = self._text
        while True:
            while self._position < len(text) and text[self._position] in _WHITESPACE:
                self._position += 1
            if self._position == len(text):
                return None
            if values or text[self._position] != "#":
                break
            self._skip_line()
        start = self._position
        quoted = text[start] == '"'
        self._position += quoted
        letters: list[str] = []
        while self._position < len(text):
            letter = text[self._position]
            if letter in ('"' if quoted else _WHITESPACE):
                self._position += quoted
                break
            if letter == "\\":
                self._position += 1
                letter = text[self._position : self._position + 1]
            letters.append(letter)
            self._position += 1
        self._position = min(self._position, len(text))
        return "".join(letters), start, self._position

    def _skip_line(self) -> None:
        end = self._text.find("\n", self._position)
        self._position = len(self._text) if end < 0 else end + 1

    def _skip_macro(self) -> None:
        self._word(values=True)
        while self._position < len(self._text):
            start = self._position
            self._skip_line()
            if self._text[start : self._position] in ("\n", "\r\n") and self._text[start - 1] == "\n":
                return
        self.open_macro = True
