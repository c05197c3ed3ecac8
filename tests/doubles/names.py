"""A resolver that answers from a table, one answer after the other, and the last for ever."""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult


class Names(AbstractResolver):
    """``answers`` maps a host to its answers in turn, each a list of addresses; others are not found."""

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._left = {host: list(turns) for host, turns in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        turns = self._left.get(host)
        if not turns:
            raise OSError(None, "no such name")
        addresses = turns[0] if len(turns) == 1 else turns.pop(0)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass
