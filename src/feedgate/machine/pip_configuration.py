"""pip's settings: which files and variables it reads, and what in them leads past the feed.

The order is pip's own: files for all users, the user's, those of an environment,
PIP_CONFIG_FILE, variables. Later ones win key by key, but a section named after
a command wins over ``[global]`` wherever it stands.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from feedgate.machine.errors import MachineError
from feedgate.machine.files import is_there, read_file
from feedgate.machine.index_address import IndexAddress
from feedgate.machine.plan import (
    Change,
    Obstacle,
    Plan,
    decoded,
    encoded,
    variable_obstacle,
    without_credentials,
)
from feedgate.machine.snippets import pip_lines
from feedgate.machine.surroundings import Surroundings

_ADDING = frozenset({"extra-index-url", "find-links"})
_CHOOSING = frozenset({"index-url", "pypi-url"})  # two names of one option
_FORBIDDING = "no-index"
_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_SECTION = re.compile(r"\[(?P<name>.+)\]")


class BrokenPipConfiguration(MachineError):
    """pip itself refuses to start with this file."""

    code = "broken-pip-configuration"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: not a configuration file that pip can read",
            next_step="pip fails on it too: correct the file, or move it away.",
        )


@dataclass(frozen=True)
class Setting:
    """One key of a file; ``first`` and ``last`` are its lines, counted from 0."""

    section: str
    key: str
    value: str
    first: int
    last: int


def files_for_all(surroundings: Surroundings) -> tuple[Path, ...]:
    """Return the files that every user's pip reads, weakest first."""
    folders = [folder / "pip" for folder in surroundings.shared_configuration]
    return tuple(folder / "pip.conf" for folder in [*folders, surroundings.root / "etc"])


def files_of_user(surroundings: Surroundings) -> tuple[Path, ...]:
    """Return the files of the calling user alone, weakest first."""
    return (
        surroundings.home / ".pip" / "pip.conf",
        surroundings.user_configuration / "pip" / "pip.conf",
    )


def target_file(surroundings: Surroundings, *, system: bool) -> Path:
    """Return the file that ``connect`` writes."""
    return (files_for_all if system else files_of_user)(surroundings)[-1]


def files_read(surroundings: Surroundings) -> tuple[Path, ...]:
    """Return every file that some pip of this machine reads, weakest first."""
    files = [
        *files_for_all(surroundings),
        *files_of_user(surroundings),
        *(prefix / "pip.conf" for prefix in surroundings.prefixes),
    ]
    named = surroundings.variable("PIP_CONFIG_FILE")
    if named and named != os.devnull:
        files.append(surroundings.expand(named))
    return tuple(dict.fromkeys(files))


def plan_pip(surroundings: Surroundings, feed: IndexAddress, *, system: bool, replace: bool) -> Plan:
    """Return how pip comes to know ``feed`` and nothing else; raises BrokenPipConfiguration, UnreadableFile."""
    url = feed.simple_url
    files = files_read(surroundings)
    target = target_file(surroundings, system=system)
    changes: list[Change] = []
    obstacles = list(_variables(surroundings, url, system=system))
    trusted = surroundings.variable("PIP_TRUSTED_HOST").split()
    for rank, path in enumerate(files):
        before = read_file(path)
        text = decoded(before)
        settings = parse_settings(path, text)
        trusted += [
            host for setting in settings if setting.key == "trusted-host" for host in setting.value.split()
        ]
        decides = rank >= files.index(target)
        past = [setting for setting in settings if leads_past(setting, url, decides=decides)]
        if not replace:
            obstacles += [_file_obstacle(path, setting) for setting in past]
            past = []
        lines = [f"[{setting.section}] {setting.key} is taken out" for setting in past]
        if path == target:
            own = [s for s in settings if (s.section, s.key) == ("global", "index-url")][:1]
            text = comment_out(text, [setting for setting in past if setting not in own])
            text = set_index_url(path, text, url)
            lines.append(f"[global] index-url = {url}")
        else:
            text = comment_out(text, past)
        if before is not None or path == target:
            changes.append(Change(path, tuple(lines), before, encoded(text), keep_backup=bool(past)))
    if _is_ignored_by_pip(feed, trusted):
        obstacles.append(_plain_http(feed))
    return Plan(tuple(changes), tuple(obstacles))


def indexes(surroundings: Surroundings) -> Iterator[str]:
    """Yield the address of every index that pip's files name."""
    for path in files_read(surroundings):
        for setting in parse_settings(path, decoded(read_file(path))):
            if setting.key in _CHOOSING or setting.key == "extra-index-url":
                yield from setting.value.split()


def parse_settings(path: Path, text: str) -> tuple[Setting, ...]:
    """Return what ``text`` sets, in its order, with pip's spelling of keys; raises BrokenPipConfiguration."""
    return tuple(_scan(path, text).settings)


