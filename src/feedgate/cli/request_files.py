"""Read the files that a request names, and the files inside them; the server opens no path."""

import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from feedgate.errors import Invalid
from feedgate.formats.requirements import parse_requirements_text

if TYPE_CHECKING:
    from feedgate.api.run_bodies import NamedText

_REQUIREMENTS, _CONSTRAINTS, _LOCK = "requirements", "constraints", "lock"


class FileUnreadable(Invalid):
    """A file that was named and can not be read as text."""

    code = "request-file-unreadable"

    def __init__(self, name: str, *, named_by: str | None, reason: str) -> None:
        where = "" if named_by is None else f" (included by {named_by})"
        super().__init__(
            f"{name}{where}: can not be read: {reason}",
            next_step="Give the path of a text file; a path inside a file is relative to that file.",
        )


def read_request_files(requirements: Iterable[Path], constraints: Iterable[Path]) -> "list[NamedText]":
    """Return every file's name, kind and text, those they include too.

    ``pylock.toml`` and ``pylock.NAME.toml`` are locks (PEP 751). Raises FileUnreadable and
    what is wrong in a file: options, addresses and direct URLs, by file and line.
    """
    from feedgate.api.run_bodies import NamedText  # pydantic, only where a body is made

    found: dict[tuple[str, str], NamedText] = {}
    waiting: list[tuple[str, str, str | None]] = [
        *((posixpath.normpath(path.as_posix()), _kind(path), None) for path in requirements),
        *((posixpath.normpath(path.as_posix()), _CONSTRAINTS, None) for path in constraints),
    ]
    while waiting:
        name, kind, named_by = waiting.pop(0)
        if (name, kind) in found:
            continue
        text = _read(name, named_by)
        found[name, kind] = NamedText.model_validate({"name": name, "kind": kind, "text": text})
        if kind != _LOCK:
            waiting.extend(_included(name, kind, text))
    return list(found.values())


def _included(name: str, kind: str, text: str) -> Iterator[tuple[str, str, str]]:
    for include in parse_requirements_text(text, origin=name).includes:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), include.path))
        # What a constraints file includes only constrains, whichever way it says it.
        yield path, _CONSTRAINTS if kind == _CONSTRAINTS else include.kind, include.origin


def _kind(path: Path) -> str:
    is_lock = path.name == "pylock.toml" or (path.name.startswith("pylock.") and path.suffix == ".toml")
    return _LOCK if is_lock else _REQUIREMENTS


def _read(name: str, named_by: str | None) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise FileUnreadable(name, named_by=named_by, reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(name, named_by=named_by, reason="it is no UTF-8 text") from error
