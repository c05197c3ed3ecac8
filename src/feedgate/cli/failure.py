"""How a command's error is said: a sentence and the next step, or with ``--json`` the problem document.

In a build service it is said once more in the service's own form, so that the page of the run shows why a
step ended, and not its exit status alone.
"""

import json
import os
import sys

import typer

from feedgate.cli.exit import Exit, exit_of_kind
from feedgate.cli.pipeline import Pipeline
from feedgate.cli.plain import plain
from feedgate.errors import Conflict, FeedgateError
from feedgate.formats.build_log import escape_commands
from feedgate.machine.errors import MachineError


def say_failure(error: BaseException, *, as_json: bool) -> int | None:
    """Say ``error`` and return the exit status; None for one that is a fault of our own."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return Exit.CANCELLED
    if isinstance(error, typer.TyperException):
        return _say_usage(error, as_json=as_json)
    if isinstance(error, FeedgateError):
        # What contradicts what is here, before a server was asked, is how the command was called.
        status = Exit.USAGE if isinstance(error, Conflict) else exit_of_kind(type(error))
        return _say(error.code, error.message, error.next_step, status, as_json=as_json)
    if isinstance(error, MachineError):
        return _say(error.code, error.message, error.next_step, error.exit_status, as_json=as_json)
    return _say_remote(error, as_json=as_json)


def _say_usage(error: BaseException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    path = "feedgate" if context is None else context.command_path
    words = getattr(error, "format_message", error.__str__)()
    return _say("usage", words, f"See: {path} --help", Exit.USAGE, as_json=as_json)


def _say_remote(error: BaseException, *, as_json: bool) -> int | None:
    from pydantic import ValidationError  # only where a server was asked, or was about to be

    from feedgate.api.problem import RemoteProblem

    if isinstance(error, ValidationError) and error.title.endswith(("Body", "Creation", "Change")):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        member = ".".join(str(part) for part in first["loc"])
        return _say(
            "invalid-body", f"{member}: {first['msg']}", "Give another value.", Exit.USAGE, as_json=as_json
        )
    if not isinstance(error, RemoteProblem):
        return None
    status = exit_of_kind(error.kind)
    if as_json:
        sys.stdout.write(escape_commands(error.text.rstrip("\n")) + "\n")
        _tell_service(error.message, error.next_step)
        return status
    return _say(error.code, error.message, error.next_step, status, as_json=False)


def _say(code: str, message: str, next_step: str, status: int, *, as_json: bool) -> int:
    if as_json:
        problem = {
            "type": "about:blank",
            "title": "The command did not do it",
            "status": 400,
            "detail": message,
            "error": {"code": code, "message": message, "next": next_step, "facts": {}},
        }
        sys.stdout.write(escape_commands(json.dumps(problem)) + "\n")
    else:
        first, *more = message.splitlines() or [""]
        sys.stderr.write(f"feedgate: {plain(first)}\n")
        sys.stderr.writelines(f"  | {plain(line)}\n" for line in more)
        if next_step:
            sys.stderr.write(f"  next: {plain(next_step)}\n")
    _tell_service(message, next_step)
    return status


def _tell_service(message: str, next_step: str) -> None:
    advice = f" Next: {next_step}" if next_step else ""
    Pipeline.of(os.environ).error(f"Feedgate: {message.rstrip('.')}.{advice}")
