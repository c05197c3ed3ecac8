"""``feedgate passport``: all that is known of a file, or of the files of a release."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from feedgate.cli import units
from feedgate.cli.arguments import FeedOption
from feedgate.cli.door import opened
from feedgate.cli.show import inert, json_text, lines
from feedgate.model.names import parse_feed_path

if TYPE_CHECKING:
    from feedgate.api.passport_bodies import DecisionBody, InspectionBody, PassportBody

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("passport")
def passport(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(metavar="NAME==VERSION|FILE|SHA256", help="A release, a file's name, or its digest."),
    ],
    feed: FeedOption,
) -> None:
    """Show where a file came from, who asked for it, what was found in it and decided, and what is known today."""
    path = parse_feed_path(feed)
    with opened(context) as door:
        reply = door.client.show_passports(path, subject)
    if door.as_json:
        json_text(reply.text)
        return
    show(reply.body)


def show(bodies: Sequence["PassportBody"]) -> None:
    """Show passports on standard output, an empty line between them."""
    for number, body in enumerate(bodies):
        lines([*([""] if number else []), *_in_words(body)])


def _in_words(body: "PassportBody") -> Iterator[str]:
    yield inert(body.filename)
    yield inert(f"  release     {body.project} {body.version}")
    yield f"  sha256      {body.sha256}"
    yield f"  size        {units.size(body.size_bytes)}"
    yield inert(f"  origin      {body.origin.value}{f', from {body.upstream}' if body.upstream else ''}")
    if body.uploaded_at is not None:
        yield f"  uploaded    {body.uploaded_at:%Y-%m-%d %H:%M} UTC{' there' if body.upstream else ''}"
    yield f"  published   {body.published_at:%Y-%m-%d %H:%M} UTC here, serial {body.serial}"
    yield from _arrival(body)
    if body.yanked is not None:
        yield inert(f"  yanked      {body.yanked or 'no reason given'}")
    for inspection in body.inspections:
        yield from _inspection(inspection)
    if not body.inspections:
        yield "  inspected   no result is kept"
    yield from _decision(body.decision)
    yield from _advisories(body)


def _arrival(body: "PassportBody") -> Iterator[str]:
    arrival = body.arrival
    if arrival is None:
        return
    if arrival.run is None:
        yield inert(f"  {arrival.act:<11} by {arrival.actor}")
        return
    yield inert(f"  requested   by {arrival.actor}, {arrival.run}")
    if arrival.requested:
        yield inert(f"  asked for   {', '.join(arrival.requested)}")
    if arrival.reason:
        yield inert(f"  because     {arrival.reason}")


def _inspection(inspection: "InspectionBody") -> Iterator[str]:
    count = len(inspection.findings)
    said = "nothing found" if not count else "1 finding" if count == 1 else f"{count} findings"
    yield inert(
        f"  inspected   {inspection.inspector} {inspection.version}, {inspection.inspected_at:%Y-%m-%d}: {said}"
    )
    for finding in inspection.findings:
        where = f" ({finding.where})" if finding.where else ""
        yield inert(f"              {finding.severity.value}: {finding.message}{where}")


def _decision(decision: "DecisionBody | None") -> Iterator[str]:
    if decision is None:
        yield "  decision    none is kept: an earlier version brought it, or an index was copied"
        return
    yield inert(f"  decision    {decision.verdict.value}, policy {decision.policy or 'not kept'}")
    for opinion in decision.opinions:
        counts = "" if opinion.counts else " (reported only)"
        yield inert(f"              {opinion.rule}: {opinion.verdict.value}{counts}: {opinion.reason}")


def _advisories(body: "PassportBody") -> Iterator[str]:
    if body.advisories is None:
        yield "  advisories  no database is loaded: nothing is known"
        return
    if not body.advisories:
        yield "  advisories  none today"
    for number, one in enumerate(body.advisories):
        fixed = f"fixed in {one.fixed}" if one.fixed else "no fix known"
        names = ", ".join([one.id, *one.aliases])
        heading = "advisories" if number == 0 else ""
        yield inert(
            f"  {heading:<11} {'malware: ' if one.malware else ''}{names}, {one.severity.value}, {fixed}"
        )
