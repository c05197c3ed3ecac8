"""What both forms of an index's list of projects have in common."""

from collections.abc import Iterable
from typing import Final

from feedgate.model.names import InvalidName, ProjectName, parse_project_name

PROJECT_LIST: Final = "the list of projects"
"""What errors call it."""


def sort_names(said: Iterable[str]) -> tuple[ProjectName, ...]:
    """Return what is a project's name among the texts, each once, sorted."""
    names: set[ProjectName] = set()
    for text in said:
        try:
            names.add(parse_project_name(text))
        except InvalidName:
            continue
    return tuple(sorted(names))
