"""An installation with its web application, asked without a socket."""

import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from feedgate.access.attempts import Attempts
from feedgate.access.grants import grant
from feedgate.access.tokens import create_token
from feedgate.blobs.files import Files
from feedgate.feed.downloads import Downloads
from feedgate.feed.feeds import create_feed
from feedgate.feed.upload import UploadParts
from feedgate.formats.upload_form import FormLimits
from feedgate.gate.advisories import Advisories
from feedgate.gate.load_advisories import LoadParts
from feedgate.gate.look import Looks
from feedgate.machine import addresses
from feedgate.model.access import LOCAL_ADMINISTRATOR, Caller, Role, Scope
from feedgate.model.advisory_source import AdvisorySource
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, parse_filename
from feedgate.model.feed import FeedProject, Origin, Uploads
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath
from feedgate.model.secret import Secret
from feedgate.model.target import parse_target
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.records import distributions, projects
from feedgate.records.database import Database, sqlite_url
from feedgate.records.distributions import Published
from feedgate.records.entries import entries
from feedgate.records.feeds import find
from feedgate.records.migrate import open_database
from feedgate.web.application import WebParts, make_application
from feedgate.web.health import Check
from tests.doubles.advisories import PublishedAdvisories
from tests.doubles.listing import KnownListing

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
LOCAL = Caller(LOCAL_ADMINISTRATOR, Scope.MANAGE, is_administrator=True)
LOCAL_KEY = Secret("the-key-in-the-data-directory")
TARGET = parse_target("3.11@x86_64-manylinux_2_28")
FEED = FeedPath("acme", "pip-feed")
ORIGIN = "http://feedgate.example"
DESTINATION_HOST = "packages.example"
FILE_LIMIT_BYTES = 200_000
SOURCES = (AdvisorySource("osv", "https://advisories.example/PyPI/all.zip", timedelta(days=7)),)


