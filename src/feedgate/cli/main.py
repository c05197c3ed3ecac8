"""``feedgate``: finds the command's file, runs it, and words every error the same way.

Nothing heavy is imported before the command is known: the help of the whole is
made from the table below.
"""

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn, cast

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from feedgate.cli.exit import Exit, exit_of_kind
from feedgate.errors import FeedgateError

_MODULE = "feedgate.cli."

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "quickstart": ("quickstart", "Bring a package in and install it, to see Feedgate work."),
    "serve": ("serve", "Serve a data directory until it is told to stop."),
    "plan": ("request", "Say what add would bring in, and change nothing."),
    "add": ("request", "Bring packages in, with everything they need."),
    "upload": ("upload", "Send wheels and sdists of your own to a feed."),
    "feed": ("feed", "Make, list and set up feeds and their targets."),
    "project": ("project", "Say whether the upstream is asked for a name."),
    "run": ("run", "List, show, follow, cancel and retry runs."),
    "yank": ("yank", "Discourage a release; who pinned it still gets it."),
    "unyank": ("yank", "Take a yank back."),
    "grant": ("grant", "Give an actor a role on a feed, or take it."),
    "token": ("token", "Make, list and revoke tokens."),
    "ledger": ("ledger", "Read a ledger, or verify it."),
    "connect": ("connect", "Let pip, uv or Poetry on this machine use one feed and nothing else."),
}
"""Each command, the file that holds it, and what it does in a line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is, as the options that every command has say it."""

    url: str | None = None
    data: str | None = None
    config: str | None = None
    as_json: bool = False


def _remember(
    context: typer.Context, parameter: typer.CallbackParam, value: Any
) -> Any:  # a callback takes any option's value
    context.find_root().meta[str(parameter.name)] = value
    return value


def _everywhere(
    url: Annotated[
        str | None,
        typer.Option(
            envvar="FEEDGATE_URL",
            help="The server to ask; its token in FEEDGATE_TOKEN.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            envvar="FEEDGATE_DATA",
            help="The data directory whose server to ask, or to start.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            envvar="FEEDGATE_CONFIG",
            help="The settings file, in place of the directory's own.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the API's answer, and nothing else.", callback=_remember, expose_value=False
        ),
    ] = False,
) -> None:
    """Hold the options that every command has."""


def _print_version(context: typer.Context, value: bool) -> None:  # a callback takes its option's value
    if value:
        from importlib.metadata import version  # only where it is asked for

        typer.echo(f"feedgate {version('feedgate')}")
        context.exit()


def _whole(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, expose_value=False, is_eager=True
        ),
    ] = False,
) -> None:
    """Hold the options of the whole."""


def _options_of(holder: Callable[..., None]) -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(holder)
    return list(typer.main.get_command(app).params)


class _Commands(TyperGroup):
    """The table as a group: a command's file is imported when the command is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # Typer's own, not exported
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # as above
        del ctx
        return find_command(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # as above
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_file, line) in COMMANDS.items()])


def find_command(name: str) -> TyperCommand | TyperGroup | None:
    """Return the command, with the options that all have; None where there is none of that name."""
    if name not in COMMANDS:
        return None
    module = importlib.import_module(_MODULE + COMMANDS[name][0])
    command = typer.main.get_command(module.app)
    if isinstance(command, TyperGroup) and set(command.commands) & set(COMMANDS):
        command = command.commands[name]
    found = cast("TyperCommand | TyperGroup", command)
    _give_common_options(found, _options_of(_everywhere))
    return found


def _give_common_options(command: TyperCommand | TyperGroup, options: Sequence[Any]) -> None:
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            _give_common_options(cast("TyperCommand | TyperGroup", child), options)
        return
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params.extend(option for option in options if taken.isdisjoint(option.opts))


def place(context: typer.Context) -> Place:
    """Return where the server is, as this call's options say it."""
    said = context.find_root().meta
    return Place(said.get("url"), said.get("data"), said.get("config"), bool(said.get("as_json")))


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command that ``arguments`` (default: the process's) name, and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(call(words))


def call(words: list[str]) -> int:
    """Run a command and return its exit status."""
    as_json = "--json" in words
    root = _Commands(
        name="feedgate",
        help="The gate between PyPI and a network that must not reach it.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    root.params.extend(_options_of(_whole))
    try:
        status = root.main(args=words, prog_name="feedgate", standalone_mode=False)
    except FeedgateError as error:
        return _say(error.code, error.message, error.next_step, exit_of_kind(type(error)), as_json=as_json)
    except KeyboardInterrupt:
        return Exit.CANCELLED
    except Exception as error:
        known = _known(error, as_json=as_json)
        if known is None:
            raise
        return known
    return status if isinstance(status, int) else Exit.OK


def _known(error: Exception, *, as_json: bool) -> int | None:
    """Return the exit status of an error of the server, of the machine, or of the command's words."""
    if hasattr(error, "format_message"):  # Typer's usage errors, whose classes it does not export
        context = getattr(error, "ctx", None)
        path = "feedgate" if context is None else context.command_path
        return _say("usage", error.format_message(), f"See: {path} --help", Exit.USAGE, as_json=as_json)
    if type(error).__name__ == "Abort":
        return Exit.CANCELLED
    if isinstance(error, typer.Exit):
        return error.exit_code
    status = getattr(error, "exit_status", None)
    if status is not None:  # of the machine room, which imports nothing of ours
        return _say(error.code, error.message, error.next_step, status, as_json=as_json)  # type: ignore[attr-defined]
    if type(error).__name__ == "RemoteProblem":
        if as_json:
            sys.stdout.write(error.text.rstrip("\n") + "\n")  # type: ignore[attr-defined]
            return exit_of_kind(error.kind)  # type: ignore[attr-defined]
        return _say(error.code, error.message, error.next_step, exit_of_kind(error.kind), as_json=False)  # type: ignore[attr-defined]
    return None


def _say(code: str, message: str, next_step: str, status: int, *, as_json: bool) -> int:
    if as_json:
        problem = {
            "type": "about:blank",
            "title": "The command did not do it",
            "status": 400,
            "detail": message,
            "error": {"code": code, "message": message, "next": next_step, "facts": {}},
        }
        sys.stdout.write(json.dumps(problem) + "\n")
    else:
        sys.stderr.write(f"feedgate: {message}\n")
        if next_step:
            sys.stderr.write(f"  next: {next_step}\n")
    return status
