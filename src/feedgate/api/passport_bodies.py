"""The bodies of passports: what is known of one file of a feed."""

from datetime import datetime

from feedgate.api.advisory_bodies import MatchBody
from feedgate.api.bodies import Body
from feedgate.model.decision import Verdict
from feedgate.model.feed import Origin
from feedgate.model.inspection import Severity


class ArrivalBody(Body):
    """Who brought a file, and why; ``requested`` are the words of the request, none for an upload."""

    act: str
    actor: str
    run: str | None
    requested: list[str]
    reason: str | None


class FindingBody(Body):
    """One statement of an inspector; ``where`` is the member of the archive that it is about."""

    code: str
    severity: Severity
    message: str
    where: str | None


class InspectionBody(Body):
    """What an inspector of that version found, and when it looked; no findings = nothing was found."""

    inspector: str
    version: int
    inspected_at: datetime
    findings: list[FindingBody]


class OpinionBody(Body):
    """What one rule said. ``counts`` is false for a rule that is only reported.

    ``until`` is when time alone would have ended a hold; ``findings`` are what the opinion goes by.
    """

    rule: str
    verdict: Verdict
    reason: str
    until: datetime | None
    findings: list[str]
    counts: bool


class DecisionBody(Body):
    """What policy said of the file when it came; runs of earlier versions kept no opinions, and ``policy`` is null."""

    policy: str | None
    verdict: Verdict
    reason: str
    opinions: list[OpinionBody]


class PassportBody(Body):
    """What is known of one file of a feed.

    ``upstream`` is its address at the upstream, without credentials; null for what came by upload.
    ``uploaded_at`` is when it came there, ``published_at`` when it became visible here, with the ledger's
    entry ``serial``. ``arrival`` is null for who may not read the feed's history, ``decision`` where none was
    kept, ``advisories`` where no database is loaded. ``yanked`` is the reason, which may be empty.
    """

    project: str
    version: str
    filename: str
    sha256: str
    size_bytes: int
    metadata_sha256: str | None
    requires_python: str | None
    origin: Origin
    upstream: str | None
    uploaded_at: datetime | None
    published_at: datetime
    serial: int
    arrival: ArrivalBody | None
    inspections: list[InspectionBody]
    decision: DecisionBody | None
    advisories: list[MatchBody] | None
    yanked: str | None
