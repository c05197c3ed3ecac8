"""Exposure over the API: who has what an advisory affects."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.exposure_bodies import (
    ExposedFileBody,
    ExposedReleaseBody,
    ExposureBody,
    FetchesBody,
    SentAwayBody,
)
from feedgate.errors import Full, Invalid, Unavailable
from feedgate.feed.downloads import Downloads
from feedgate.feed.exposure import (
    ExposedRelease,
    Exposure,
    Fetches,
    exposure_to_advisory,
    exposure_to_release,
)
from feedgate.gate.advisories import Advisories
from feedgate.machine import addresses
from feedgate.model.names import parse_feed_path, parse_project_name
from feedgate.records.database import Database
from feedgate.records.exposure import EverPublished, SentAway
from feedgate.web.advisories import match_body
from feedgate.web.answers import answer_body
from feedgate.web.authentication import caller_of
from feedgate.web.operation import Operation
from feedgate.web.parameters import Text

ADVISORY: Final = Text(
    "advisory",
    "The id or an alias of an advisory.",
    pattern="[A-Za-z0-9][A-Za-z0-9._:-]{0,99}",
    expected="an advisory's id",
)
RELEASE: Final = Text(
    "release",
    "A release as NAME==VERSION, in an advisory's place.",
    pattern="[^=\\s]{1,200}==[^=\\s]{1,255}",
    expected="NAME==VERSION",
)
FEED: Final = Text(
    "feed",
    "This feed alone, as ORGANIZATION/FEED; left out = every feed that the caller owns.",
    pattern="[^/]{1,64}/[^/]{1,64}",
    expected="ORGANIZATION/FEED",
)


class ExposureUnclear(Invalid):
    """What is asked about is neither an advisory nor a release, or both."""

    code = "exposure-unclear"

    def __init__(self) -> None:
        super().__init__(
            "exposure is asked about one advisory or one release",
            next_step="Give either advisory=ID or release=NAME==VERSION.",
        )


@dataclass(frozen=True, slots=True)
class Exposures:
    """The operation on exposure; ``downloads`` are those that wait to be written."""

    records: Database
    advisories: Advisories
    downloads: Downloads

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of it."""
        return (
            Operation(
                "show-exposure",
                "GET",
                addresses.API_EXPOSURE,
                self.show,
                needs=Permission.EXPOSURE_READ,
                answers=ExposureBody,
                parameters=(ADVISORY, RELEASE, FEED),
            ),
        )

    async def show(self, request: Request) -> Response:
        """Show who fetched the releases that an advisory affects, where they were sent, and what can not be seen."""
        caller = caller_of(request)
        require_actor(caller)
        advisory, release, feed = (one.read(request) for one in (ADVISORY, RELEASE, FEED))
        path = None if feed is None else parse_feed_path(feed)
        if (advisory is None) == (release is None):
            raise ExposureUnclear
        # What can not be written now is written later, and must not keep an Owner from what is known.
        with suppress(Unavailable, Full):
            await run_in_threadpool(self.downloads.write)
        if advisory is not None:
            found = await exposure_to_advisory(self.records, self.advisories, caller, advisory, path)
        else:
            name, _, version = str(release).partition("==")
            project = parse_project_name(name)
            found = await exposure_to_release(self.records, self.advisories, caller, project, version, path)
        return answer_body(_body(found))


def _body(exposure: Exposure) -> ExposureBody:
    return ExposureBody(
        feeds=[str(path) for path in exposure.feeds],
        releases=[_release(one) for one in exposure.releases],
        unseen=list(exposure.unseen),
    )


def _release(release: ExposedRelease) -> ExposedReleaseBody:
    return ExposedReleaseBody(
        feed=str(release.feed),
        name=release.project,
        version=release.version,
        advisories=[match_body(match) for match in release.matches],
        files=[_file(file) for file in release.files],
        fetches=[_fetches(fetches) for fetches in release.fetches],
        sends=[_sent(sent) for sent in release.sends],
    )


def _file(file: EverPublished) -> ExposedFileBody:
    return ExposedFileBody(
        filename=file.filename, sha256=file.digest, listed=file.is_listed, yanked=file.yanked
    )


def _fetches(fetches: Fetches) -> FetchesBody:
    return FetchesBody(
        kind=fetches.client.kind,
        client=fetches.client.name or None,
        actor=fetches.actor,
        files=list(fetches.filenames),
        first=fetches.first_at,
        last=fetches.last_at,
    )


def _sent(sent: SentAway) -> SentAwayBody:
    return SentAwayBody(
        destination=sent.destination,
        filename=sent.filename,
        run=sent.run,
        arrival=sent.arrival,
        at=sent.at,
    )
