"""uv's settings: which files and variables it reads, and what in them leads past the feed.

uv joins the lists of all its files, so an index named anywhere is asked. Of the
files for all users it reads the first alone. UV_CONFIG_FILE takes the place of
all files, UV_NO_CONFIG of none. pip's files and variables mean nothing to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
from feedgate.machine.snippets import uv_lines
from feedgate.machine.surroundings import Surroundings
from feedgate.machine.toml_statements import (
    Statement,
    append_table,
    array_of_tables,
    comment_out,
    leaves,
    parse_statements,
    texts,
)

_ADDING = frozenset({"extra-index-url", "find-links", "torch-backend"})
_ADDING_VARIABLES = ("UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX", "UV_TORCH_BACKEND")
_CHOOSING_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})


@dataclass(frozen=True)
class Setting:
    """One key, or one ``[[index]]``, that says where uv looks.

    ``chooses``: it takes PyPI's place, rather than being asked besides.
    """

    key: str
    value: str
    chooses: bool
    statements: tuple[Statement, ...] = field(repr=False)


def user_file(surroundings: Surroundings) -> Path:
    """Return the calling user's file."""
    return surroundings.user_configuration / "uv" / "uv.toml"


def file_for_all(surroundings: Surroundings) -> Path:
    """Return the one file for all users that uv reads, or would read if it were there."""
    files = [folder / "uv" / "uv.toml" for folder in surroundings.shared_configuration]
    usual = surroundings.root / "etc" / "uv" / "uv.toml"
    return next((path for path in files if is_there(path)), usual)


def project_file(surroundings: Surroundings) -> tuple[Path, tuple[str, ...]] | None:
    """Return the file of the project called from and the table of it that is uv's, None without one."""
    for folder in surroundings.folders():
        if is_there(folder / "uv.toml"):
            return folder / "uv.toml", ()
        path = folder / "pyproject.toml"
        statements = parse_statements(path, decoded(read_file(path)))
        if any(path[:2] == ("tool", "uv") for path in _names(statements)):
            return path, ("tool", "uv")
    return None


def plan_uv(surroundings: Surroundings, feed: IndexAddress, *, system: bool, replace: bool) -> Plan:
    """Return how uv comes to know ``feed`` and nothing else; raises BrokenToml, UnreadableFile.

    A project's own file is named where it leads elsewhere, and never changed.
    """
    url = feed.simple_url
    target = (file_for_all if system else user_file)(surroundings)
    changes: list[Change] = []
    obstacles = list(_variables(surroundings, url, system=system))
    for path in (file_for_all(surroundings), user_file(surroundings)):
        before = read_file(path)
        text = decoded(before)
        settings = read_settings(path, text)
        decides = path == target or system
        past = [setting for setting in settings if leads_past(setting, url, decides=decides)]
        if not replace:
            obstacles += [_file_obstacle(path, setting) for setting in past]
            past = []
        lines = [f"{setting.key} is taken out" for setting in past]
        text = comment_out(text, [statement for setting in past for statement in setting.statements])
        if path == target and not any(is_ours(setting, url) for setting in read_settings(path, text)):
            text = append_table(path, text, ("index",), uv_lines(url))
            lines.append(f"[[index]] url = {url}, default")
        changes.append(Change(path, tuple(lines), before, encoded(text), keep_backup=bool(past)))
    obstacles += _project_obstacles(surroundings, url)
    return Plan(tuple(change for change in changes if change.after or change.before), tuple(obstacles))


def read_settings(path: Path, text: str, prefix: tuple[str, ...] = ()) -> tuple[Setting, ...]:
    """Return what ``text`` says about indexes under the table ``prefix``; raises BrokenToml."""
    statements = parse_statements(path, text)
    settings = []
    for table in array_of_tables(statements, (*prefix, "index")):
        chooses = table.text("default") == "true"
        settings.append(Setting("[[index]]", table.text("url"), chooses, table.statements))
    for whole, value, statement in leaves(statements):
        name = whole[len(prefix) :]
        if whole[: len(prefix)] != prefix or len(name) != (2 if name[:1] == ("pip",) else 1):
            continue
        if name[-1] in _ADDING or (name[-1] == "no-index" and value == "true"):
            settings.append(Setting(".".join(name), " ".join(texts(value)), False, (statement,)))
        if name[-1] == "index-url":
            settings.append(Setting(".".join(name), " ".join(texts(value)), True, (statement,)))
    return tuple(settings)


def is_ours(setting: Setting, url: str) -> bool:
    """Whether ``setting`` is what ``connect`` writes, or means the same."""
    same = setting.value.rstrip("/") == url.rstrip("/")
    return same and setting.chooses and not setting.key.startswith("pip.")


def leads_past(setting: Setting, url: str, *, decides: bool) -> bool:
    """Whether ``setting`` would let uv look elsewhere than at the index ``url``.

    ``decides``: another choice here would win over what ``connect`` writes.
    """
    if not setting.value:
        return False
    if not setting.chooses:
        return True
    if setting.value.rstrip("/") == url.rstrip("/"):
        return False
    return decides or setting.key.startswith("pip.")


def indexes(surroundings: Surroundings) -> Iterator[str]:
    """Yield the address of every index that uv's files for the machine and the user name."""
    for path in (file_for_all(surroundings), user_file(surroundings)):
        for setting in read_settings(path, decoded(read_file(path))):
            if "index" in setting.key:
                yield from setting.value.split()


def _project_obstacles(surroundings: Surroundings, url: str) -> Iterator[Obstacle]:
    found = project_file(surroundings)
    if found is None or found[0] in (user_file(surroundings), file_for_all(surroundings)):
        return
    path, prefix = found
    for setting in read_settings(path, decoded(read_file(path)), prefix):
        if leads_past(setting, url, decides=True):
            yield Obstacle(
                where=_place(path, setting),
                key=setting.key,
                value=without_credentials(setting.value),
                cure=f"take it out of the project in {path.parent}, or run connect from another folder",
                replaceable=False,
            )


def _file_obstacle(path: Path, setting: Setting) -> Obstacle:
    return Obstacle(
        where=_place(path, setting),
        key=setting.key,
        value=without_credentials(setting.value),
        cure="connect --replace takes it out",
        replaceable=True,
    )


def _place(path: Path, setting: Setting) -> str:
    return f"{path}, line {setting.statements[0].first + 1}"


def _variables(surroundings: Surroundings, url: str, *, system: bool) -> Iterator[Obstacle]:
    for name in _ADDING_VARIABLES:
        if surroundings.variable(name):
            yield variable_obstacle(name, surroundings.variable(name))
    for name in _CHOOSING_VARIABLES:
        value = surroundings.variable(name)
        if value and value.rstrip("/") != url.rstrip("/"):
            yield variable_obstacle(name, value)
    hiding = ["UV_NO_CONFIG", "UV_NO_SYSTEM_CONFIG"] if system else ["UV_NO_CONFIG"]
    for name in hiding:
        if surroundings.variable(name).lower() in _TRUE:
            yield variable_obstacle(name, surroundings.variable(name))
    if surroundings.variable("UV_CONFIG_FILE"):
        yield variable_obstacle("UV_CONFIG_FILE", surroundings.variable("UV_CONFIG_FILE"))


def _names(statements: tuple[Statement, ...]) -> Iterator[tuple[str, ...]]:
    for statement in statements:
        yield statement.path
    for path, _, _ in leaves(statements):
        yield path
