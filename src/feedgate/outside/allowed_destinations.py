"""Which hosts feeds may have as standing destinations: those that an administrator named, and none without one."""

from dataclasses import dataclass
from typing import Final

from yarl import URL

from feedgate.errors import Forbidden
from feedgate.model.destination import Addresses
from feedgate.outside.egress import Egress, EgressDenied

SETTING: Final = "destinations.allowed_hosts"


class DestinationNotAllowed(Forbidden):
    """A standing destination on a host that no administrator allowed."""

    code = "destination-not-allowed"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host}: no feed may have a standing destination there: {SETTING} does not name it",
            next_step=f"Have an administrator name {host} in {SETTING}, and start the server again.",
            facts={"host": host, "setting": SETTING},
        )


@dataclass(frozen=True, slots=True)
class AllowedDestinations:
    """The setting, read once; made by ``of``."""

    egress: Egress

    @classmethod
    def of(cls, *hosts: str) -> "AllowedDestinations":
        """Read the setting's hosts; raises InvalidHost."""
        return cls(Egress(setting=SETTING).with_hosts(*hosts))

    def require(self, addresses: Addresses) -> None:
        """Raise DestinationNotAllowed unless both addresses are on hosts that were named."""
        for address in (addresses.upload_url, addresses.read_url):
            url = URL(address)
            if not self.egress.names(url) or not self._takes_scheme(url):
                raise DestinationNotAllowed(_host_of(url))

    def _takes_scheme(self, url: URL) -> bool:
        """Whether it is https, or named with ``http://``: what is sent there is a secret."""
        try:
            self.egress.judge(url, what="a standing destination")
        except EgressDenied:
            return False
        return True


def _host_of(url: URL) -> str:
    """Return the host as the setting would name it."""
    port = "" if url.explicit_port is None else f":{url.explicit_port}"
    return f"{'http://' if url.scheme == 'http' else ''}{url.raw_host}{port}"
