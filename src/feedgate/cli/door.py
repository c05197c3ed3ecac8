"""The command's way to a server: one elsewhere by address, or that of a data directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from feedgate.api.client import Client
from feedgate.api.connection import Server
from feedgate.app.local import connect_locally
from feedgate.app.own_destination import OwnDestination, OwnDestinationNotTaken
from feedgate.cli.main import place
from feedgate.cli.plain import plain
from feedgate.errors import Invalid
from feedgate.model.secret import Secret

TOKEN_VARIABLE = "FEEDGATE_TOKEN"  # noqa: S105  # a variable's name


class TwoPlaces(Invalid):
    """A command that is told of a server by address and of a data directory too."""

    code = "two-places"

    def __init__(self) -> None:
        super().__init__(
            "--url and --data name two servers",
            next_step="Give one of them (FEEDGATE_URL and FEEDGATE_DATA count too).",
        )


@dataclass(frozen=True, slots=True)
class Door:
    """An open way to a server. ``stays`` = it goes on when this command is gone."""

    client: Client
    stays: bool
    started_by_us: bool
    as_json: bool


@contextmanager
def opened(
    context: typer.Context, *, own: OwnDestination | None = None, may_share: bool = False
) -> Iterator[Door]:
    """Reach the server for the length of one command, starting one where none runs.

    With ``own``, the caller's own destination, it must be one that this command starts, and another command's
    is waited for; with
    ``may_share`` too one that runs already, which then knows nothing of it.
    """
    where = place(context)
    if where.url is not None:
        if where.data is not None:
            raise TwoPlaces
        if own is not None and not may_share:
            raise OwnDestinationNotTaken(f"the server at {where.url}", "Leave --url out, or")
        token = os.environ.get(
            TOKEN_VARIABLE
        )  # an empty one is none: so shells and pipelines pass on what is not set
        server = Server(where.url, Secret(token) if token else None)
        with Client(server) as client:
            yield Door(client, stays=True, started_by_us=False, as_json=where.as_json)
        return
    config = None if where.config is None else Path(where.config)
    with connect_locally(
        data_directory(where.data), os.environ, config=config, own=own, may_share=may_share, say=_say
    ) as connection:

        def again() -> Server:
            found = connection.reattach()
            return Server(found.url, found.key, is_local=True)

        local = connection.server
        with Client(Server(local.url, local.key, is_local=True), find_again=again) as client:
            yield Door(client, stays=local.stays, started_by_us=local.started_by_us, as_json=where.as_json)


def _say(text: str) -> None:
    typer.echo(f"feedgate: {plain(text)}", err=True)


def data_directory(stated: str | None) -> Path:
    """Return the data directory: as stated, else the platform's folder for data."""
    if stated is not None:
        return Path(stated)
    from platformdirs import user_data_path  # only where none is stated

    return user_data_path("feedgate")
