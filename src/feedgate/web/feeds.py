"""Feeds over the API: made, listed, shown, set, and their targets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.bodies import FeedBody, FeedChange, FeedCreation, TargetBody
from feedgate.feed.feeds import (
    FeedSummary,
    add_target,
    create_feed,
    list_feeds,
    remove_target,
    set_feed,
    show_feed,
)
from feedgate.intake.host import host_target
from feedgate.machine import addresses
from feedgate.model.names import parse_feed_path
from feedgate.model.target import HOST, Target, parse_target
from feedgate.policy.document import read_policy
from feedgate.records.database import Database
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import Operation
from feedgate.web.parameters import feed_path


@dataclass(frozen=True, slots=True)
class Feeds:
    """The operations on feeds and their targets."""

    records: Database
    clock: Callable[[], datetime]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        manage = Permission.FEED_MANAGE
        return (
            Operation(
                "list-feeds",
                "GET",
                addresses.API_FEEDS,
                self.list_all,
                needs=Permission.TOKEN_OWN,
                answers=FeedBody,
                lines=True,
            ),
            Operation(
                "create-feed",
                "POST",
                addresses.API_FEEDS,
                self.create,
                needs=Permission.INSTALLATION_ADMINISTER,
                takes=FeedCreation,
                answers=FeedBody,
                status=201,
                conflicts=True,
            ),
            Operation(
                "show-feed",
                "GET",
                addresses.API_FEED,
                self.show,
                needs=Permission.FEED_READ,
                answers=FeedBody,
            ),
            Operation(
                "set-feed",
                "PATCH",
                addresses.API_FEED,
                self.change,
                needs=manage,
                takes=FeedChange,
                answers=FeedBody,
            ),
            Operation(
                "add-target",
                "POST",
                addresses.API_TARGETS,
                self.add_target,
                needs=manage,
                takes=TargetBody,
                answers=FeedBody,
            ),
            Operation(
                "remove-target",
                "DELETE",
                addresses.API_TARGET,
                self.remove_target,
                needs=manage,
                answers=FeedBody,
                conflicts=True,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List the feeds that the caller has a role on, and the public ones."""
        caller = caller_of(request)
        require_actor(caller)
        return answer_lines(map(to_body, await run_in_threadpool(list_feeds, self.records, caller)))

    async def create(self, request: Request) -> Response:
        """Make a feed, and its organization on first use."""
        caller = caller_of(request)
        require_actor(caller)
        asked = await read_body(request, FeedCreation)
        made = await run_in_threadpool(
            create_feed,
            self.records,
            caller,
            parse_feed_path(f"{asked.organization}/{asked.feed}"),
            targets=tuple(dict.fromkeys(read_target(raw) for raw in asked.targets or [HOST])),
            policy=asked.policy,
            is_public=asked.public,
            uploads=asked.uploads,
            now=self.clock(),
        )
        return answer_body(to_body(made), 201)

    async def show(self, request: Request) -> Response:
        """Show a feed; to its Owners also who has which role."""
        shown = await run_in_threadpool(show_feed, self.records, caller_of(request), feed_path(request))
        return answer_body(to_body(shown))

    async def change(self, request: Request) -> Response:
        """Change a feed's settings; what is left out stays."""
        caller = caller_of(request)
        require_actor(caller)
        asked = await read_body(request, FeedChange)
        changed = await run_in_threadpool(
            set_feed,
            self.records,
            caller,
            feed_path(request),
            is_public=asked.public,
            policy=asked.policy,
            uploads=asked.uploads,
            now=self.clock(),
        )
        return answer_body(to_body(changed))

    async def add_target(self, request: Request) -> Response:
        """Add a target to a feed; one that it has already stays."""
        caller = caller_of(request)
        require_actor(caller)
        asked = await read_body(request, TargetBody)
        changed = await run_in_threadpool(
            add_target, self.records, caller, feed_path(request), read_target(asked.target), now=self.clock()
        )
        return answer_body(to_body(changed))

    async def remove_target(self, request: Request) -> Response:
        """Remove a target from a feed; what was published for it stays."""
        caller = caller_of(request)
        require_actor(caller)
        target = read_target(request.path_params["target"])
        changed = await run_in_threadpool(
            remove_target, self.records, caller, feed_path(request), target, now=self.clock()
        )
        return answer_body(to_body(changed))


def read_target(raw: str) -> Target:
    """Return the target that ``raw`` names, ``host`` written down as this machine's."""
    return host_target() if raw == HOST else parse_target(raw)


def to_body(summary: FeedSummary) -> FeedBody:
    """Return the feed as the API shows it."""
    feed = summary.feed
    policy = read_policy(feed.policy).name
    return FeedBody(
        feed=str(feed.path),
        public=feed.is_public,
        policy=policy,
        policy_document=None if policy == feed.policy else feed.policy,
        uploads=feed.uploads,
        targets=[str(target) for target in feed.targets],
        role=summary.role,
        serial=summary.serial,
        projects=summary.projects,
        distributions=summary.distributions,
        size_bytes=summary.size_bytes,
        grants=None if summary.grants is None else dict(summary.grants),
        simple_path=addresses.simple_path(feed.path.organization, feed.path.feed),
        upload_path=addresses.upload_path(feed.path.organization, feed.path.feed),
    )
