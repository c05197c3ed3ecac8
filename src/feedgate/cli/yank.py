"""``feedgate yank`` and ``unyank``: a release that is discouraged, and still there for who pinned it (PEP 592)."""

from typing import Annotated

import typer

from feedgate.api.bodies import YankedBody
from feedgate.api.client import Reply
from feedgate.cli.arguments import FeedOption
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.model.names import parse_feed_path, parse_project_name

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The project.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="The release.")]


@app.command("yank")
def yank(
    context: typer.Context,
    name: Name,
    version: Version,
    feed: FeedOption,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; clients show it.")] = "",
) -> None:
    """Yank every file of a release."""
    path, project = parse_feed_path(feed), parse_project_name(name)
    with opened(context) as door:
        _show(door.client.yank(path, project, version, reason=reason), as_json=door.as_json)


@app.command("unyank")
def unyank(context: typer.Context, name: Name, version: Version, feed: FeedOption) -> None:
    """Take the yank of a release back."""
    path, project = parse_feed_path(feed), parse_project_name(name)
    with opened(context) as door:
        _show(door.client.unyank(path, project, version), as_json=door.as_json)


def _show(reply: Reply[YankedBody], *, as_json: bool) -> None:
    if as_json:
        json_text(reply.text)
        return
    release = reply.body
    state = "not yanked" if release.reason is None else "yanked"
    lines([f"{inert(release.project)} {inert(release.version)} is {state} ({release.changed} files changed)"])
