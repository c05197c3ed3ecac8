"""``feedgate serve``: the server of a data directory, until a signal ends it."""

from pathlib import Path
from typing import Annotated

import typer

from feedgate.app.supervisor import serve as serve_directory

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; default: the settings'.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 = any free one.")] = None,
) -> None:
    """Serve a data directory until it is told to stop; prints one line with its address."""
    from feedgate.cli.door import data_directory  # the lock comes before anything heavy
    from feedgate.cli.main import place  # as above

    where = place(context)
    config = None if where.config is None else Path(where.config)
    directory = data_directory(where.data)
    raise typer.Exit(serve_directory(directory, host=host, port=port, config=config, as_json=where.as_json))
