"""Addresses that answer for the operator's own hosts may answer for other names too.

In locked-down networks one gateway or mirror, often at a private address,
stands for PyPI's index and its files alike. So an address that is forbidden
by itself is allowed where a named host resolves to it, at that host's port.
Named hosts are looked up only once an address was denied: elsewhere it costs nothing.
"""

import asyncio
import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver

from feedgate.outside.egress import Address, AllowedHost, Egress, literal_address

FRESH_SECONDS = 30.0


class Gateways:
    """Knows where named hosts are reached; belongs to one event loop."""

    def __init__(self, egress: Egress, resolver: AbstractResolver | None) -> None:
        self._egress = egress
        self._resolver = resolver
        self._known: frozenset[tuple[Address, int]] = frozenset()
        self._fresh_until = 0.0
        self._looking = asyncio.Lock()

    def known(self, address: Address, port: int) -> bool:
        """Whether a named host was seen to answer at that address and port."""
        return (address, port) in self._known

    async def admit(self, address: Address, port: int) -> bool:
        """Whether a named host resolves to that address, asked again after 30 s."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if loop.time() >= self._fresh_until:
                found = await asyncio.gather(*(self._places(host) for host in self._egress.allowed))
                self._known = frozenset().union(*found)
                self._fresh_until = loop.time() + FRESH_SECONDS
        return self.known(address, port)

    async def _places(self, host: AllowedHost) -> frozenset[tuple[Address, int]]:
        literal = literal_address(host.host)
        if literal is not None:
            return frozenset({(literal, host.gateway_port)})
        resolver = self._resolver or DefaultResolver()
        try:
            answers = await resolver.resolve(host.host, host.gateway_port, socket.AF_UNSPEC)
        except OSError:
            return frozenset()
        return frozenset(
            (ip_address(answer["host"].partition("%")[0]), host.gateway_port) for answer in answers
        )
