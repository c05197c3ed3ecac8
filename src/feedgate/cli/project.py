"""``feedgate project``: what is in a feed, and whether the upstream is asked for a name."""

from enum import StrEnum
from typing import Annotated

import typer

from feedgate.api.bodies import ProjectListing
from feedgate.cli.arguments import FeedOption
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.model.feed import UpstreamRule
from feedgate.model.names import parse_feed_path, parse_project_name

app = typer.Typer(
    help="List what is in a feed; say whether the upstream is asked for a name.",
    rich_markup_mode=None,
    add_completion=False,
)


class UpstreamWord(StrEnum):
    """What can be said of a name's upstream."""

    ALLOW = "allow"
    DENY = "deny"
    BY_ORIGIN = "by-origin"


@app.callback()
def _group() -> None:
    """List what is in a feed; say whether the upstream is asked for a name."""


@app.command("list")
def list_projects(
    context: typer.Context,
    feed: FeedOption,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One project, version by version.")
    ] = None,
) -> None:
    """List what is in a feed: its projects, or the versions of one, the newest first."""
    path = parse_feed_path(feed)
    project = None if name is None else parse_project_name(name)
    with opened(context) as door:
        reply = door.client.list_projects(path, project)
    if door.as_json:
        json_text(reply.text) if reply.text else None
    elif project is None:
        table(("name", "newest", "versions", "files", "origin"), map(_row, reply.body))
    else:
        table(
            ("version", "files", ""),
            [
                (one.version, one.files, "yanked" if one.yanked else "")
                for listing in reply.body
                for one in listing.versions
            ],
        )


@app.command("set")
def set_project(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project; the feed need not have it yet.")],
    feed: FeedOption,
    upstream: Annotated[
        UpstreamWord, typer.Option(help="allow, deny, or by-origin: as uploads and imports made it.")
    ],
) -> None:
    """Set whether the upstream may be asked for a name. Names that came by upload are denied by themselves."""
    rule = None if upstream is UpstreamWord.BY_ORIGIN else UpstreamRule(upstream.value)
    path, project = parse_feed_path(feed), parse_project_name(name)
    with opened(context) as door:
        reply = door.client.set_project(path, project, rule)
    if door.as_json:
        json_text(reply.text)
        return
    who = "the feed alone" if reply.body.internal else "the feed and the upstream"
    lines([f"{inert(reply.body.project)} in {inert(path)}: answered by {who}"])


def _row(listing: ProjectListing) -> tuple[str, str, int, int, str]:
    """Return a project's row; its newest version is one that is not yanked, if it has one."""
    newest = next((one for one in listing.versions if not one.yanked), listing.versions[0])
    files = sum(one.files for one in listing.versions)
    return listing.project, newest.version, len(listing.versions), files, listing.origin.value