def leads_past(setting: Setting, url: str, *, decides: bool) -> bool:
    """Whether ``setting`` would let pip look elsewhere than at the index ``url``.

    ``decides``: a value of ``index-url`` here would win over what ``connect`` writes.
    """
    value = setting.value.strip()
    if not value:
        return False  # pip passes over empty values
    if setting.key in _ADDING:
        return True
    if setting.key == _FORBIDDING:
        return value.lower() in _TRUE
    if setting.key not in _CHOOSING or value.rstrip("/") == url.rstrip("/"):
        return False
    return decides or setting.section != "global"


def comment_out(text: str, settings: Iterable[Setting]) -> str:
    """Return ``text`` with the lines of ``settings`` as comments."""
    lines = _lines(text)
    for setting in settings:
        for number in range(setting.first, setting.last + 1):
            lines[number] = f"# {lines[number]}"
    return "".join(lines)


def set_index_url(path: Path, text: str, url: str) -> str:
    """Return ``text`` with ``[global] index-url = url``, all else as it was; raises BrokenPipConfiguration."""
    lines = _lines(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    line = f"index-url = {url}{end}"
    scan = _scan(path, text)
    here = [setting for setting in scan.settings if setting.section == "global"]
    for setting in here:
        if setting.key == "index-url":
            lines[setting.first : setting.last + 1] = [_indent(lines[setting.first]) + line]
            return "".join(lines)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    if "global" not in scan.headers:
        gap = [end] if lines else []
        return "".join([*lines, *gap, pip_lines(url).replace("\n", end)])
    # as deep as the next key: one that stood deeper would be read as a part of our value
    indent = _indent(lines[here[0].first]) if here else ""
    lines.insert(scan.headers["global"] + 1, indent + line)
    return "".join(lines)


def _file_obstacle(path: Path, setting: Setting) -> Obstacle:
    return Obstacle(
        where=f"{path}, line {setting.first + 1}",
        key=f"[{setting.section}] {setting.key}",
        value=without_credentials(setting.value),
        cure="connect --replace takes it out",
        replaceable=True,
    )


def _variables(surroundings: Surroundings, url: str, *, system: bool) -> Iterator[Obstacle]:
    """Yield the variables that lead past the index ``url``, or past the file that ``connect`` writes."""
    for name, value in sorted(surroundings.environment.items()):
        if not name.startswith("PIP_"):
            continue
        key = name[4:].lower().replace("_", "-")
        hidden = name == "PIP_CONFIG_FILE" and _hides_files(surroundings, system=system)
        if hidden or leads_past(Setting(":env:", key, value, 0, 0), url, decides=True):
            yield variable_obstacle(name, value)


def _is_ignored_by_pip(feed: IndexAddress, trusted: list[str]) -> bool:
    """Whether pip passes over the index because nobody vouches for what comes over plain http."""
    parts = urlsplit(feed.origin)
    if parts.scheme == "https" or feed.host == "localhost" or re.fullmatch(r"127(\.\d+){3}", feed.host):
        return False
    return feed.host not in trusted and f"{feed.host}:{parts.port}" not in trusted


def _plain_http(feed: IndexAddress) -> Obstacle:
    return Obstacle(
        where="the feed's address",
        key="scheme",
        value=f"{feed.origin}, and pip passes over http on hosts other than this one",
        cure="serve the index over https (or, where you trust every machine in between: "
        f"pip config set global.trusted-host {urlsplit(feed.origin).netloc})",
        replaceable=False,
    )


def _hides_files(surroundings: Surroundings, *, system: bool) -> bool:
    """Whether PIP_CONFIG_FILE keeps pip from the file that ``connect`` writes."""
    named = surroundings.variable("PIP_CONFIG_FILE")
    if named == os.devnull:
        return True
    return bool(named) and not system and is_there(surroundings.expand(named))


@dataclass
class _Scan:
    """What stands where in a file, by configparser's rules for lines."""

    headers: dict[str, int] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)


def _scan(path: Path, text: str) -> _Scan:
    lines = _lines(text)
    try:
        configparser.RawConfigParser().read_file(line.rstrip("\r\n") + "\n" for line in lines)
    except configparser.Error:
        raise BrokenPipConfiguration(path) from None  # its words quote the line, which may hold a password
    scan = _Scan()
    section = ""
    indent = 0
    may_go_on = False
    for number, line in enumerate(lines):
        words = line.strip()
        if not words or words[0] in "#;":
            continue  # an empty line or a comment ends no value
        here = len(_indent(line))
        if may_go_on and here > indent:
            last = scan.settings.pop()
            scan.settings.append(replace(last, value=f"{last.value}\n{words}", last=number))
            continue
        indent = here
        header = _SECTION.match(words)
        if header:
            section = header["name"]
            scan.headers[section] = number
        else:
            key, _, value = re.split(r"([=:])", words, maxsplit=1)
            key = key.strip().lower().replace("_", "-")
            scan.settings.append(Setting(section, key, value.strip(), number, number))
        may_go_on = header is None
    return scan


def _lines(text: str) -> list[str]:
    """Split as a file opened for text is split: other line ends that Unicode knows are none here."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
