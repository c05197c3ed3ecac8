"""``feedgate advisories``: load advisory databases, see what is loaded, ask about releases."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from feedgate.cli.door import Door, opened
from feedgate.cli.plain import plain
from feedgate.cli.show import inert, json_text, lines, table
from feedgate.errors import Invalid

if TYPE_CHECKING:
    from feedgate.api.advisory_bodies import AdvisorySourceBody, MatchBody, MatchedReleaseBody, ReleaseBody

app = typer.Typer(
    help="Load advisory databases; ask what they say of releases.",
    rich_markup_mode=None,
    add_completion=False,
)

_DEFAULT_SOURCE: Final = "osv"


class NotARelease(Invalid):
    """A line that names no release."""

    code = "not-a-release"

    def __init__(self, number: int, line: str) -> None:
        super().__init__(
            f"line {number}: {line[:80]!r} is not NAME==VERSION",
            next_step="Give one release a line, for example requests==2.30.0, as pip freeze prints them.",
            facts={"line": number},
        )


class NoSuchDatabaseFile(Invalid):
    """What was given as a database is neither a file nor an address."""

    code = "no-such-database-file"

    def __init__(self, given: str) -> None:
        super().__init__(
            f"{given}: there is no such file",
            next_step="Give the path of a zip of OSV records, or an address that begins with https://.",
        )


@app.command("update")
def update(
    context: typer.Context,
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="URL|FILE",
            help="A zip of OSV records; without it the source's own address.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The source that it is of; default: the first of advisories.sources."
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Load it also if it is empty, older, much smaller or dated in the future."
        ),
    ] = False,
) -> None:
    """Load an advisory database; it takes the place of the source's last one at once."""
    from feedgate.api.advisory_bodies import AdvisoryUpdate  # pydantic, only where a body is made

    file = None if place is None or "://" in place else Path(place)
    if file is not None and not file.is_file():
        raise NoSuchDatabaseFile(str(file))
    with opened(context) as door:
        name = source or _first_source(door)
        if file is not None:
            reply = door.client.load_advisories(name, file, force=force)
        else:
            reply = door.client.update_advisories(name, AdvisoryUpdate(url=place, force=force))
        if door.as_json:
            json_text(reply.text)
            return
    lines([f"{inert(reply.body.source)}: {_in_words(reply.body)}"])
    if reply.body.state == "already-loaded":
        lines(["  it was loaded already, and nothing was changed"])
    _tell_findings(reply.body)


@app.command("status")
def status(context: typer.Context) -> None:
    """Show the sources, and of what day the database is that is loaded of each."""
    with opened(context) as door:
        reply = door.client.list_advisories()
    if door.as_json:
        if reply.text:
            json_text(reply.text)
        return
    table(
        ("source", "of", "age", "records", "malware", "withdrawn", "unread", ""),
        [
            (
                one.source,
                None if one.dated_at is None else f"{one.dated_at:%Y-%m-%d %H:%M}",
                None if one.age_days is None else f"{one.age_days:.1f} d",
                one.records,
                one.malware,
                one.withdrawn,
                one.finding_count,
                _state(one),
            )
            for one in reply.body
        ],
    )


@app.command("match")
def match(context: typer.Context) -> None:
    """Read releases from standard input, NAME==VERSION a line, and say which advisories they are affected by."""
    from feedgate.api.advisory_bodies import (  # pydantic, only where a body is made
        MOST_RELEASES,
        MatchQuestion,
    )

    releases = _releases(sys.stdin)
    with opened(context) as door:
        while some := list(islice(releases, MOST_RELEASES)):
            reply = door.client.match_advisories(MatchQuestion(releases=some))
            if door.as_json:
                json_text(reply.text)
            else:
                lines(line for release in reply.body for line in _described(release))


def _releases(given: Iterable[str]) -> "Iterator[ReleaseBody]":
    from feedgate.api.advisory_bodies import (  # pydantic, only where a body is made
        VERSION_PATTERN,
        ReleaseBody,
    )

    for number, line in enumerate(given, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, _, version = (part.strip() for part in text.partition("=="))
        if not name or not re.match(VERSION_PATTERN, version):
            raise NotARelease(number, text)
        yield ReleaseBody(name=name, version=version)


def _first_source(door: Door) -> str:
    sources = door.client.list_advisories().body
    return sources[0].source if sources else _DEFAULT_SOURCE


def _in_words(source: "AdvisorySourceBody") -> str:
    if source.dated_at is None or source.age_days is None:
        return "nothing is loaded"
    return (
        f"{source.records} records ({source.malware} of malware, {source.withdrawn} withdrawn), "
        f"of {source.dated_at:%Y-%m-%d %H:%M} UTC, {source.age_days:.1f} days old"
    )


def _state(source: "AdvisorySourceBody") -> str:
    if source.dated_at is None:
        return "nothing is loaded"
    return f"too old: more than {source.max_age_days:g} days" if source.too_old else ""


def _tell_findings(source: "AdvisorySourceBody") -> None:
    if source.too_old:
        typer.echo(
            f"it is older than {source.max_age_days:g} days, the most that the source may be", err=True
        )
    if source.finding_count:
        typer.echo(f"{source.finding_count} findings on records that could not be read whole:", err=True)
    for finding in source.findings:
        typer.echo(f"  {plain(finding)}", err=True)


def _described(release: "MatchedReleaseBody") -> Iterator[str]:
    head = f"{inert(release.name)} {inert(release.version)}:"
    if not release.advisories:
        yield f"{head} no advisory is known"
    for advisory in release.advisories:
        yield f"{head} {_advised(advisory)}"


def _advised(advisory: "MatchBody") -> str:
    names = ", ".join(inert(name) for name in (advisory.id, *advisory.aliases))
    kind = "malware" if advisory.malware else advisory.severity.value
    fix = "no fix is known" if advisory.fixed is None else f"fixed in {inert(advisory.fixed)}"
    return f"{names}, {kind}, {fix}"
