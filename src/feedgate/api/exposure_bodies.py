"""The bodies of ``/api/v1/exposure``: who has what an advisory affects."""

from datetime import datetime

from feedgate.api.advisory_bodies import MatchBody
from feedgate.api.bodies import Body
from feedgate.model.arrival import Arrival
from feedgate.model.download import ClientKind


class ExposedFileBody(Body):
    """A file that the feed has or had; ``listed`` = it has it now."""

    filename: str
    sha256: str
    listed: bool
    yanked: str | None


class FetchesBody(Body):
    """What one client fetched; ``client`` is a token's id or an address, ``actor`` the token's."""

    kind: ClientKind
    client: str | None
    actor: str | None
    files: list[str]
    first: datetime
    last: datetime


class SentAwayBody(Body):
    """Where a run sent a file; ``unknown`` = the run broke off, and whether the file is there nobody knows."""

    destination: str
    filename: str
    run: str
    arrival: Arrival
    at: datetime


class ExposedReleaseBody(Body):
    """A release of a feed: what is known of it, who fetched it, and where it was sent."""

    feed: str
    name: str
    version: str
    advisories: list[MatchBody]
    files: list[ExposedFileBody]
    fetches: list[FetchesBody]
    sends: list[SentAwayBody]


class ExposureBody(Body):
    """Who has it, in the feeds that were looked at; ``unseen`` says in sentences what is not known."""

    feeds: list[str]
    releases: list[ExposedReleaseBody]
    unseen: list[str]
