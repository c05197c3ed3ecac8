"""``feedgate upload``: send files of your own to a feed."""

from pathlib import Path
from typing import Annotated

import typer

from feedgate.cli.arguments import FeedOption
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.model.names import parse_feed_path

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def upload(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Wheels and sdists.", exists=True, dir_okay=False)
    ],
    feed: FeedOption,
    imported: Annotated[
        bool, typer.Option("--imported", help="Ask the upstream whether it lists a file of a new name.")
    ] = False,
) -> None:
    """Upload wheels and sdists. The same bytes again are a success; a name once used is spent for ever."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        for file in files:
            reply = door.client.upload(path, file, imported=imported)
            if door.as_json:
                json_text(reply.text)
                continue
            done = reply.body
            lines([f"{inert(done.filename)}: {done.state} ({done.origin.value}), sha256 {done.sha256}"])
            if done.note:
                lines([f"  {inert(done.note)}"])
            for run in done.sends:
                lines([f"  is sent on by {inert(run)}"])
