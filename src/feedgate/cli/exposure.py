"""``feedgate exposure``: who has what an advisory affects."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Final

import typer

from feedgate.cli.arguments import OptionalFeed
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.model.arrival import Arrival
from feedgate.model.download import ClientKind
from feedgate.model.names import parse_feed_path

if TYPE_CHECKING:
    from feedgate.api.exposure_bodies import (
        ExposedReleaseBody,
        ExposureBody,
        FetchesBody,
        SentAwayBody,
    )

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_ARRIVED: Final = {
    Arrival.SENT: "sent",
    Arrival.PRESENT: "was there already",
    Arrival.UNKNOWN: "may be there: the run broke off",
}


@app.command("exposure")
def exposure(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(metavar="ADVISORY|NAME==VERSION", help="An advisory's id or alias, or a release."),
    ],
    feed: OptionalFeed = None,
) -> None:
    """Show which releases an advisory affects, who fetched them, where they were sent, and what can not be seen."""
    path = None if feed is None else parse_feed_path(feed)
    with opened(context) as door:
        reply = door.client.show_exposure(subject, path)
    if door.as_json:
        json_text(reply.text)
        return
    lines(_in_words(subject, reply.body))


def _in_words(subject: str, body: "ExposureBody") -> Iterator[str]:
    looked_at = body.feeds[0] if len(body.feeds) == 1 else f"{len(body.feeds)} feeds"
    if not body.releases:
        yield inert(f"{subject}: no release that it affects is, or was, in {looked_at}")
        return
    for release in body.releases:
        yield from _release(release)
        yield ""
    yield inert(f"Looked at: {', '.join(body.feeds)}.")
    yield "Not seen:"
    for sentence in body.unseen:
        yield inert(f"  {sentence}")


def _release(release: "ExposedReleaseBody") -> Iterator[str]:
    yield inert(f"{release.name} {release.version} in {release.feed}")
    for one in release.advisories:
        fixed = f"fixed in {one.fixed}" if one.fixed else "no fix is known"
        severity = "malware" if one.malware else one.severity.value
        yield inert(f"  advisory    {', '.join([one.id, *one.aliases])}, {severity}, {fixed}")
    for file in release.files:
        yanked = "" if file.yanked is None else ", yanked"
        state = f"in the feed{yanked}" if file.listed else "no longer in the feed"
        yield inert(f"  file        {file.filename}, {state}")
    for fetches in release.fetches:
        yield inert(f"  fetched by  {_who(fetches)}, {_when(fetches)}{_which(fetches, release)}")
    if not release.fetches:
        yield "  fetched by  nobody that is known"
    yield from _sends(release.sends)


def _who(fetches: "FetchesBody") -> str:
    if fetches.kind is ClientKind.OTHERS:
        return "others"
    if fetches.kind is ClientKind.TOKEN:
        return f"{fetches.actor or 'nobody known'}, token {fetches.client}"
    return f"address {fetches.client or 'unknown'}"


def _when(fetches: "FetchesBody") -> str:
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (fetches.first, fetches.last))
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"


def _which(fetches: "FetchesBody", release: "ExposedReleaseBody") -> str:
    """Return the files where they are not all that the release has."""
    return "" if len(fetches.files) == len(release.files) else f": {', '.join(fetches.files)}"


def _sends(sends: "list[SentAwayBody]") -> Iterator[str]:
    for (destination, run, arrival), group in groupby(
        sends, key=lambda sent: (sent.destination, sent.run, sent.arrival)
    ):
        files = list(group)
        yield inert(
            f"  sent to     {destination}, {files[0].at:%Y-%m-%d %H:%M} UTC, {run}: {_ARRIVED[arrival]}: "
            + ", ".join(sent.filename for sent in files)
        )
