"""Feeds' standing destinations as runs need them: with the secret of this moment, read from where it is said to be."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from feedgate.errors import Unavailable
from feedgate.intake.destinations import DestinationRemoved, UserAndPassword
from feedgate.model.run import RunId
from feedgate.model.secret import Secret
from feedgate.model.secret_source import SecretSource
from feedgate.model.send_request import SendRequest
from feedgate.model.standing_destination import StandingDestination
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.outside.credentials import BUILD, Missing
from feedgate.records import destinations, runs
from feedgate.records.database import Database, FeedId

ReadSecret: TypeAlias = Callable[[SecretSource, str, str], Secret | Missing]
"""Given a source, and for the keyring address and user, returns the secret or why there is none."""


class SecretMissing(Unavailable):
    """The secret of a standing destination is not where it is said to be."""

    code = "destination-secret-missing"

    def __init__(self, destination: StandingDestination, reason: str) -> None:
        super().__init__(
            f"{reason} ({destination.secret}, the secret of the destination {destination.name})",
            next_step="Put it there: a run that sends goes on by itself, any other with: feedgate run retry",
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Finds standing destinations within what an administrator allowed."""

    records: Database
    allowed: AllowedDestinations
    read_secret: ReadSecret

    def find(self, feed: FeedId, name: str) -> tuple[StandingDestination, UserAndPassword | None]:
        """Return the destination and its credentials, from a thread that may wait.

        Raises DestinationRemoved, SecretMissing, DestinationNotAllowed.
        """
        with self.records.read() as view:
            destination = destinations.find(view, feed, name)
        if destination is None:
            raise DestinationRemoved(name)
        self.allowed.require(destination.addresses)
        return destination, self._credentials(destination)

    async def why_it_waits(self, run: RunId) -> str | None:
        """Return what a run that sends waits for: a secret that is not there. None = for nothing."""
        return await asyncio.to_thread(self._why_it_waits, run)

    def _why_it_waits(self, run: RunId) -> str | None:
        with self.records.read() as view:
            request = SendRequest.from_text(runs.request_text(view, run))
            feed = runs.feed_of(view, run)
            destination = None if request.name is None else destinations.find(view, feed, request.name)
        if destination is None:
            return None  # a command's own, or one that is gone: the run itself says so
        try:
            self._credentials(destination)
        except SecretMissing as error:
            return f"waits: {error.message}"
        return None

    def _credentials(self, destination: StandingDestination) -> UserAndPassword | None:
        if destination.secret is None:
            return None
        found = self.read_secret(
            destination.secret, destination.addresses.upload_url, destination.username or ""
        )
        if isinstance(found, Missing):
            raise SecretMissing(destination, found.reason)
        return destination.username or BUILD, found
