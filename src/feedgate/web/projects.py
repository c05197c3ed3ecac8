"""Projects over the API: listed, whether the upstream is asked for a name, and yanked releases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor
from feedgate.api.bodies import (
    ProjectBody,
    ProjectChange,
    ProjectListing,
    VersionListing,
    YankBody,
    YankedBody,
)
from feedgate.feed.projects import HeldProject, list_projects, set_project
from feedgate.feed.yank import YankedRelease, unyank, yank
from feedgate.machine import addresses
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.records.database import Database
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import Operation
from feedgate.web.parameters import Text, feed_path

NAME: Final = Text(
    "name",
    "Only this project; one of which the feed has no file is 404.",
    pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,199}",
    expected="a project's name",
)


@dataclass(frozen=True, slots=True)
class Projects:
    """The operations on a feed's projects and their releases."""

    records: Database
    clock: Callable[[], datetime]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        return (
            Operation(
                "list-projects",
                "GET",
                addresses.API_PROJECTS,
                self.list_all,
                needs=Permission.FEED_READ,
                answers=ProjectListing,
                lines=True,
                parameters=(NAME,),
            ),
            Operation(
                "set-project",
                "PATCH",
                addresses.API_PROJECT,
                self.change,
                needs=Permission.FEED_MANAGE,
                takes=ProjectChange,
                answers=ProjectBody,
            ),
            Operation(
                "yank",
                "PUT",
                addresses.API_YANK,
                self.yank,
                needs=Permission.RELEASE_YANK,
                takes=YankBody,
                answers=YankedBody,
            ),
            Operation(
                "unyank",
                "DELETE",
                addresses.API_YANK,
                self.unyank,
                needs=Permission.RELEASE_YANK,
                answers=YankedBody,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List the projects that have a file in a feed, each with its versions, the newest first."""
        raw = NAME.read(request)
        name = None if raw is None else parse_project_name(raw)
        held = await run_in_threadpool(
            list_projects, self.records, caller_of(request), feed_path(request), name
        )
        return answer_lines(map(_listing, held))

    async def change(self, request: Request) -> Response:
        """Set whether the upstream may be asked for a name."""
        caller = caller_of(request)
        require_actor(caller)
        asked = await read_body(request, ProjectChange)
        project = await run_in_threadpool(
            set_project,
            self.records,
            caller,
            feed_path(request),
            _name(request),
            upstream=asked.upstream,
            now=self.clock(),
        )
        return answer_body(
            ProjectBody(
                project=project.name,
                origin=project.origin,
                upstream=project.upstream,
                internal=project.is_internal,
            )
        )

    async def yank(self, request: Request) -> Response:
        """Yank a release (PEP 592): discouraged, and still there for who pinned it."""
        caller = caller_of(request)
        require_actor(caller)
        asked = await read_body(request, YankBody)
        done = await run_in_threadpool(
            yank,
            self.records,
            caller,
            feed_path(request),
            _name(request),
            request.path_params["version"],
            reason=asked.reason,
            now=self.clock(),
        )
        return answer_body(_yanked(done))

    async def unyank(self, request: Request) -> Response:
        """Take the yank of a release back."""
        caller = caller_of(request)
        require_actor(caller)
        version = request.path_params["version"]
        done = await run_in_threadpool(
            unyank, self.records, caller, feed_path(request), _name(request), version, now=self.clock()
        )
        return answer_body(_yanked(done))


def _name(request: Request) -> ProjectName:
    return parse_project_name(request.path_params["name"])


def _listing(held: HeldProject) -> ProjectListing:
    return ProjectListing(
        project=held.project.name,
        origin=held.project.origin,
        internal=held.project.is_internal,
        mixed=held.is_mixed,
        versions=[
            VersionListing(version=one.version, files=one.files, yanked=one.is_yanked)
            for one in held.versions
        ],
    )


def _yanked(done: YankedRelease) -> YankedBody:
    return YankedBody(project=done.project, version=done.version, reason=done.reason, changed=done.changed)
