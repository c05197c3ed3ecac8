"""``feedgate import-feed``: copy a whole index, or a folder of files, into a feed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from feedgate.api.import_bodies import ImportCreation
from feedgate.app.own_destination import OwnDestinationNotTaken
from feedgate.cli.arguments import FeedOption
from feedgate.cli.destination_choice import read_password
from feedgate.cli.destination_options import InternalPatterns
from feedgate.cli.door import Door, opened
from feedgate.cli.exit import Exit
from feedgate.cli.follow import follow_to_end, new_key
from feedgate.cli.import_folder import import_folder
from feedgate.cli.import_report import show_files
from feedgate.cli.main import place
from feedgate.cli.plain import plain
from feedgate.cli.source_choice import ChosenSource, choose_source
from feedgate.errors import Conflict
from feedgate.model.names import FeedPath, parse_feed_path
from feedgate.outside.credentials import Surroundings


class SourceCredentialsNotTaken(Conflict):
    """An index that asks for the caller's credentials, where a server that runs already would copy it."""

    code = "source-credentials-not-taken"

    def __init__(self, server: str, *, is_local: bool) -> None:
        how = (
            "End that server, give this command again, which starts one of its own, and then serve again."
            if is_local
            else "Give the command on the server's own machine, without --url and with the server's --data, while it is ended."
        )
        super().__init__(
            f"the caller's own credentials go to no server but one that this command starts; {server} runs already",
            next_step=f"{how} What is taken is not taken twice. A folder of files is copied without that, and so is an index "
            "that asks for no credentials, on a host in destinations.allowed_hosts.",
            facts={"server": server},
        )


app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("import-feed")
def import_feed(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="The index's address, or a folder of wheels and sdists."),
    ],
    feed: FeedOption,
    internal: InternalPatterns = None,
    names: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only these projects, one a line; for an index that lists none."),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="User at the index; the password from FEEDGATE_DESTINATION_PASSWORD or standard input.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken, by pages alone. Changes nothing.")
    ] = False,
) -> None:
    """Copy an index into a feed: every file is looked at and judged, none is resolved or proved. Repeat it until cut-over."""
    path = parse_feed_path(feed)
    surroundings = Surroundings.of(os.environ, read_password=read_password)
    chosen = choose_source(source, surroundings, username=username, internal=internal or [], names=names)
    _announce(chosen)
    try:
        with opened(context, own=chosen.own, may_share=chosen.may_share) as door:
            if chosen.folder is not None:
                raise typer.Exit(import_folder(door, path, chosen.folder, chosen, is_dry=dry_run))
            raise typer.Exit(_import_index(door, path, chosen, is_dry=dry_run))
    except OwnDestinationNotTaken as error:
        is_local = place(context).url is None
        raise SourceCredentialsNotTaken(str(error.facts["server"]), is_local=is_local) from error


def _import_index(door: Door, path: FeedPath, chosen: ChosenSource, *, is_dry: bool) -> int:
    creation = ImportCreation(
        source=chosen.raw,
        internal=[*chosen.internal],
        names=[*chosen.names],
        dry_run=is_dry,
    )
    run = door.client.import_feed(path, creation, key=new_key()).body.run
    status = follow_to_end(door, run)
    if status != Exit.CANCELLED:
        show_files(door.client.imported_files(run), as_json=door.as_json, is_dry=is_dry)
    return status


def _announce(chosen: ChosenSource) -> None:
    """Say what is copied and as whom, before anything is asked; never a secret."""
    for line in _said(chosen):
        typer.echo(line, err=True)


def _said(chosen: ChosenSource) -> Iterator[str]:
    if chosen.own is None:
        yield f"folder       {plain(chosen.raw)}"
        return
    yield f"pages        {plain(chosen.own.addresses.read_url)}"
    yield f"credentials  {plain(chosen.credentials_from or 'none')}"
