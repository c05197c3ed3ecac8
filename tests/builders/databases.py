"""Records with the newest tables and nothing in them; migrating once a process is enough."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution, parse_filename
from feedgate.model.feed import Origin
from feedgate.records.database import Database, sqlite_url
from feedgate.records.distributions import Published
from feedgate.records.migrate import open_database

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)


def empty_database(file: Path) -> Database:
    """Return the records in the new SQLite ``file``; whoever asks closes them."""
    file.write_bytes(_migrated())
    return open_database(sqlite_url(file))


def published(
    filename: str,
    *,
    digest: str = "a",
    size_bytes: int = 10,
    origin: Origin = Origin.IMPORTED,
    yanked: str | None = None,
) -> Published:
    """Return a distribution's row; ``digest`` is one hexadecimal digit, repeated."""
    stem = parse_filename(filename)
    full = Digest(digest * 64)
    file = Distribution(filename, full, size_bytes, uploaded_at=NOON, yanked=yanked)
    return Published(
        project=stem.project,
        version=str(stem.version),
        file=file,
        digest=full,
        size_bytes=size_bytes,
        origin=origin,
        source=None,
        published_at=NOON,
    )


@lru_cache(maxsize=1)
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "records.sqlite"
        open_database(sqlite_url(file)).close()
        return file.read_bytes()
