"""Whether the way to the upstream can be gone as it is set: asked at start, not by the first run.

Else a worker would fall over, again and again, while runs wait for it.
"""

import asyncio

from feedgate.app.directory import DataDirectory
from feedgate.app.pypi import pypi_url
from feedgate.app.settings import Settings
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.outside.egress import Egress
from feedgate.outside.proxies import Proxies


def check_outward(settings: Settings, directory: DataDirectory) -> None:
    """Raise what is wrong with hosts, proxies or certificate authorities: InvalidHost, InvalidProxy, InvalidAuthority.

    Nothing is connected to.
    """
    Egress().with_hosts(settings.upstream.url or pypi_url(), *settings.upstream.allowed_hosts)
    Egress().with_hosts(*(source.url for source in settings.advisories.sources))
    AllowedDestinations.of(*settings.destinations.allowed_hosts)
    Proxies.from_environment()
    if settings.upstream.ca is not None:
        asyncio.run(_open_once(settings, directory))


async def _open_once(settings: Settings, directory: DataDirectory) -> None:
    from feedgate.app.upstream_wiring import open_upstream  # noqa: PLC0415  # 0.3 s that only a named authority costs

    async with open_upstream(settings, directory):
        pass
