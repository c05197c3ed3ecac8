"""``feedgate run``: list, show, follow, cancel and retry runs, and write their reports."""

import os
from pathlib import Path
from typing import Annotated

import typer

from feedgate.cli.door import opened
from feedgate.cli.exit import Exit
from feedgate.cli.follow import follow_to_end, new_key, require_a_staying_server, show_accepted
from feedgate.cli.import_report import show_files
from feedgate.cli.pipeline import Pipeline
from feedgate.cli.report import show_report
from feedgate.cli.run_report import prepare_folder, write_report
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.model.names import parse_feed_path
from feedgate.model.run import RunState

app = typer.Typer(
    help="List, show, follow, cancel and retry runs, and write their reports.",
    rich_markup_mode=None,
    add_completion=False,
)

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id: run_…")]


@app.command("list")
def list_runs(
    context: typer.Context,
    feed: Annotated[str | None, typer.Option("--feed", "-f", metavar="ORG/FEED", help="Of one feed.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
) -> None:
    """List the newest runs first."""
    path = None if feed is None else parse_feed_path(feed)
    with opened(context) as door:
        reply = door.client.list_runs(path, limit=limit)
    if door.as_json:
        if reply.text:
            json_text(reply.text)
        return
    headings = ("run", "kind", "state", "feed", "requester", "created (UTC)", "")
    table(
        headings,
        [
            (
                run.run,
                run.kind.value,
                run.state.value,
                run.feed,
                run.requester,
                f"{run.created_at:%Y-%m-%d %H:%M}",
                run.reason if run.state is RunState.QUEUED else None,
            )
            for run in reply.body
        ],
    )


@app.command("show")
def show(context: typer.Context, run: RunArgument) -> None:
    """Show a run as far as it has come."""
    with opened(context) as door:
        reply = door.client.show_run(run)
    if door.as_json:
        json_text(reply.text)
    else:
        show_report(reply.body)


@app.command("follow")
def follow(
    context: typer.Context,
    run: RunArgument,
    after: Annotated[int, typer.Option(help="Events behind this number.", min=0)] = 0,
) -> None:
    """Follow a run to its end; the exit status is the one that add would have had."""
    with opened(context) as door:
        raise typer.Exit(follow_to_end(door, run, after=after))


@app.command("report")
def report(
    context: typer.Context,
    run: RunArgument,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Made if it is missing; an earlier report in it is replaced."),
    ],
) -> None:
    """Write a run's report into a folder, as add --report does: JSON, a summary, locks and requirements."""
    prepare_folder(folder)
    with opened(context) as door:
        reply = door.client.show_run(run)
        summary = write_report(door.client, reply, folder)
    Pipeline.of(os.environ).attach(summary)
    if door.as_json:
        json_text(reply.text)
    else:
        lines([f"{inert(reply.body.run)}: its report is in {inert(folder)}"])


@app.command("files")
def files(context: typer.Context, run: RunArgument) -> None:
    """List what import-feed kept out, and which names it found mixed; with --json each file, one a line."""
    with opened(context) as door:
        show_files(door.client.imported_files(run), as_json=door.as_json)


@app.command("cancel")
def cancel(context: typer.Context, run: RunArgument) -> None:
    """Stop a run; nothing of it becomes visible."""
    with opened(context) as door:
        reply = door.client.cancel_run(run)
        if not reply.body.state.is_final:
            for _event in door.client.follow(run):
                pass  # until it has stopped
            reply = door.client.show_run(run)
    if door.as_json:
        json_text(reply.text)
    else:
        show_report(reply.body)
    raise typer.Exit(Exit.OK if reply.body.state.value == "cancelled" else Exit.FAILED)


@app.command("retry")
def retry(
    context: typer.Context,
    run: RunArgument,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the new run to its end.")] = True,
) -> None:
    """Ask once more for what an ended run asked, for the same targets."""
    with opened(context) as door:
        if not wait:
            require_a_staying_server(door)
        reply = door.client.retry_run(run, key=new_key())
        if not wait:
            raise typer.Exit(show_accepted(reply, as_json=door.as_json))
        raise typer.Exit(follow_to_end(door, reply.body.run))
