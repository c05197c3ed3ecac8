"""``feedgate sbom``: a bill of materials of a feed or of a run, as CycloneDX."""

from typing import Annotated

import typer

from feedgate.cli.door import opened
from feedgate.cli.feed_moment import parse_feed_moment
from feedgate.cli.show import json_text
from feedgate.errors import Invalid

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class OneSubject(Invalid):
    """A bill of materials asked for of nothing, or of two things."""

    code = "sbom-of-one"

    def __init__(self) -> None:
        super().__init__(
            "a bill of materials is of one feed or of one run",
            next_step="Give either --feed ORG/FEED, with @serial:N for how it was, or --run RUN.",
        )


@app.command("sbom")
def sbom(
    context: typer.Context,
    feed: Annotated[
        str | None,
        typer.Option("--feed", "-f", metavar="ORG/FEED[@serial:N]", help="What the feed holds, or held."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="What the run resolved, with dependencies.")
    ] = None,
) -> None:
    """Print a bill of materials (CycloneDX 1.6, JSON): releases, sha256, licences, known vulnerabilities."""
    if (feed is None) == (run is None):
        raise OneSubject
    if feed is not None:
        path, serial = parse_feed_moment(feed)
        with opened(context) as door:
            text = door.client.feed_sbom(path, serial)
    else:
        with opened(context) as door:
            text = door.client.run_sbom(run or "")
    json_text(text)