@dataclass(slots=True)
class Clock:
    """Stands still until it is moved."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def move(self, step: timedelta) -> None:
        self.moment += step


@dataclass(slots=True)
class Installation:
    """One installation: its parts, and who may call it."""

    root: Path
    records: Database
    blobs: Files
    clock: Clock
    listing: KnownListing
    downloads: Downloads
    parts: WebParts
    published: PublishedAdvisories
    woken: list[str] = field(default_factory=list)

    def client(self, secret: Secret | None = None, *, address: str = "192.0.2.7") -> httpx.AsyncClient:
        """Return a client that sends ``secret`` as Bearer; None = no credential."""
        transport = httpx.ASGITransport(make_application(self.parts), client=(address, 40_000))
        headers = {} if secret is None else {"Authorization": f"Bearer {secret.reveal()}"}
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    def local(self) -> httpx.AsyncClient:
        """Return a client with the key of the data directory."""
        return self.client(LOCAL_KEY)

    def make_feed(self, path: FeedPath, *, is_public: bool = False) -> FeedPath:
        """Make another feed for TARGET."""
        _make_feed(self.records, path, is_public=is_public, now=self.clock())
        return path

    def token(
        self,
        actor: str,
        role: Role | None = None,
        *,
        feed: FeedPath = FEED,
        scope: Scope = Scope.MANAGE,
        only: tuple[FeedPath, ...] = (),
        life: timedelta | None = None,
    ) -> Secret:
        """Give ``actor`` the role on the feed, and return a token of it; ``only`` = for these feeds alone."""
        if role is not None:
            grant(self.records, LOCAL, feed, actor, role, now=self.clock())
        made = create_token(
            self.records, LOCAL, actor=actor, feed_paths=only, scope=scope, life=life, now=self.clock()
        )
        return made.secret

    async def publish(self, file: Path, *, feed: FeedPath = FEED) -> None:
        """Make a wheel visible without a look at it: many times faster than an upload."""
        stem = parse_filename(file.name)
        content = file.read_bytes()
        with zipfile.ZipFile(file) as archive:
            metadata = archive.read(
                next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            )
        digest, metadata_digest = await self._keep(content), await self._keep(metadata)
        distribution = Distribution(
            file.name, digest, len(content), uploaded_at=self.clock(), metadata_digest=metadata_digest
        )
        row = Published(
            project=stem.project,
            version=str(stem.version),
            file=distribution,
            digest=digest,
            size_bytes=len(content),
            origin=Origin.INTERNAL,
            source=None,
            published_at=self.clock(),
        )
        with self.records.read() as view:
            located = find(view, feed)
        assert located is not None
        with self.records.change(located.id, Act.UPLOADED, "local", self.clock()) as change:
            if projects.find(change, located.id, stem.project) is None:
                projects.put(change, located.id, FeedProject(stem.project, Origin.INTERNAL))
            distributions.publish(change, located.id, [row])
            change.record({"files": [{"filename": file.name, "sha256": digest}]})

    async def _keep(self, content: bytes) -> Digest:
        async with self.blobs.receive() as incoming:
            await incoming.write(content)
            return await incoming.keep()

    async def upload(
        self, file: Path, secret: Secret = LOCAL_KEY, *, feed: FeedPath = FEED, **fields: str
    ) -> httpx.Response:
        """Send a file in the legacy form, as twine does."""
        async with self.client(secret) as client:
            return await client.post(
                addresses.upload_path(feed.organization, feed.feed),
                data={":action": "file_upload", "protocol_version": "1", **fields},
                files={"content": (file.name, file.read_bytes(), "application/octet-stream")},
            )

    def acts(self, path: FeedPath | None) -> list[str]:
        """Return the acts of a feed's ledger in order; of the installation's where ``path`` is None."""
        with self.records.read() as view:
            located = None if path is None else find(view, path)
            return [entry.act for entry in entries(view, None if located is None else located.id)]


@asynccontextmanager
async def open_installation(root: Path, *, clock: Clock | None = None) -> AsyncIterator[Installation]:
    """Give an installation in the empty folder ``root``, with the private feed FEED for TARGET."""
    clock = clock or Clock()
    (root / "records.sqlite").write_bytes(_first_database())
    records = open_database(sqlite_url(root / "records.sqlite"))
    blobs = Files(root / "blobs")
    listing = KnownListing()
    downloads = Downloads(records, clock)
    published = PublishedAdvisories()
    woken: list[str] = []

    async def check_records() -> None:
        records.check()

    async with Looks.opened(records, blobs, clock, processes=1) as looks:
        uploads = UploadParts(
            records, blobs, looks, listing, Advisories(records, blobs, ()), FormLimits(), FILE_LIMIT_BYTES
        )
        parts = WebParts(
            records=records,
            blobs=blobs,
            uploads=uploads,
            downloads=downloads,
            local_key=LOCAL_KEY,
            attempts=Attempts(),
            clock=clock,
            version="1.2.3",
            allowed_destinations=AllowedDestinations.of(DESTINATION_HOST),
            advisory_loading=LoadParts(records, blobs, SOURCES, published.download),
            advisories=Advisories(records, blobs, SOURCES),
            checks=(Check("records", check_records), Check("blobs", blobs.check)),
            wake=lambda: woken.append("worker"),
        )
        try:
            yield Installation(root, records, blobs, clock, listing, downloads, parts, published, woken)
        finally:
            records.close()


@lru_cache(maxsize=1)
def _first_database() -> bytes:
    """Return the database that each installation begins with; made once a process."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "records.sqlite"
        records = open_database(sqlite_url(file))
        _make_feed(records, FEED, is_public=False, now=NOON)
        records.close()
        return file.read_bytes()


def _make_feed(records: Database, path: FeedPath, *, is_public: bool, now: datetime) -> None:
    create_feed(
        records,
        LOCAL,
        path,
        targets=(TARGET,),
        policy="open",
        is_public=is_public,
        uploads=Uploads.INTERNAL,
        now=now,
    )
