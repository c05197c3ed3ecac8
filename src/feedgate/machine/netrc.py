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

from feedgate.machine.accounts import acting_as
from feedgate.machine.errors import MachineError
from feedgate.machine.files import is_there, mode_of, read_file
from feedgate.machine.plan import Change, Obstacle, Plan, decoded, encoded, variable_obstacle
from feedgate.machine.snippets import NETRC_LOGIN, netrc_line
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


class NotAUserName(MachineError):
    """What was given as a user name can not stand in netrc."""

    code = "not-a-user-name"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__(
            "the user name can not be written to netrc: it is empty, longer than 4096 characters, or holds "
            "spaces, quotes, backslashes or other than ASCII characters",
            next_step="Leave --username away where the index takes any (Feedgate and Azure Artifacts do).",
        )


class BrokenNetrc(MachineError):
    """The netrc file has an error, so the clients read nothing from it."""

    code = "broken-netrc"

    def __init__(self, path: Path, *, line: int | None) -> None:
        place = f"{path}, near line {line}" if line else str(path)
        super().__init__(
            f"{place}: no netrc that Python can read, so pip takes no credentials from it at all",
            next_step="Correct it (a comment needs a space after its #, a quote its end; each machine needs login and password).",
        )


@dataclass(frozen=True)
class Word:
    """A word of the file and where it stands, in characters of the text."""

    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Entry:
    """One entry; ``machine`` None is ``default``. Offsets are characters of the text."""

    machine: str | None
    line: int
    start: int
    end: int
    login: Word | None
    password: Word | None = field(repr=False)


def plan_netrc(
    surroundings: Surroundings, host: str, token: str | None, *, replace: bool, login: str | None = None
) -> Plan:
    """Return how the token of ``host`` gets into the user's netrc.

    ``token`` None: what is there stays, and is made readable to its owner alone. ``login`` None:
    an entry keeps its own, a new one gets one that Feedgate and Azure Artifacts take.
    Raises NotAToken, NotAUserName, BrokenNetrc, UnreadableFile.
    """
    if token is not None:
        check_token(token)
    if login is not None and not _PLAIN_WORD.fullmatch(login):
        raise NotAUserName
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
    other = [entry for entry in entries if token is not None and not _says(entry, token, login)]
    if other and not replace:
        obstacles += [_entry_obstacle(path, entry) for entry in other]
    elif token is not None:
        text = set_credentials(text, host, token, login)
        if other or not entries:
            lines.append(f"machine {host}: {_news(other, token)}")
    # a token of ours that became another's is no one's work: a copy of it would only be one more to lose
    others_work = any(entry.login is None or entry.login.value not in (NETRC_LOGIN, login) for entry in other)
    change = Change(path, tuple(lines), before, encoded(text), mode=MODE, keep_backup=others_work)
    return Plan((change,), tuple(obstacles))


def netrc_file(surroundings: Surroundings) -> Path:
    """Return the file that pip, uv and Poetry read: NETRC, else ``.netrc`` in the home folder."""
    named = surroundings.variable("NETRC")
    return surroundings.expand(named) if named else surroundings.home / ".netrc"


def has_entry(surroundings: Surroundings, host: str) -> bool:
    """Whether the user's netrc has an entry of its own for ``host``; raises UnreadableFile."""
    return bool(_entries_there(surroundings, host))


def check_token(token: str) -> str:
    """Return ``token`` if every reader of netrc files takes it as it is; raises NotAToken."""
    if not _PLAIN_WORD.fullmatch(token):
        raise NotAToken
    return token


def check_file(path: Path) -> None:
    """Read the file with this Python's own parser; raises BrokenNetrc.

    Its words are not passed on: they may quote a password. What it takes and others
    do not, a quote that nothing closes, is an error too.
    """
    try:
        python_netrc.netrc(str(path))
    except python_netrc.NetrcParseError as error:
        raise BrokenNetrc(path, line=error.lineno) from None
    except UnicodeDecodeError:
        raise BrokenNetrc(path, line=None) from None
    unclosed = open_quote(decoded(read_file(path)))
    if unclosed is not None:
        raise BrokenNetrc(path, line=unclosed)


def open_quote(text: str) -> int | None:
    """Return the line of a quote that nothing closes, which makes one word of the rest; None without one."""
    reader = _Reader(text)
    reader.entries()
    return reader.open_quote


def entries_of(text: str, host: str) -> tuple[Entry, ...]:
    """Return the entries of ``host`` in the order of the file; more than one is possible."""
    return tuple(entry for entry in _Reader(text).entries() if entry.machine == host)


def credentials_of(surroundings: Surroundings, host: str) -> tuple[str, str] | None:
    """Return user name and password of the entry for ``host`` that clients take, None without one."""
    entries = _entries_there(surroundings, host)
    if not entries or entries[-1].password is None:
        return None
    login = entries[-1].login
    return "" if login is None else login.value, entries[-1].password.value


def set_credentials(text: str, host: str, token: str, login: str | None = None) -> str:
    """Return ``text`` in which every entry of ``host`` has ``token`` as password, and ``login`` if one is given.

    Where there is none, one is added: before ``default``, which by netrc's rules ends the
    search, else at the end.
    """
    reader = _Reader(text)
    entries = reader.entries()
    own = [entry for entry in entries if entry.machine == host]
    for entry in reversed(own):
        nowhere = Word("", entry.end, entry.end)
        words = [(entry.password or nowhere, "password", token)]
        if login is not None:
            words.append((entry.login or nowhere, "login", login))
        for word, keyword, value in sorted(words, key=_place, reverse=True):  # so that the places still hold
            text = _with_word(text, "" if word is not nowhere else f" {keyword}", word, value)
    return text if own else _added(text, reader, entries, netrc_line(host, token, login or NETRC_LOGIN))


def _entries_there(surroundings: Surroundings, host: str) -> tuple[Entry, ...]:
    path = netrc_file(surroundings)
    with acting_as(surroundings.account):
        return entries_of(decoded(read_file(path)), host) if path.is_file() else ()


def _says(entry: Entry, token: str, login: str | None) -> bool:
    """Whether the entry holds what ``connect`` would write."""
    if entry.password is None or entry.password.value != token:
        return False
    return login is None or (entry.login is not None and entry.login.value == login)


def _news(other: list[Entry], token: str) -> str:
    if not other:
        return "the token"
    if all(entry.password is not None and entry.password.value == token for entry in other):
        return "another user name becomes the one given"
    return "another password becomes the token"


def _place(known: tuple[Word, str, str]) -> int:
    return known[0].start


def _with_word(text: str, keyword: str, word: Word, value: str) -> str:
    gap = " " if word.start == word.end else ""  # the keyword stands there alone
    return text[: word.start] + keyword + gap + value + text[word.end :]


def _entry_obstacle(path: Path, entry: Entry) -> Obstacle:
    return Obstacle(
        where=f"{path}, line {entry.line}",
        key=f"machine {entry.machine}",
        value="an entry with another password or user name (pip and uv match an entry by its host alone, "
        "so every index of this host shares it)",
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
        self.open_quote: int | None = None

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
        known: dict[str, Word] = {}
        while True:
            word = self._word()
            if word is None or word[0] not in ("login", "user", "account", "password"):
                return Entry(machine, line, start, end, known.get("login"), known.get("password")), word
            value, value_start, end = self._word(values=True) or ("", word[2], word[2])
            known["login" if word[0] == "user" else word[0]] = Word(value, value_start, end)

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
        else:
            if quoted:
                self.open_quote = text.count("\n", 0, start) + 1
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
