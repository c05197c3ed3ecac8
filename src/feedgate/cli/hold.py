"""``feedgate hold``: see what policy holds, and answer it."""

from typing import Annotated

import typer

from feedgate.api.calls import Reply
from feedgate.api.hold_bodies import HoldBody
from feedgate.cli.arguments import FeedOption
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.model.hold import HoldState
from feedgate.model.names import parse_feed_path

app = typer.Typer(
    help="See what policy holds, and release or refuse it.", rich_markup_mode=None, add_completion=False
)

Number = Annotated[int, typer.Argument(metavar="HOLD", min=1, help="The hold's number, as list shows it.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands in the ledger.")]


@app.command("list")
def list_holds(
    context: typer.Context,
    feed: FeedOption,
    answered: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
) -> None:
    """List the holds that wait: which file, by which rule, for whom."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        reply = door.client.list_holds(path, answered=answered)
    if door.as_json:
        json_text(reply.text) if reply.text else None
        return
    for hold in reply.body:
        lines(_described(hold))


@app.command("release")
def release(context: typer.Context, number: Number, feed: FeedOption, reason: Reason) -> None:
    """Let a held file pass, for exactly what held it; runs that waited for nothing else go on."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.release_hold(path, number, reason), as_json=door.as_json)


@app.command("refuse")
def refuse(context: typer.Context, number: Number, feed: FeedOption, reason: Reason) -> None:
    """Say no to a held file; what waits for it does not go on."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.refuse_hold(path, number, reason), as_json=door.as_json)


@app.command("confirm")
def confirm(context: typer.Context, number: Number, feed: FeedOption) -> None:
    """Confirm another Owner's release, so that it counts for what that one asked for too."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        _show(door.client.confirm_hold(path, number), as_json=door.as_json)


def _show(reply: Reply[HoldBody], *, as_json: bool) -> None:
    if as_json:
        json_text(reply.text)
        return
    hold = reply.body
    lines(_described(hold))
    if hold.continued:
        lines([f"  goes on  {inert(run)}: feedgate run follow {inert(run)}" for run in hold.continued])
    elif hold.state is HoldState.RELEASED and hold.ended_by == hold.requester and hold.confirmed_by is None:
        command = f"feedgate hold confirm {hold.number} -f {inert(hold.feed)}"
        lines([f"  waits    {inert(hold.requester)} asked for it too; another Owner is to say: {command}"])


def _described(hold: HoldBody) -> list[str]:
    until = "" if hold.until is None else f", by itself on {hold.until:%Y-%m-%d %H:%M} UTC"
    found = [
        f"hold {hold.number}: {hold.state.value}, {inert(hold.filename)}",
        f"  rule     {inert(hold.rule)}{until}",
        f"  reason   {inert(hold.reason)}",
        f"  asked    {inert(hold.requester)}, run {inert(hold.run)}",
    ]
    if hold.ended_by is not None:
        confirmed = "" if hold.confirmed_by is None else f", confirmed by {inert(hold.confirmed_by)}"
        found.append(f"  answer   {inert(hold.ended_by)}: {inert(hold.ended_because or '')}{confirmed}")
    return found
