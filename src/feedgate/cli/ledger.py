"""``feedgate ledger``: read a ledger, or have every hash of it computed anew."""

import json
from typing import Annotated

import typer

from feedgate.api.bodies import EntryBody
from feedgate.cli.door import opened
from feedgate.cli.exit import Exit
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.model.names import FeedPath, parse_feed_path

app = typer.Typer(help="Read a ledger, or verify it.", rich_markup_mode=None, add_completion=False)

Feed = Annotated[
    str | None, typer.Option("--feed", "-f", metavar="ORG/FEED", help="The feed; none = the installation's.")
]

_PAGE = 1000


@app.command("show")
def show(
    context: typer.Context,
    feed: Feed = None,
    after: Annotated[int, typer.Option(help="Entries behind this serial.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="At most so many entries.", min=1)] = 100,
) -> None:
    """Show the entries of a ledger in order."""
    with opened(context) as door:
        entries: list[EntryBody] = []
        texts: list[str] = []
        while limit > len(entries):
            reply = door.client.show_ledger(_path(feed), after=after, limit=min(_PAGE, limit - len(entries)))
            entries.extend(reply.body)
            texts.append(reply.text)
            if len(reply.body) < min(_PAGE, limit):
                break
            after = reply.body[-1].serial
    if door.as_json:
        text = "".join(texts)
        if text:
            json_text(text)
        return
    headings = ("serial", "time (UTC)", "actor", "act", "facts")
    table(headings, [(e.serial, f"{e.at:%Y-%m-%d %H:%M:%S}", e.actor, e.act, _facts(e)) for e in entries])


@app.command("verify")
def verify(
    context: typer.Context,
    feed: Feed = None,
    expect: Annotated[
        str | None, typer.Option(metavar="SERIAL:HASH", help="An entry noted elsewhere that must be there.")
    ] = None,
) -> None:
    """Compute every hash of a ledger anew; names the serial where it does not hold, with exit status 1."""
    with opened(context) as door:
        reply = door.client.verify_ledger(_path(feed), expect=expect)
    seen = reply.body
    if door.as_json:
        json_text(reply.text)
    elif seen.holds:
        lines([f"{inert(seen.ledger)}: holds, {seen.entries} entries, head {seen.serial}:{seen.hash}"])
    else:
        lines([f"{inert(seen.ledger)}: does not hold at serial {seen.fault_serial}: {inert(seen.fault)}"])
    if not seen.holds:
        raise typer.Exit(Exit.FAILED)


def _path(feed: str | None) -> FeedPath | None:
    return None if feed is None else parse_feed_path(feed)


def _facts(entry: EntryBody) -> str:
    """Return an entry's facts in a line; many files are a number."""
    facts = dict(entry.facts)
    files = facts.get("files")
    if isinstance(files, list) and len(files) > 1:
        facts["files"] = f"{len(files)} files"
    return json.dumps(facts, ensure_ascii=False)
