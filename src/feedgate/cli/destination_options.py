"""The options that say where a closure is sent, shared by ``add``, ``plan`` and ``send``, and what they come to."""

import os
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

from feedgate.api.bodies import FeedChange, FeedCreation
from feedgate.api.problem import RemoteProblem
from feedgate.cli.destination_choice import (
    ChosenDestination,
    DestinationOptions,
    choose_destination,
    choose_standing,
    read_password,
)
from feedgate.cli.door import Door
from feedgate.cli.plain import plain
from feedgate.errors import Invalid
from feedgate.model.names import FeedPath, parse_feed_path
from feedgate.outside.credentials import Surroundings
from feedgate.outside.destination_address import local_name

LOCAL = "local"
"""The organization of the feeds that stand for destinations."""

To: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="URL|NAME",
        help="Send it to this index: its upload address or its simple index, or a section of .pypirc; "
        "with -f the name of one of the feed's standing destinations.",
    ),
]
ReadUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The destination's simple index, where it can not be told from --to."),
]
Username: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="User at the destination; the password from FEEDGATE_DESTINATION_PASSWORD or standard input.",
    ),
]
InternalPatterns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--internal",
        metavar="PATTERN|FILE",
        help="Names that are never asked upstream, like acme-*; or a file of them. Repeatable.",
    ),
]
UpstreamAllow: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="Ask upstream for it although the destination has its own. Repeatable."
    ),
]
AcceptExisting: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Let other bytes of it stay at the destination. Repeatable."),
]
LimitOptions: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="LIMIT",
        help="What the destination takes at most: metadata=2.1, size=500MB. Repeatable.",
    ),
]
PolicyOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Policy of the feed that stands for --to: made with it on first use, changed to it later.",
    ),
]


class FeedOrDestination(Invalid):
    """A request into a feed and to a destination of its own, or into neither."""

    code = "feed-or-destination"

    def __init__(self) -> None:
        super().__init__(
            "a request goes into a feed (-f ORG/FEED) or to a destination of its own (--to URL|NAME)",
            next_step="Give one of the two. With both, --to is the name of one of the feed's standing destinations.",
        )


class TargetMissing(Invalid):
    """A destination of which nobody says what its readers' machines run."""

    code = "target-missing"

    def __init__(self) -> None:
        super().__init__(
            "--to needs --target: a foreign index does not say what its readers' machines run",
            next_step="Give each of them, for example --target 3.11@x86_64-manylinux_2_28, or host.",
        )


class PolicyOfAFeed(Invalid):
    """A policy beside a feed that has its own."""

    code = "policy-of-a-feed"

    def __init__(self) -> None:
        super().__init__(
            "--policy is for the feed that stands for a --to",
            next_step="Change a feed's own with: feedgate feed set ORG/FEED --policy NAME",
        )


class PlanByOtherPolicy(Invalid):
    """A plan by another policy than that of the feed which it is for; a plan changes no feed."""

    code = "plan-by-other-policy"

    def __init__(self, path: FeedPath, *, asked: str, has: str, is_there: bool) -> None:
        by = f"{path} has policy {has!r}" if is_there else f"without a feed a plan is made by policy {has!r}"
        cure = f", or change it with: feedgate feed set {path} --policy {asked}" if is_there else ""
        super().__init__(
            f"plan --policy {asked!r}: {by}, and a plan changes nothing",
            next_step=f"Leave --policy out{cure}. add --policy {asked} judges by it.",
        )


def chosen_destination(options: DestinationOptions) -> ChosenDestination | None:
    """Return what the options come to with this caller's surroundings; None where they name no destination."""
    surroundings = Surroundings.of(os.environ, read_password=read_password)
    return choose_destination(options, surroundings)


def chosen_standing(options: DestinationOptions) -> ChosenDestination | None:
    """Return what the options come to beside a feed; raises FeedOrDestination for an address."""
    if options.to is not None and "://" in options.to:
        raise FeedOrDestination
    return choose_standing(options, Surroundings.of(os.environ))


def feed_of(chosen: ChosenDestination) -> FeedPath:
    """Return the feed that stands for a command's own destination."""
    body = chosen.body()  # raises where there is neither an address nor a section
    del body
    own = chosen.own
    if own is None:
        raise RuntimeError("a destination without addresses has a body")
    return parse_feed_path(f"{LOCAL}/{local_name(own.addresses)}")


def announce(chosen: ChosenDestination) -> None:
    """Say where it goes and as whom, before anything is asked; never a secret."""
    if chosen.own is None:
        return
    addresses = chosen.own.addresses
    typer.echo(f"uploads      {plain(addresses.upload_url)}", err=True)
    typer.echo(f"pages        {plain(addresses.read_url)}", err=True)
    typer.echo(f"credentials  {plain(chosen.credentials_from or 'none')}", err=True)


def require_policy(door: Door, path: FeedPath, policy: str) -> None:
    """Raise PlanByOtherPolicy unless a plan for the feed, which need not be there, is made by ``policy``."""
    has, is_there = str(FeedCreation.model_fields["policy"].default), True
    try:
        has = door.client.show_feed(path).body.policy
    except RemoteProblem as problem:
        if problem.code != "no-such-feed":
            raise
        is_there = False
    if has != policy:
        raise PlanByOtherPolicy(path, asked=policy, has=has, is_there=is_there)


def make_local_feed(door: Door, path: FeedPath, targets: Sequence[str], policy: str | None) -> None:
    """Make the feed that stands for the destination; one that was made before has ``policy`` from now on."""
    creation = FeedCreation(organization=path.organization, feed=path.feed, targets=[*targets])
    if policy is not None:
        creation = creation.model_copy(update={"policy": policy})
    try:
        door.client.create_feed(creation)
    except RemoteProblem as problem:
        if problem.code != "feed-exists":
            raise
        if policy is not None:
            _change_policy(door, path, policy)


def _change_policy(door: Door, path: FeedPath, policy: str) -> None:
    before = door.client.show_feed(path).body.policy
    if before != policy:
        door.client.set_feed(path, FeedChange(policy=policy))
        typer.echo(f"policy       {plain(policy)}, until now {plain(before)}", err=True)
