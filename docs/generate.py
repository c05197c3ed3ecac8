"""Makes the reference from the code: what is said there once is not written down again.

``make docs`` calls it before Sphinx reads; ``docs/reference/`` is not tracked.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import feedgate
from feedgate.access.permissions import NEEDS, Permission
from feedgate.app.settings import described
from feedgate.cli.exit import Exit
from feedgate.cli.main import COMMANDS, find_command
from feedgate.errors import FeedgateError
from feedgate.model.access import Role
from feedgate.web.application import WebParts, make_operations

HERE = Path(__file__).parent

EVERYWHERE = frozenset({"--data", "--url", "--config", "--json", "--install-completion", "--show-completion"})

EXITS = {
    Exit.OK: "published and proved, or nothing to do",
    Exit.FAILED: "failed",
    Exit.USAGE: "usage or settings",
    Exit.HELD: "held",
    Exit.REFUSED: "refused",
    Exit.CANCELLED: "cancelled",
}


def write(folder: Path) -> None:
    """Write every page of the reference into ``folder``; a page that did not change is left alone."""
    folder.mkdir(exist_ok=True)
    pages = {
        "commands": _commands(),
        "settings": _settings(),
        "routes": _routes(),
        "permissions": _permissions(),
        "errors": _errors(),
    }
    for name, text in pages.items():
        page = folder / f"{name}.md"
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def _commands() -> str:
    sections = [
        "# Commands\n",
        "Every command takes `--data`, `--url`, `--config` and `--json` as well.\n",
        f"Exit status: {'; '.join(f'{status} {words}' for status, words in EXITS.items())}.\n",
    ]
    for name in COMMANDS:
        sections.extend(_command(f"feedgate {name}", find_command(name)))
    return "\n".join(sections)


def _command(words: str, command: Any) -> Iterator[str]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _command(f"{words} {name}", child)
    if hasattr(command, "commands"):
        return
    parameters = [one for one in command.params if not EVERYWHERE & set(one.opts)]
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    yield f"## {words}\n"
    yield f"{_first_paragraph(command.help)}\n"
    yield f"```text\n{' '.join([words, *(_shape(one) for one in arguments)])} [OPTIONS]\n```\n"
    rows = [
        [_spelled(one), (one.help or "").replace("\n", " ")] for one in parameters if one not in arguments
    ]
    if rows:
        yield _table(["option", "what it does"], rows)


def _shape(argument: Any) -> str:
    word = (argument.metavar or argument.name.upper()).removesuffix("...")
    word = f"{word}…" if argument.nargs == -1 else word
    return word if argument.required else f"[{word}]"


def _spelled(option: Any) -> str:
    spellings = ", ".join(f"`{spelling}`" for spelling in [*option.opts, *option.secondary_opts])
    variable = f" (`{option.envvar}`)" if isinstance(option.envvar, str) else ""
    return f"{spellings}{variable}"


def _first_paragraph(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n\n")[0].replace("\n", " ")


def _settings() -> str:
    sections: dict[str, list[list[str]]] = {}
    for one in described():
        row = [
            f"`{one.key}`",
            f"`{one.variable}`",
            f"`{one.default}`" if one.default else "",
            one.description,
        ]
        sections.setdefault(one.key.partition(".")[0], []).append(row)
    tables = "\n".join(
        f"## {section}\n\n{_table(['key', 'variable', 'default', 'what it does'], rows)}"
        for section, rows in sections.items()
    )
    return (
        "# Settings\n\n"
        "From `feedgate.toml` in the data directory, or the file that `--config` names: `upstream.url` is `url` in the table "
        "`[upstream]`. Over it the environment. An unknown key stops the start.\n\n" + tables
    )


def _permissions() -> str:
    rows = [
        [
            f"`{permission}`",
            need.acts,
            str(need.scope),
            "administrator" if need.administrator else "",
            *(_may(role, need.role) for role in Role),
        ]
        for permission, need in NEEDS.items()
    ]
    headings = ["permission", "acts", "token's scope", "or else", *(str(role).capitalize() for role in Role)]
    return (
        "# Permissions\n\n"
        "What an act needs: the token's scope *and* the role on the feed. `read` is part of `write`, `write` of `manage`. "
        "Administrators are Owner everywhere. This is the table that the code asks.\n\n"
        + _table(headings, rows)
    )


def _may(role: Role, needed: Role | None) -> str:
    order = list(Role)
    return "yes" if needed is not None and order.index(role) >= order.index(needed) else ""


def _routes() -> str:
    rows = [
        [f"`{operation.method}`", f"`{operation.path}`", operation.summary, _needs(operation.needs)]
        for operation in make_operations(_no_parts())
    ]
    return (
        "# Routes\n\n"
        "The OpenAPI document of `/api/v1` is at `/api/v1/openapi.json`. Errors there are problem details (RFC 9457) with a "
        "member `error` of `code`, `message` and `next`. `{feed}` may be `FEED@serial:N` where something is read.\n\n"
        + _table(["method", "path", "what it does", "needs"], rows)
    )


def _needs(permission: Permission | None) -> str:
    return f"`{permission}`" if permission else ""


class _Nothing:
    """Stands for every part: the table of operations is read, none of them is called."""

    def __getattr__(self, name: str) -> "_Nothing":
        return self


def _no_parts() -> WebParts:
    nothing = cast("Any", _Nothing())
    return WebParts(
        records=nothing,
        blobs=nothing,
        uploads=nothing,
        downloads=nothing,
        local_key=None,
        attempts=nothing,
        clock=nothing,
        allowed_destinations=nothing,
        advisory_loading=nothing,
        advisories=nothing,
        version="",
    )


def _errors() -> str:
    rows = [
        [f"`{leaf.code}`", leaf.__mro__[1].__name__, _first_line(leaf), f"`{_file(leaf)}`"]
        for leaf in sorted(_leaves(), key=lambda leaf: leaf.code)
    ]
    return (
        "# Errors\n\n"
        "Every error has a code that never changes, a message and a next step. The kind decides the HTTP status and the exit "
        "status.\n\n" + _table(["code", "kind", "when", "where its words are"], rows)
    )


def _leaves() -> Iterator[type[FeedgateError]]:
    for module in pkgutil.walk_packages(feedgate.__path__, "feedgate."):
        if not re.search(r"\.(__main__|migrations)\b", module.name):
            importlib.import_module(module.name)
    queue = FeedgateError.__subclasses__()
    while queue:
        kind = queue.pop()
        queue.extend(kind.__subclasses__())
        if kind.__module__ != FeedgateError.__module__ and kind.__module__.startswith("feedgate."):
            yield kind


def _first_line(leaf: type) -> str:
    return (inspect.getdoc(leaf) or "").partition("\n")[0].replace("``", "`")


def _file(leaf: type) -> str:
    return str(Path(inspect.getfile(leaf)).relative_to(HERE.parent))


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    headings = list(headings)
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)
