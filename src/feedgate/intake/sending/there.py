"""What a destination has of a closure: where it lists each file, whether each can be had, in words what is not there."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from feedgate.errors import FeedgateError
from feedgate.intake.sending.ranks import find_listed
from feedgate.intake.sending.sent import GOOD, End, SentFile
from feedgate.model.index import NoSuchProject, ProjectPage
from feedgate.model.names import ProjectName
from feedgate.model.redaction import plain_address
from feedgate.outside.destination import Destination
from feedgate.records.distributions import Published

_MOST_NAMED: Final = 10

Pages: TypeAlias = Mapping[ProjectName, ProjectPage | None]


async def read_pages(destination: Destination, names: Collection[ProjectName]) -> Pages:
    """Return what the destination lists now of each name, None where it has no page."""
    in_order = sorted(names)
    found = await asyncio.gather(*(_page_or_none(destination, name) for name in in_order))
    return dict(zip(in_order, found, strict=True))


async def _page_or_none(destination: Destination, name: ProjectName) -> ProjectPage | None:
    try:
        return await destination.page(name)
    except NoSuchProject:
        return None


def missing_of(rows: Iterable[Published], pages: Pages) -> list[Published]:
    """Return those of ``rows`` whose names the pages do not list."""
    return [row for row in rows if find_listed(pages.get(row.project), row.file.filename) is None]


def with_addresses(
    files: Mapping[str, SentFile], rows: Iterable[Published], pages: Pages
) -> Mapping[str, SentFile]:
    """Return the files' ends with the address at which the destination lists each."""
    projects = {row.file.filename: row.project for row in rows}
    listed = {name: find_listed(pages.get(projects[name]), name) for name in files}
    return {
        name: replace(file, address=None if (there := listed[name]) is None else _plain(there.source))
        for name, file in files.items()
    }


def _plain(address: str | None) -> str | None:
    return None if address is None else plain_address(address)


def with_our_bytes(rows: Iterable[Published], files: Mapping[str, SentFile]) -> list[Published]:
    """Return those of ``rows`` in whose place no other bytes were accepted."""
    accepted = {name for name, file in files.items() if file.end is End.PRESENT and file.reason is not None}
    return [row for row in rows if row.file.filename not in accepted]


async def why_unreachable(destination: Destination, rows: Iterable[Published], pages: Pages) -> str | None:
    """Return why one of the files can not be had from the destination, None where all can."""

    async def fault(row: Published) -> str | None:
        listed = find_listed(pages.get(row.project), row.file.filename)
        if listed is None:
            return f"{row.file.filename}: is not on the destination's page"
        try:
            size_bytes = await destination.size_of(listed)
        except FeedgateError as error:
            return error.message
        if size_bytes != row.size_bytes:
            return f"{row.file.filename}: has {size_bytes} bytes there, and {row.size_bytes} here"
        return None

    found = await asyncio.gather(*(fault(row) for row in rows))
    return next((reason for reason in found if reason is not None), None)


def in_words(files: Mapping[str, SentFile]) -> str:
    """Name the files that are not there, and why; those that wait for them are counted."""
    named = [
        f"{name}: {file.reason}" for name, file in files.items() if file.end not in {*GOOD, End.KEPT_BACK}
    ]
    waiting = sum(1 for file in files.values() if file.end is End.KEPT_BACK)
    more = len(named) - _MOST_NAMED
    text = "; ".join(named[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return text + (f"; {waiting} files that depend on them were kept back" if waiting else "")
