"""What an operator says of destinations: patience, connections, hosts and trust."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from feedgate.outside.body import Limits as Patient
from feedgate.outside.proxies import Proxies

MOST_CONNECTIONS = 8
"""pypiserver has one thread, and a backlog that is soon full."""

_LONGEST_WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    """What the operator says of destinations; ``proxies`` None = those of the environment.

    ``allowed_hosts`` may be connected to whatever their addresses are, beside the two addresses'
    own; ``azure_hosts`` are Azure DevOps Servers, ``upstream_hosts`` where a page leads that is
    not there. ``look_waits_seconds`` lie between the looks that an upload's answer is confirmed
    by, so there is one look more.
    """

    now: Callable[[], datetime]
    attempts: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = _LONGEST_WAIT_SECONDS
    look_waits_seconds: tuple[float, ...] = (1.0, 4.0, 15.0, 40.0)
    connections: int = MOST_CONNECTIONS
    authority: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    azure_hosts: tuple[str, ...] = ()
    upstream_hosts: tuple[str, ...] = ()
    proxies: Proxies | None = None
    limits: Patient = field(default_factory=lambda: Patient(silence_seconds=60.0, grace_seconds=90.0))
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
