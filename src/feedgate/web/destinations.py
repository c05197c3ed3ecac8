"""A feed's standing destinations over the API. Where a secret is passes through here, a secret never."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.destination_bodies import DestinationBody, DestinationSetting
from feedgate.feed.destinations import (
    AskedStanding,
    add_destination,
    list_destinations,
    remove_destination,
    show_destination,
)
from feedgate.machine import addresses
from feedgate.model.names import FeedPath
from feedgate.model.standing_destination import StandingDestination
from feedgate.outside.allowed_destinations import AllowedDestinations
from feedgate.records.database import Database
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import Operation
from feedgate.web.parameters import feed_path


@dataclass(frozen=True, slots=True)
class StandingDestinations:
    """The operations on standing destinations; ``allowed`` are the hosts that an administrator named.

    ``wake`` is told when runs may have to be stopped.
    """

    records: Database
    allowed: AllowedDestinations
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        read, manage = Permission.HISTORY_READ, Permission.FEED_MANAGE
        return (
            Operation(
                "list-destinations",
                "GET",
                addresses.API_DESTINATIONS,
                self.list_all,
                needs=read,
                answers=DestinationBody,
                lines=True,
            ),
            Operation(
                "show-destination",
                "GET",
                addresses.API_DESTINATION,
                self.show,
                needs=read,
                answers=DestinationBody,
            ),
            Operation(
                "add-destination",
                "PUT",
                addresses.API_DESTINATION,
                self.add,
                needs=manage,
                takes=DestinationSetting,
                answers=DestinationBody,
                conflicts=True,
            ),
            Operation(
                "remove-destination",
                "DELETE",
                addresses.API_DESTINATION,
                self.remove,
                needs=manage,
                answers=DestinationBody,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List where a feed's publishes are sent."""
        path = feed_path(request)
        found = await run_in_threadpool(list_destinations, self.records, caller_of(request), path)
        return answer_lines(_body(path, one) for one in found)

    async def show(self, request: Request) -> Response:
        """Show one of a feed's standing destinations."""
        path, name = feed_path(request), request.path_params["destination"]
        found = await run_in_threadpool(show_destination, self.records, caller_of(request), path, name)
        return answer_body(_body(path, found))

    async def add(self, request: Request) -> Response:
        """Have what a feed publishes sent to a destination too, in place of the one that had the name."""
        caller, path, name = caller_of(request), feed_path(request), request.path_params["destination"]
        require_actor(caller)
        asked = _asked(await read_body(request, DestinationSetting))
        made = await run_in_threadpool(
            add_destination, self.records, self.allowed, caller, path, name, asked, now=self.clock()
        )
        return answer_body(_body(path, made))

    async def remove(self, request: Request) -> Response:
        """Send nothing there any more; what the destination has stays."""
        caller, path, name = caller_of(request), feed_path(request), request.path_params["destination"]
        gone = await run_in_threadpool(remove_destination, self.records, caller, path, name, now=self.clock())
        self.wake()
        return answer_body(_body(path, gone))


def _asked(setting: DestinationSetting) -> AskedStanding:
    return AskedStanding(
        to=setting.to,
        read_url=setting.read_url,
        username=setting.username,
        secret=setting.secret,
        keeps_secret="secret" not in setting.model_fields_set,
        internal=tuple(setting.internal),
        upstream_allow=tuple(setting.upstream_allow),
        accept_existing=tuple(setting.accept_existing),
        limits=tuple(setting.limits),
    )


def _body(path: FeedPath, destination: StandingDestination) -> DestinationBody:
    return DestinationBody(
        feed=str(path),
        name=destination.name,
        upload_url=destination.addresses.upload_url,
        read_url=destination.addresses.read_url,
        username=destination.username,
        secret=None if destination.secret is None else str(destination.secret),
        internal=list(destination.internal),
        upstream_allow=list(destination.upstream_allow),
        accept_existing=list(destination.accept_existing),
        limits=list(destination.limits),
    )
