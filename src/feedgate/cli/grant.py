"""``feedgate grant``: give an actor a role on a feed, or take it."""

from typing import Annotated

import typer

from feedgate.cli.arguments import FeedArgument
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.errors import Invalid
from feedgate.model.access import Role
from feedgate.model.names import parse_feed_path

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class RoleMissing(Invalid):
    """Neither a role to give nor the word to take one."""

    code = "role-missing"

    def __init__(self) -> None:
        super().__init__(
            "grant needs a role, or --remove and none",
            next_step=f"Roles are: {', '.join(role.value for role in Role)}.",
        )


@app.command()
def grant(
    context: typer.Context,
    feed: FeedArgument,
    actor: Annotated[
        str, typer.Argument(metavar="ACTOR", help="A person or machine; comes into being here.")
    ],
    role: Annotated[
        Role | None, typer.Argument(metavar="ROLE", help="reader, collaborator, contributor or owner.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the actor's role.")] = False,
) -> None:
    """Give an actor a role on a feed, in place of the one it had, or take it."""
    if (role is None) is not remove:
        raise RoleMissing
    path = parse_feed_path(feed)
    with opened(context) as door:
        client = door.client
        reply = client.remove_grant(path, actor) if role is None else client.grant(path, actor, role)
    if door.as_json:
        json_text(reply.text)
        return
    given = reply.body
    lines([f"{inert(given.actor)} on {inert(given.feed)}: {given.role.value if given.role else 'no role'}"])
