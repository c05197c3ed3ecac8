"""``feedgate yank`` and ``unyank``: a release that is discouraged, and still there for who pinned it (PEP 592)."""

from typing import Annotated

import typer

from feedgate.api.bodies import YankedBody
from feedgate.api.calls import Reply
from feedgate.cli.arguments import FeedOption
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.errors import Invalid
from feedgate.model.names import ProjectName, parse_feed_path, parse_project_name

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The project, or NAME==VERSION.")]
Version = Annotated[str | None, typer.Argument(metavar="VERSION", help="The release.")]


class ReleaseNotNamed(Invalid):
    """Arguments that name no release, or two."""

    code = "release-not-named"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name[:80]!r} names no release: {reason}", next_step="Write NAME VERSION, or NAME==VERSION."
        )


@app.command("yank")
def yank(
    context: typer.Context,
    name: Name,
    feed: FeedOption,
    version: Version = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; clients show it.")] = "",
) -> None:
    """Yank every file of a release."""
    path, (project, of_version) = parse_feed_path(feed), parse_release(name, version)
    with opened(context) as door:
        _show(door.client.yank(path, project, of_version, reason=reason), as_json=door.as_json)


@app.command("unyank")
def unyank(context: typer.Context, name: Name, feed: FeedOption, version: Version = None) -> None:
    """Take the yank of a release back."""
    path, (project, of_version) = parse_feed_path(feed), parse_release(name, version)
    with opened(context) as door:
        _show(door.client.unyank(path, project, of_version), as_json=door.as_json)


def parse_release(name: str, version: str | None) -> tuple[ProjectName, str]:
    """Return project and version of ``NAME VERSION`` or ``NAME==VERSION``; raises InvalidName, ReleaseNotNamed."""
    project, pinned, stated = name.partition("==")
    if pinned and version is not None:
        raise ReleaseNotNamed(name, f"{version[:80]!r} stands beside it")
    if not pinned and version is None:
        raise ReleaseNotNamed(name, "its version is missing")
    return parse_project_name(project.strip()), (stated if version is None else version).strip()


def _show(reply: Reply[YankedBody], *, as_json: bool) -> None:
    if as_json:
        json_text(reply.text)
        return
    release = reply.body
    state = "not yanked" if release.reason is None else "yanked"
    lines([f"{inert(release.project)} {inert(release.version)} is {state} ({release.changed} files changed)"])
