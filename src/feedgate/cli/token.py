"""``feedgate token``: make, list and revoke tokens. A secret is shown once, and stored nowhere."""

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from feedgate.api.bodies import NewTokenBody, TokenBody, TokenCreation
from feedgate.cli.door import opened
from feedgate.cli.plain import plain
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.cli.units import parse_span
from feedgate.model.access import Role, Scope

_SMALLEST_ROLE: Final = {Scope.READ: Role.READER, Scope.WRITE: Role.COLLABORATOR, Scope.MANAGE: Role.OWNER}
"""With which a token of that scope can do anything that a smaller scope could not."""

app = typer.Typer(help="Make, list and revoke tokens.", rich_markup_mode=None, add_completion=False)


@app.command("create")
def create(
    context: typer.Context,
    actor: Annotated[
        str | None, typer.Option(metavar="ACTOR", help="Whose token; default: your own.")
    ] = None,
    feeds: Annotated[
        list[str] | None,
        typer.Option("--feed", "-f", metavar="ORG/FEED", help="A feed it reaches; default: all. Repeatable."),
    ] = None,
    scope: Annotated[Scope, typer.Option(help="Each includes the smaller ones.")] = Scope.READ,
    expires: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="90d, 12h, 4w, 1y or never; default: as the server sets it."),
    ] = None,
) -> None:
    """Make a token, never wider than your own. The secret alone goes to standard output."""
    stated: dict[str, object] = {"actor": actor, "feeds": feeds or [], "scope": scope}
    if expires is not None:
        span = parse_span(expires)
        stated["expires_in_seconds"] = None if span is None else int(span.total_seconds())
    with opened(context) as door:
        reply = door.client.create_token(TokenCreation.model_validate(stated))
    if door.as_json:
        json_text(reply.text)
        return
    token = reply.body
    typer.echo(plain(_described(token)), err=True)
    for line in _closed(token):
        typer.echo(plain(line), err=True)
    typer.echo(plain(token.token))


@app.command("list")
def list_tokens(context: typer.Context) -> None:
    """List your tokens; an administrator sees all."""
    with opened(context) as door:
        reply = door.client.list_tokens()
    if door.as_json:
        if reply.text:
            json_text(reply.text)
        return
    headings = ("token", "actor", "scope", "feeds", "expires", "last used", "")
    table(
        headings,
        [
            (
                token.id,
                token.actor,
                token.scope.value,
                "all" if token.feeds is None else ", ".join(token.feeds),
                "never" if token.expires_at is None else f"{token.expires_at:%Y-%m-%d}",
                "never" if token.last_used_at is None else f"{token.last_used_at:%Y-%m-%d %H:%M}",
                "revoked" if token.revoked_at else "",
            )
            for token in reply.body
        ],
    )


@app.command("revoke")
def revoke(
    context: typer.Context, token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id: tok_…")]
) -> None:
    """Revoke a token; it is taken no more from that moment on."""
    with opened(context) as door:
        reply = door.client.revoke_token(token)
    if door.as_json:
        json_text(reply.text)
    else:
        lines([f"{inert(reply.body.id)} of {inert(reply.body.actor)} is revoked"])


def _closed(token: NewTokenBody) -> Iterator[str]:
    """Say where the token opens nothing yet, and what changes that."""
    role = _SMALLEST_ROLE[token.scope].value
    for feed in token.without_role:
        yield (
            f"{token.actor} has no role on {feed}, so this token opens nothing there yet. "
            f"Next: feedgate grant {feed} {token.actor} {role}"
        )
    if token.opens_nothing and not token.without_role:
        yield (
            f"{token.actor} has no role on any feed, so this token opens nothing yet. "
            f"Next: feedgate grant ORG/FEED {token.actor} {role}"
        )


def _described(token: TokenBody) -> str:
    feeds = "all feeds of its actor" if token.feeds is None else ", ".join(token.feeds)
    until = (
        "does not expire" if token.expires_at is None else f"expires {token.expires_at:%Y-%m-%d %H:%M} UTC"
    )
    return f"{token.id}: {token.scope.value} for {token.actor} on {feeds}; {until}. Shown once:"
