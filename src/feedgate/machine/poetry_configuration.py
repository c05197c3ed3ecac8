"""Poetry's settings: a project's own ``pyproject.toml``, since Poetry knows no index for a whole machine.

With one primary source Poetry (1.8 and later) no longer asks PyPI; any other
source besides is asked too, and so in the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from feedgate.machine.files import read_file
from feedgate.machine.index_address import IndexAddress
from feedgate.machine.plan import Change, Obstacle, Plan, decoded, encoded, without_credentials
from feedgate.machine.snippets import poetry_lines
from feedgate.machine.surroundings import Surroundings
from feedgate.machine.toml_statements import (
    Table,
    append_table,
    array_of_tables,
    comment_out,
    parse_statements,
)

_SOURCE = ("tool", "poetry", "source")
_PRIMARY = ("", "default", "primary")  # no priority means primary


def project_file(surroundings: Surroundings) -> Path:
    """Return the file that ``connect`` writes: that of the folder it is called in."""
    return surroundings.folder / "pyproject.toml"


def plan_poetry(surroundings: Surroundings, feed: IndexAddress, *, replace: bool) -> Plan:
    """Return how the folder's project comes to know ``feed`` and nothing else; raises BrokenToml, UnreadableFile.

    Where the folder has no project, the lines are a note, for a person to put them where they belong.
    """
    url = feed.simple_url
    path = project_file(surroundings)
    before = read_file(path)
    if before is None:
        return Plan(
            notes=(f"no pyproject.toml here; these lines make Poetry use the feed:\n{poetry_lines(url)}",)
        )
    text = decoded(before)
    sources = array_of_tables(parse_statements(path, text), _SOURCE)
    past = [source for source in sources if not _is_ours(source, url)]
    obstacles = () if replace else tuple(_obstacle(path, source) for source in past)
    past = past if replace else []
    lines = [f"[[tool.poetry.source]] {source.text('name')} is taken out" for source in past]
    text = comment_out(text, [statement for source in past for statement in source.statements])
    sources = array_of_tables(parse_statements(path, text), _SOURCE)
    if not any(_is_ours(source, url) for source in sources):
        text = append_table(path, text, _SOURCE, poetry_lines(url))
        lines.append(f"[[tool.poetry.source]] url = {url}, primary")
    change = Change(path, tuple(lines), before, encoded(text), keep_backup=bool(past))
    return Plan((change,), obstacles)


def indexes(surroundings: Surroundings) -> Iterator[str]:
    """Yield the address of every source of the folder's project."""
    path = project_file(surroundings)
    for source in array_of_tables(parse_statements(path, decoded(read_file(path))), _SOURCE):
        yield source.text("url")


def _is_ours(source: Table, url: str) -> bool:
    return source.text("url").rstrip("/") == url.rstrip("/") and source.text("priority") in _PRIMARY


def _obstacle(path: Path, source: Table) -> Obstacle:
    return Obstacle(
        where=f"{path}, line {source.statements[0].first + 1}",
        key="[[tool.poetry.source]]",
        value=without_credentials(f"{source.text('name')} {source.text('url')}"),
        cure="connect --replace takes it out",
        replaceable=True,
    )
