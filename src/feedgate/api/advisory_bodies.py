"""The bodies of ``/api/v1/advisories``: what is loaded, and what the loaded advisories say of releases."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from feedgate.api.bodies import Body
from feedgate.model.advisory import AdvisorySeverity

MOST_RELEASES: int = 10_000
"""So many releases are asked about in one call."""

VERSION_PATTERN: str = "^[A-Za-z0-9._+!-]+$"
"""A marker or a hash read as part of a version would be a release that nobody knows, and so without advisories."""


class AdvisorySourceBody(Body):
    """A source of advisories, and the database that is loaded of it; null = none was yet.

    ``dated_at`` is the newest time at which one of its records was changed, ``age_days`` how long
    ago that was; ``too_old`` says that the source's ``max_age_days`` is over, or nothing is
    loaded. ``findings`` are the first of ``finding_count``: what of the records could not be read.
    """

    source: str
    url: str
    max_age_days: float
    too_old: bool
    sha256: str | None = None
    dated_at: datetime | None = None
    age_days: float | None = None
    loaded_at: datetime | None = None
    records: int = 0
    withdrawn: int = 0
    malware: int = 0
    finding_count: int = 0
    findings: list[str] = Field([])


class AdvisoryLoadBody(AdvisorySourceBody):
    """A source after a database was given to it; ``state`` is ``loaded``, or ``already-loaded`` for the same bytes."""

    state: str


class AdvisoryUpdate(Body):
    """A source's database is to be fetched: from its own address, or from ``url``.

    ``force`` loads one that is empty, older, much smaller or dated in the future, too.
    """

    url: Annotated[str, Field(max_length=2000)] | None = None
    force: bool = False


class ReleaseBody(Body):
    """A release to ask about; a version need not be one by PEP 440, but what follows a version is none."""

    name: Annotated[str, Field(max_length=200)]
    version: Annotated[str, Field(max_length=255, pattern=VERSION_PATTERN)]


class MatchQuestion(Body):
    """The releases to ask about."""

    releases: Annotated[list[ReleaseBody], Field(max_length=MOST_RELEASES)]


class MatchBody(Body):
    """What is known of a release by one name; ``aliases`` are its other ones, ``fixed`` ends what is affected.

    ``severity`` is ``high`` where none is stated.
    """

    id: str
    aliases: list[str]
    severity: AdvisorySeverity
    fixed: str | None
    malware: bool


class MatchedReleaseBody(Body):
    """A release, and the advisories that it is affected by; none = none is known."""

    name: str
    version: str
    advisories: list[MatchBody]
