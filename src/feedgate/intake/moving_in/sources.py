"""The indexes that imports copy: that of the command which started the server, and those an administrator allowed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from yarl import URL

from feedgate.errors import Forbidden
from feedgate.intake.destinations import Own, UserAndPassword
from feedgate.model.destination import Addresses
from feedgate.outside.egress import Egress, EgressDenied
from feedgate.outside.source import Source

OpenSource: TypeAlias = Callable[[Addresses, UserAndPassword | None], AbstractAsyncContextManager[Source]]


class SourceNotAllowed(Forbidden):
    """An index on a host that no administrator allowed, in a server that other commands use too."""

    code = "source-not-allowed"

    def __init__(self, source: str, host: str, setting: str) -> None:
        super().__init__(
            f"{source}: is not copied by this server: {setting} does not name {host}, and no credentials "
            "for it came from a command that started the server",
            next_step="Give the command again where no server runs, so that it starts its own; what is taken is not taken "
            f"twice. For a server that stays, have an administrator name {host} in {setting}.",
            facts={"host": host, "setting": setting},
        )


@dataclass(frozen=True, slots=True)
class ImportSources:
    """Opens an import's source; ``allowed`` are the hosts that an administrator named."""

    open_one: OpenSource
    own: Own | None
    allowed: Egress

    @asynccontextmanager
    async def opened(self, addresses: Addresses) -> AsyncIterator[Source]:
        """Give the source, found and checked; raises SourceNotAllowed, and what ``Source.check`` raises."""
        credentials = None
        if self.own is not None and self.own.addresses == addresses:
            credentials = self.own.credentials
        else:
            self._require(addresses)
        async with self.open_one(addresses, credentials) as source:
            await source.check()
            yield source

    def _require(self, addresses: Addresses) -> None:
        url = URL(addresses.read_url)
        try:
            if self.allowed.names(url):
                self.allowed.judge(url, what="the source")
                return
        except EgressDenied:
            pass
        port = "" if url.explicit_port is None else f":{url.explicit_port}"
        scheme = "http://" if url.scheme == "http" else ""
        raise SourceNotAllowed(addresses.read_url, f"{scheme}{url.raw_host}{port}", self.allowed.setting)
