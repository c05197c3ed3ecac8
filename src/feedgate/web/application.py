"""The web application: the table of all operations behind three layers: protection, problems, authentication."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from feedgate.access.attempts import Attempts
from feedgate.blobs.store import BlobStore
from feedgate.feed.downloads import Downloads
from feedgate.feed.holds import Holding
from feedgate.feed.sbom import SbomParts
from feedgate.feed.upload import UploadParts
from feedgate.gate.advisories import Advisories
from feedgate.gate.load_advisories import LoadParts
from feedgate.model.secret import Secret
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.records.database import Database
from feedgate.web.advisories import AdvisoryDatabases
from feedgate.web.authentication import Authentication, Door
from feedgate.web.destinations import StandingDestinations
from feedgate.web.exposure import Exposures
from feedgate.web.feeds import Feeds
from feedgate.web.grants import Grants
from feedgate.web.health import Check, Health
from feedgate.web.held import HeldFiles
from feedgate.web.imports import Imports
from feedgate.web.ledger import Ledgers
from feedgate.web.openapi import OpenApi
from feedgate.web.operation import Operation, to_routes
from feedgate.web.passport import Passports
from feedgate.web.problems import Problems, answer_http_exception
from feedgate.web.projects import Projects
from feedgate.web.protection import Protection
from feedgate.web.reports import Reports
from feedgate.web.runs import Runs
from feedgate.web.sbom import Sboms
from feedgate.web.simple import SimpleIndex
from feedgate.web.tokens import Tokens
from feedgate.web.upload import Uploads


@dataclass(frozen=True, slots=True)
class WebParts:
    """What the application is made of; ``app/wiring.py`` builds it.

    ``local_key`` is the key in the data directory, None where there is none. ``allowed_destinations`` are
    the hosts that feeds may have as standing destinations.
    ``wake`` is told when a run was posted or followed; ``is_closing`` says that the
    server ends, so that answers under way end too. ``second_person`` = who asks for a file needs
    another Owner's word for its release.
    """

    records: Database
    blobs: BlobStore
    uploads: UploadParts
    downloads: Downloads
    local_key: Secret | None
    attempts: Attempts
    clock: Callable[[], datetime]
    version: str
    allowed_destinations: AllowedDestinations
    advisory_loading: LoadParts
    advisories: Advisories
    second_person: bool = True
    checks: Sequence[Check] = ()
    wake: Callable[[], None] = lambda: None
    is_closing: Callable[[], bool] = lambda: False


def make_operations(parts: WebParts) -> tuple[Operation, ...]:
    """Return the table of all operations."""
    runs = Runs(parts.records, parts.clock, parts.wake, parts.is_closing)
    described = (
        *SimpleIndex(parts.records, parts.blobs, parts.downloads).operations(),
        *Uploads(parts.uploads, parts.clock, parts.wake).operations(),
        *Feeds(parts.records, parts.clock).operations(),
        *Grants(parts.records, parts.clock).operations(),
        *StandingDestinations(
            parts.records, parts.allowed_destinations, parts.clock, parts.wake
        ).operations(),
        *Tokens(parts.records, parts.clock).operations(),
        *Projects(parts.records, parts.clock).operations(),
        *runs.operations(),
        *Imports(parts.records, parts.clock, parts.wake, runs).operations(),
        *Reports(parts.records, parts.blobs).operations(),
        *AdvisoryDatabases(parts.advisory_loading, parts.advisories, parts.clock).operations(),
        *HeldFiles(Holding(parts.records, parts.clock, parts.second_person), parts.wake).operations(),
        *Passports(parts.records, parts.advisories).operations(),
        *Exposures(parts.records, parts.advisories, parts.downloads).operations(),
        *Sboms(
            SbomParts(parts.records, parts.blobs, parts.advisories), parts.clock, parts.version
        ).operations(),
        *Ledgers(parts.records).operations(),
        *Health(parts.checks, parts.version).operations(),
    )
    return (*described, *OpenApi(described, parts.version).operations())


def make_application(parts: WebParts) -> Starlette:
    """Return the ASGI application."""
    door = Door(
        records=parts.records,
        local_key=parts.local_key,
        attempts=parts.attempts,
        clock=parts.clock,
        used=parts.downloads.used,
    )
    application = Starlette(
        routes=to_routes(make_operations(parts)),
        middleware=[Middleware(Protection), Middleware(Problems), Middleware(Authentication, door=door)],
        exception_handlers={HTTPException: answer_http_exception},
    )
    # It would answer with an absolute address made of the Host header; our own redirects are relative.
    application.router.redirect_slashes = False
    return application
