"""``feedgate destination``: where a feed's publishes are sent too."""

from typing import Annotated, Final

import typer

from feedgate.api.calls import Reply
from feedgate.api.destination_bodies import DestinationBody, DestinationSetting
from feedgate.cli.arguments import FeedOption
from feedgate.cli.destination_choice import DestinationOptions, NoPlainAddress, read_said
from feedgate.cli.destination_options import (
    AcceptExisting,
    InternalPatterns,
    LimitOptions,
    ReadUrl,
    UpstreamAllow,
)
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.model.names import parse_feed_path
from feedgate.model.secret_source import parse_secret_source
from feedgate.model.standing_destination import parse_destination_name
from feedgate.outside.index_place import has_plain_authority

app = typer.Typer(
    help="Say where a feed's publishes are sent too.", rich_markup_mode=None, add_completion=False
)

_NO_SECRET: Final = "none"  # noqa: S105  # the word for none

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the destination is called.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    feed: FeedOption,
    to: Annotated[str, typer.Option(metavar="URL", help="Its upload address or its simple index.")],
    read_url: ReadUrl = None,
    username: Annotated[
        str | None, typer.Option(metavar="NAME", help="User there; left out: build. Azure takes any.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Where the worker finds the password or token each time: env:NAME, file:PATH or keyring; none = it "
            "has none. Left out, a destination of that name and address keeps its own.",
        ),
    ] = None,
    internal: InternalPatterns = None,
    upstream_allow: UpstreamAllow = None,
    accept_existing: AcceptExisting = None,
    limits: LimitOptions = None,
) -> None:
    """Have what the feed publishes from now on sent there too; one of the same name is replaced, less its secret."""
    path, called = parse_feed_path(feed), parse_destination_name(name)
    for option, address in (("--to", to), ("--read-url", read_url)):
        if address is not None and not has_plain_authority(address):
            raise NoPlainAddress(option)
    if secret not in {None, _NO_SECRET}:
        parse_secret_source(secret)  # before anything is sent: it may be the secret itself
    said = read_said(
        DestinationOptions(
            internal=internal or [],
            upstream_allow=upstream_allow or [],
            accept_existing=accept_existing or [],
            limits=limits or [],
        )
    )
    # A secret that is not said is left out of the body, which says that it stays as it is.
    stated = {} if secret is None else {"secret": None if secret == _NO_SECRET else secret}
    setting = DestinationSetting(
        to=to,
        read_url=read_url,
        username=username,
        **stated,
        internal=[*said.internal],
        upstream_allow=[*said.upstream_allow],
        accept_existing=[*said.accept_existing],
        limits=[*said.limits],
    )
    with opened(context) as door:
        _show(door.client.add_destination(path, called, setting), as_json=door.as_json)


@app.command("list")
def list_destinations(context: typer.Context, feed: FeedOption) -> None:
    """List the feed's standing destinations."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        reply = door.client.list_destinations(path)
    if door.as_json:
        if reply.text:
            json_text(reply.text)
        return
    table(
        ("name", "uploads", "secret"),
        [(one.name, one.upload_url, one.secret or "none") for one in reply.body],
    )


@app.command("show")
def show(context: typer.Context, name: Name, feed: FeedOption) -> None:
    """Show a standing destination: its addresses, and where its secret is."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.show_destination(path, name), as_json=door.as_json)


@app.command("remove")
def remove(context: typer.Context, name: Name, feed: FeedOption) -> None:
    """Send nothing there any more, and stop what is on its way; what the destination has stays."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        reply = door.client.remove_destination(path, name)
    if door.as_json:
        json_text(reply.text)
    else:
        lines([f"{inert(reply.body.name)}: no destination of {inert(reply.body.feed)} any more"])


def _show(reply: Reply[DestinationBody], *, as_json: bool) -> None:
    if as_json:
        json_text(reply.text)
        return
    one = reply.body
    rows = (
        ("uploads", one.upload_url),
        ("pages", one.read_url),
        ("secret", one.secret or "none"),
        ("user", one.username if one.username or one.secret is None else "build"),
        ("internal", ", ".join(one.internal)),
        ("upstream", ", ".join(one.upstream_allow)),
        ("existing", ", ".join(one.accept_existing)),
        ("limits", ", ".join(one.limits)),
    )
    lines(
        [
            f"{inert(one.name)}, destination of {inert(one.feed)}",
            *(f"  {what:<8} {inert(value)}" for what, value in rows if value),
        ]
    )
