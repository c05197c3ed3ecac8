"""``feedgate plan`` and ``feedgate add``: ask for packages, and follow what comes of it."""

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from feedgate.api.run_bodies import RunCreation
from feedgate.cli.arguments import (
    ConstraintFiles,
    OptionalFeed,
    ReportFolder,
    RequirementFiles,
    TargetsOption,
)
from feedgate.cli.destination_choice import ChosenDestination, DestinationOptions
from feedgate.cli.destination_options import (
    AcceptExisting,
    FeedOrDestination,
    InternalPatterns,
    LimitOptions,
    PolicyOfAFeed,
    PolicyOption,
    ReadUrl,
    TargetMissing,
    To,
    UpstreamAllow,
    Username,
    announce,
    chosen_destination,
    chosen_standing,
    feed_of,
    make_local_feed,
    require_policy,
)
from feedgate.cli.door import opened
from feedgate.cli.follow import follow_to_end, new_key, require_a_staying_server, show_accepted
from feedgate.cli.request_files import read_request_files
from feedgate.cli.run_report import ReportNeedsTheEnd, prepare_folder
from feedgate.errors import Invalid
from feedgate.model.names import FeedPath, parse_feed_path
from feedgate.model.run import RunKind

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class LooksLikeFile(Invalid):
    """A file's name where a package's was expected."""

    code = "looks-like-a-file"

    def __init__(self, word: str) -> None:
        super().__init__(
            f"{word!r} looks like a file's name, not a package's", next_step=f"Did you mean: -r {word}"
        )


Requirements = Annotated[
    list[str] | None,
    typer.Argument(metavar="REQ...", help="Names with specifiers, extras and markers (PEP 508)."),
]
Pre = Annotated[bool, typer.Option("--pre", help="Pre-releases too.")]
ExcludeNewer = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Nothing newer than the end of that day (UTC), or that moment."),
]
Upgrade = Annotated[bool, typer.Option("--upgrade", help="Prefer the newest over what the feed has.")]
UpgradePackages = Annotated[
    list[str] | None, typer.Option("--upgrade-package", metavar="NAME", help="That one only. Repeatable.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run to its end.")]
Reason = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Why; kept with the run, and in the ledger with what it publishes."),
]


def _ask(
    context: typer.Context,
    requirements: Requirements = None,
    feed: OptionalFeed = None,
    to: To = None,
    files: RequirementFiles = None,
    constraints: ConstraintFiles = None,
    targets: TargetsOption = None,
    pre: Pre = False,
    exclude_newer: ExcludeNewer = None,
    upgrade: Upgrade = False,
    upgrade_packages: UpgradePackages = None,
    reason: Reason = None,
    wait: Wait = True,
    report: ReportFolder = None,
    read_url: ReadUrl = None,
    username: Username = None,
    internal: InternalPatterns = None,
    upstream_allow: UpstreamAllow = None,
    accept_existing: AcceptExisting = None,
    limits: LimitOptions = None,
    policy: PolicyOption = None,
) -> None:
    if report is not None:
        if not wait:
            raise ReportNeedsTheEnd
        prepare_folder(report)
    for word in requirements or []:
        if word.endswith((".txt", ".toml", ".in")):
            raise LooksLikeFile(word)
    options = DestinationOptions(
        to=to,
        read_url=read_url,
        username=username,
        internal=internal or [],
        upstream_allow=upstream_allow or [],
        accept_existing=accept_existing or [],
        limits=limits or [],
    )
    chosen = chosen_destination(options) if feed is None else chosen_standing(options)
    path = _feed(feed, chosen, targets or [], policy)
    kind: Literal["add", "plan"] = "plan" if context.info_name == RunKind.PLAN.value else "add"
    creation = RunCreation(
        kind=kind,
        requirements=requirements or [],
        files=read_request_files(files or [], constraints or []),
        targets=targets or [],
        pre=pre,
        exclude_newer=exclude_newer,
        upgrade=upgrade,
        upgrade_packages=upgrade_packages or [],
        reason=reason,
        destination=None if chosen is None else chosen.body(is_standing=feed is not None),
    )
    if chosen is not None:
        announce(chosen)
    with opened(context, own=None if chosen is None else chosen.own) as door:
        if not wait:
            require_a_staying_server(door)
        if chosen is not None and feed is None and kind == RunKind.ADD.value:
            make_local_feed(door, path, creation.targets, policy)
        elif policy is not None:
            require_policy(door, path, policy)
        reply = door.client.create_run(path, creation, key=new_key())
        if not wait:
            raise typer.Exit(show_accepted(reply, as_json=door.as_json))
        raise typer.Exit(follow_to_end(door, reply.body.run, report=report))


def _feed(
    feed: str | None, chosen: ChosenDestination | None, targets: Sequence[str], policy: str | None
) -> FeedPath:
    """Return the feed that the request goes into: the named one, or that which stands for the destination."""
    if feed is None and chosen is not None:
        if not targets:
            raise TargetMissing
        return feed_of(chosen)
    if feed is None:
        raise FeedOrDestination
    if policy is not None:
        raise PolicyOfAFeed
    return parse_feed_path(feed)


# Two commands of one shape: the kind of run is the command's own name.
app.command(
    RunKind.PLAN.value,
    help="Say what add would bring in: new, present, kept, passed over, and sizes. Changes nothing.",
)(_ask)
app.command(
    RunKind.ADD.value,
    help="Bring packages in with everything they need, proved installable, published all at once.",
)(_ask)
