"""``feedgate``: finds the command's file and runs it.

Nothing heavy is imported before the command is known: the help of the whole is
made from the table below.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn, cast

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from feedgate.cli.exit import Exit
from feedgate.cli.failure import say_failure
from feedgate.cli.streams import READER_GONE, OutputLost, ReaderGone, take_streams

_MODULE = "feedgate.cli."

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "quickstart": ("quickstart", "Bring a package in and install it, to see Feedgate work."),
    "serve": ("serve", "Serve a data directory until it is told to stop."),
    "plan": ("request", "Say what add would bring in, and change nothing."),
    "add": ("request", "Bring packages in, with everything they need."),
    "send": ("send", "Send what a feed holds to another index."),
    "upload": ("upload", "Send wheels and sdists of your own to a feed."),
    "import-feed": ("import_feed", "Copy a whole index, or a folder, into a feed."),
    "feed": ("feed", "Make, list and set up feeds and their targets."),
    "destination": ("destination", "Say where a feed's publishes are sent too."),
    "hold": ("hold", "See what policy holds, and release or refuse it."),
    "project": ("project", "Say whether the upstream is asked for a name."),
    "passport": ("passport", "Show all that is known of a file."),
    "exposure": ("exposure", "Show who has what an advisory affects."),
    "sbom": ("sbom", "List what a feed holds or a run resolved, as CycloneDX."),
    "run": ("run", "List, show, follow, cancel and retry runs; write their reports."),
    "yank": ("yank", "Discourage a release; who pinned it still gets it."),
    "unyank": ("yank", "Take a yank back."),
    "grant": ("grant", "Give an actor a role on a feed, or take it."),
    "token": ("token", "Make, list and revoke tokens."),
    "ledger": ("ledger", "Read a ledger, or verify it."),
    "advisories": ("advisories", "Load advisory databases; ask what they say of releases."),
    "inspect": ("inspect", "Look at wheels and sdists on this machine, without running them."),
    "policy": ("policy", "Read policy documents before a feed gets one."),
    "connect": ("connect", "Let pip, uv or Poetry on this machine use one feed and nothing else."),
}
"""Each command, the file that holds it, and what it does in a line."""

_JSON_IN_LINES: Final = {
    "inspect": "Print each file's verdict and findings: one JSON object a line.",
    "import-feed": "Print the run, or the folder's sums, and then each file: one JSON object a line.",
}
"""What ``--json`` prints of the commands whose answer is more than one object."""


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
    if isinstance(command, TyperGroup) and name in command.commands:
        command = command.commands[name]
    found = cast("TyperCommand | TyperGroup", command)
    options = _options_of(_everywhere)
    for option in options:
        if "--json" in option.opts:
            option.help = _JSON_IN_LINES.get(name, option.help)
    _give_common_options(found, options)
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
    take_streams()
    sys.exit(call(words))


def call(words: list[str]) -> int:
    """Run a command and return its exit status, once all that it said is out."""
    try:
        status = _answer(words)
        sys.stdout.flush()
    except ReaderGone:
        return READER_GONE
    except OutputLost as error:
        return say_failure(error, as_json=False) or Exit.FAILED
    return status


def _answer(words: list[str]) -> int:
    as_json = "--json" in words
    root = _Commands(
        name="feedgate",
        help="The gate between PyPI and a network that must not reach it.",
        rich_markup_mode=None,
    )
    root.params.extend(_options_of(_whole))
    try:
        status = root.main(args=words or ["--help"], prog_name="feedgate", standalone_mode=False)
    except (ReaderGone, OutputLost):
        raise
    except BaseException as error:
        said = say_failure(error, as_json=as_json)
        if said is None:
            raise
        return said
    return status if isinstance(status, int) else Exit.OK
