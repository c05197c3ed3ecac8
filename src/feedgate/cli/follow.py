"""Follow a run to its end and draw its progress on standard error: bars on a terminal, else lines."""

import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from feedgate.api.calls import Reply
from feedgate.api.run_bodies import EventBody, RunBody
from feedgate.cli import units
from feedgate.cli.door import Door
from feedgate.cli.exit import Exit, exit_of_state
from feedgate.cli.import_report import exit_of_import
from feedgate.cli.plain import plain
from feedgate.cli.report import show_report
from feedgate.cli.run_report import end_step
from feedgate.cli.show import inert, json_text
from feedgate.errors import Invalid

_NARROW_COLUMNS = 80
_FETCH = "fetch"


class NothingGoesOn(Invalid):
    """A run that nobody would work on once the command is gone."""

    code = "no-server-stays"

    def __init__(self) -> None:
        super().__init__(
            "--no-wait: the server of this data directory ends with this command, and the run with it",
            next_step="Leave --no-wait out, or start a server that stays: feedgate serve",
        )


class Drawing(Protocol):
    """What events are told to."""

    def event(self, event: EventBody) -> None:
        """Draw one event."""
        ...


def new_key() -> str:
    """Return an idempotency key: what this command asks for is asked for once."""
    return secrets.token_hex(16)


def follow_to_end(door: Door, run: str, *, after: int = 0, report: Path | None = None) -> int:
    """Draw the run's progress, show its report, and return the exit status.

    ``report`` is the folder that the report is written to as well, None = nowhere.
    Ctrl-C stops following. The run goes on where its server does; where this
    command had started the server, the run is cancelled.
    """
    try:
        wait_for_end(door, run, after=after)
    except KeyboardInterrupt:
        return _stop_following(door, run)
    reply = door.client.show_run(run)
    status = show_end(reply, as_json=door.as_json)
    return end_step(door.client, reply, report, status)


def wait_for_end(door: Door, run: str, *, after: int = 0) -> None:
    """Draw the run's progress until it has ended."""
    with _drawing() as drawing:
        for event in door.client.follow(run, after=after):
            drawing.event(event)


def show_end(reply: Reply[RunBody], *, as_json: bool) -> int:
    """Show a run that has ended and return the exit status."""
    if as_json:
        json_text(reply.text)
    else:
        show_report(reply.body)
    status = exit_of_state(reply.body.state)
    if status is Exit.OK and reply.body.imported is not None:
        return exit_of_import(reply.body.imported)
    return status


def show_accepted(reply: Reply[RunBody], *, as_json: bool) -> int:
    """Say that a run was accepted, for who does not wait for it."""
    if as_json:
        json_text(reply.text)
    else:
        run = plain(reply.body.run)
        typer.echo(f"{run}: accepted. Follow it with: feedgate run follow {run}")
    return Exit.OK


def require_a_staying_server(door: Door) -> None:
    """Raise NothingGoesOn unless the server outlives the command."""
    if not door.stays:
        raise NothingGoesOn


def _stop_following(door: Door, run: str) -> int:
    if door.started_by_us and not door.stays:
        reply = door.client.cancel_run(run)
        typer.echo(f"{plain(run)}: cancelled. Ask again with: feedgate run retry {plain(run)}", err=True)
    else:
        reply = door.client.show_run(run)
        typer.echo(f"{plain(run)} goes on. Follow it with: feedgate run follow {plain(run)}", err=True)
    if door.as_json:
        json_text(reply.text)
    return Exit.CANCELLED


@contextmanager
def _drawing() -> Iterator[Drawing]:
    console = Console(stderr=True)
    if not console.is_terminal or console.width < _NARROW_COLUMNS:
        yield Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress)


class Lines:
    """A line a step, where nobody watches."""

    def __init__(self) -> None:
        self._fetched: str | None = None

    def event(self, event: EventBody) -> None:
        """Write the line of a step that has ended, or that waits."""
        if event.step == _FETCH and event.kind in {"started", "progress"}:
            self._fetched = _fetched(event.facts)
        if event.kind == "waits":
            said = f"{event.step}: {_why_waits(event)}"
            sys.stderr.write(f"{plain(said)}\n")
            return
        if event.kind not in {"finished", "failed", "cancelled"}:
            return
        where = "" if event.target is None else f" {event.target}"
        outcome = event.facts.get("outcome", event.kind)
        said = "" if outcome == "done" else f": {outcome}"
        seconds = units.seconds(_number(event.facts.get("seconds")))
        if event.step == _FETCH and event.kind == "finished" and self._fetched is not None:
            seconds = f"{self._fetched}, {seconds}"
        sys.stderr.write(f"{plain(f'{event.step}{where}{said} ({seconds})')}\n")


class _Bars:
    """A bar a step and target, on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[tuple[str, str | None], TaskID] = {}
        self._begun: dict[tuple[str, str | None], datetime] = {}

    def event(self, event: EventBody) -> None:
        key = event.step, event.target
        if key not in self._tasks:
            name = event.step if event.target is None else f"{event.step} {event.target}"
            self._tasks[key] = self._progress.add_task(inert(f"{name:<40}"), total=None, said="")
            self._begun[key] = event.at
        task, facts = self._tasks[key], event.facts
        if event.kind == "progress":
            elapsed_seconds = (event.at - self._begun[key]).total_seconds()
            self._progress.update(
                task,
                total=_number(facts.get("of_projects", facts.get("of_files"))),
                completed=_number(facts.get("projects", facts.get("files"))),
                said=_said(facts, elapsed_seconds),
            )
        elif event.kind == "waits":
            self._progress.update(task, said=inert(_why_waits(event)))
        elif event.kind in {"finished", "failed", "cancelled"}:
            outcome = str(facts.get("outcome", event.kind))
            self._progress.update(task, total=1, completed=1, said=inert(outcome))
            self._progress.stop_task(task)


def _why_waits(event: EventBody) -> str:
    """Say what is waited for, and until when where that is known."""
    reason, seconds = str(event.facts.get("reason")), event.facts.get("at_most_seconds")
    if seconds is None:
        return reason
    until = event.at + timedelta(seconds=_number(seconds))
    return f"{reason}; it is waited for until {until:%H:%M:%S} UTC at the latest"


def _said(facts: dict[str, object], elapsed_seconds: float) -> str:
    if "projects" in facts:
        return f"{_number(facts['projects']):.0f}/{_number(facts.get('of_projects')):.0f} projects"
    files = f"{_number(facts.get('files')):.0f}/{_number(facts.get('of_files')):.0f} files"
    if "bytes" not in facts:
        return files
    came, whole = _number(facts.get("bytes")), facts.get("of_bytes")
    of_whole = "" if whole is None else f" of {units.size(_number(whole))}"
    rate = f", {units.size(came / elapsed_seconds)}/s" if elapsed_seconds > 0 else ""
    return f"{files}, {units.size(came)}{of_whole}{rate}"


def _fetched(facts: Mapping[str, object]) -> str:
    """Say how much there was to fetch; the resolver may have had it brought already."""
    files, size_bytes = int(_number(facts.get("of_files"))), _number(facts.get("of_bytes"))
    if not files:
        return "nothing to fetch"
    size = f", {units.size(size_bytes)}" if size_bytes else ""
    return f"{files} {'file' if files == 1 else 'files'}{size}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
