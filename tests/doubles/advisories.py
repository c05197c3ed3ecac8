"""A place that publishes advisory databases: what is put there is what comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from feedgate.model.index import UpstreamUnavailable
from tests.builders.advisories import make_database, make_record


@dataclass(slots=True)
class PublishedAdvisories:
    """Gives ``content`` for every address, and notes who was asked; None = nobody answers."""

    content: bytes | None = field(default_factory=lambda: make_database(make_record()))
    asked: list[tuple[str, str]] = field(default_factory=list)

    @asynccontextmanager
    async def download(self, source: str, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the database."""
        self.asked.append((source, url))
        if self.content is None:
            raise UpstreamUnavailable(source, reason="it is away")
        yield _in_halves(self.content)


async def _in_halves(content: bytes) -> AsyncIterator[bytes]:
    yield content[: len(content) // 2]
    yield content[len(content) // 2 :]
