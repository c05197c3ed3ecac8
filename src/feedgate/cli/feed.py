"""``feedgate feed``: make feeds, list them, set them up."""

from typing import Annotated

import typer

from feedgate.api.bodies import FeedBody, FeedChange, FeedCreation
from feedgate.api.calls import Reply
from feedgate.cli import units
from feedgate.cli.arguments import FeedArgument, TargetsOption
from feedgate.cli.door import opened
from feedgate.cli.policy_choice import PolicyOption, policy_text
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.model.feed import Uploads
from feedgate.model.names import parse_feed_path

app = typer.Typer(
    help="Make, list and set up feeds and their targets.", rich_markup_mode=None, add_completion=False
)
target = typer.Typer(help="Add and remove a feed's targets.", rich_markup_mode=None, add_completion=False)
app.add_typer(target, name="target")

Public = Annotated[bool | None, typer.Option("--public/--private", help="Reads need no token.")]
UploadsOption = Annotated[
    Uploads | None, typer.Option(help="What a first upload makes of its name: internal, or look-up upstream.")
]
Target = Annotated[str, typer.Argument(metavar="TARGET", help="PYTHON@PLATFORM, or host.")]


@app.command("create")
def create(  # what a feed is
    context: typer.Context,
    feed: FeedArgument,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    public: Public = None,
    uploads: UploadsOption = None,
) -> None:
    """Make a feed, and its organization on first use. Without --target: for this machine (host)."""
    path = parse_feed_path(feed)
    creation = FeedCreation(
        organization=path.organization,
        feed=path.feed,
        targets=targets or [],
        policy=policy_text(policy) or "open",
        public=bool(public),
        uploads=uploads or Uploads.INTERNAL,
    )
    with opened(context) as door:
        _show(door.client.create_feed(creation), as_json=door.as_json)


@app.command("list")
def list_feeds(context: typer.Context) -> None:
    """List the feeds that you may know of."""
    with opened(context) as door:
        reply = door.client.list_feeds()
        if door.as_json:
            json_text(reply.text) if reply.text else None
            return
    headings = ("feed", "role", "projects", "files", "size", "serial", "")
    table(
        headings,
        [
            (f.feed, f.role, f.projects, f.distributions, units.size(f.size_bytes), f.serial, _openness(f))
            for f in reply.body
        ],
    )


@app.command("show")
def show(context: typer.Context, feed: FeedArgument) -> None:
    """Show a feed: settings, targets, and for its Owners who has which role."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.show_feed(path), as_json=door.as_json)


@app.command("set")
def set_feed(
    context: typer.Context,
    feed: FeedArgument,
    policy: PolicyOption = None,
    public: Public = None,
    uploads: UploadsOption = None,
) -> None:
    """Change a feed's settings; what is not named stays."""
    stated = {"public": public, "policy": policy_text(policy), "uploads": uploads}
    change = FeedChange.model_validate({name: value for name, value in stated.items() if value is not None})
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.set_feed(path, change), as_json=door.as_json)


@target.command("add")
def add_target(context: typer.Context, feed: FeedArgument, name: Target) -> None:
    """Add a target to a feed; requests from now on are resolved and proved for it too."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.add_target(path, name), as_json=door.as_json)


@target.command("remove")
def remove_target(context: typer.Context, feed: FeedArgument, name: Target) -> None:
    """Remove a target from a feed; what was published for it stays."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.remove_target(path, name), as_json=door.as_json)


def _show(reply: Reply[FeedBody], *, as_json: bool) -> None:
    if as_json:
        json_text(reply.text)
        return
    feed = reply.body
    size = units.size(feed.size_bytes)
    lines(
        [
            f"{inert(feed.feed)} ({_openness(feed)}, policy {inert(feed.policy)}, uploads {feed.uploads.value})",
            f"  holds    {feed.projects} projects, {feed.distributions} files, {size}, serial {feed.serial}",
            *(f"  target   {inert(name)}" for name in feed.targets),
            f"  pages    {inert(feed.simple_path)}",
            f"  uploads  {inert(feed.upload_path)}",
            *(f"  role     {inert(actor)}: {role.value}" for actor, role in (feed.grants or {}).items()),
        ]
    )


def _openness(feed: FeedBody) -> str:
    return "public" if feed.public else "private"
