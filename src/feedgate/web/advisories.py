"""Advisory databases over the API: what is loaded, loading another, and what they say of releases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from feedgate.access.permissions import Permission
from feedgate.access.require import require_actor, require_administrator
from feedgate.api.advisory_bodies import (
    AdvisoryLoadBody,
    AdvisorySourceBody,
    AdvisoryUpdate,
    MatchBody,
    MatchedReleaseBody,
    MatchQuestion,
)
from feedgate.gate.advisories import Advisories, list_sources, match_releases
from feedgate.gate.load_advisories import Loading, LoadParts, load_advisories, update_advisories
from feedgate.machine import addresses
from feedgate.model.advisory import Match
from feedgate.model.advisory_source import SourceState
from feedgate.model.names import parse_project_name
from feedgate.web.answers import answer_body, answer_lines
from feedgate.web.authentication import caller_of
from feedgate.web.bodies import read_body
from feedgate.web.operation import BYTES, Operation
from feedgate.web.parameters import Flag

FORCE: Final = Flag("force", "Load it also if it is empty, older, much smaller or dated in the future.")

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AdvisoryDatabases:
    """The operations on advisories; ``advisories`` is the database of this process."""

    parts: LoadParts
    advisories: Advisories
    clock: Callable[[], datetime]

    def operations(self) -> tuple[Operation, ...]:
        """Return the table of them."""
        read, load = Permission.ADVISORIES_READ, Permission.INSTALLATION_ADMINISTER
        return (
            Operation(
                "list-advisories",
                "GET",
                addresses.API_ADVISORIES,
                self.list_all,
                needs=read,
                answers=AdvisorySourceBody,
                lines=True,
            ),
            Operation(
                "match-advisories",
                "POST",
                addresses.API_ADVISORY_MATCHES,
                self.match,
                needs=read,
                takes=MatchQuestion,
                answers=MatchedReleaseBody,
                lines=True,
            ),
            Operation(
                "load-advisories",
                "PUT",
                addresses.API_ADVISORY_SOURCE,
                self.load,
                needs=load,
                takes=BYTES,
                answers=AdvisoryLoadBody,
                conflicts=True,
                parameters=(FORCE,),
            ),
            Operation(
                "update-advisories",
                "POST",
                addresses.API_ADVISORY_UPDATE,
                self.update,
                needs=load,
                takes=AdvisoryUpdate,
                answers=AdvisoryLoadBody,
                conflicts=True,
                fetches=True,
            ),
        )

    async def list_all(self, request: Request) -> Response:
        """List the sources of advisories, and the database that is loaded of each."""
        states = await run_in_threadpool(
            list_sources, self.parts.records, self.parts.sources, caller_of(request)
        )
        now = self.clock()
        return answer_lines(AdvisorySourceBody(**_said(state, now)) for state in states)

    async def match(self, request: Request) -> Response:
        """Say which advisories releases are affected by, by the loaded databases."""
        caller = caller_of(request)
        require_actor(caller)
        question = await read_body(request, MatchQuestion)
        releases = [(parse_project_name(one.name), one.version) for one in question.releases]
        found = await match_releases(self.advisories, caller, releases)
        return answer_lines(
            MatchedReleaseBody(
                name=name, version=version, advisories=[match_body(match) for match in matches]
            )
            for (name, version), matches in zip(releases, found, strict=True)
        )

    async def load(self, request: Request) -> Response:
        """Load a source's database from the zip of OSV records that is sent."""
        caller = caller_of(request)
        require_administrator(caller)
        loading = await load_advisories(
            self.parts,
            caller,
            request.path_params["source"],
            request.stream(),
            force=FORCE.read(request),
            clock=self.clock,
        )
        return self._loaded(loading)

    async def update(self, request: Request) -> Response:
        """Fetch a source's database and load it."""
        caller = caller_of(request)
        require_administrator(caller)
        asked = await read_body(request, AdvisoryUpdate)
        loading = await update_advisories(
            self.parts,
            caller,
            request.path_params["source"],
            url=asked.url,
            force=asked.force,
            clock=self.clock,
        )
        return self._loaded(loading)

    def _loaded(self, loading: Loading) -> Response:
        state = SourceState(loading.source, loading.loaded)
        said = "loaded" if loading.is_new else "already-loaded"
        return answer_body(AdvisoryLoadBody(state=said, **_said(state, self.clock())))


def _said(state: SourceState, now: datetime) -> dict[str, Any]:
    said: dict[str, Any] = {
        "source": state.source.name,
        "url": state.source.url,
        "max_age_days": state.source.max_age / _DAY,
        "too_old": state.is_too_old(now),
    }
    loaded = state.loaded
    if loaded is not None:
        said |= {
            "sha256": loaded.digest,
            "dated_at": loaded.dated_at,
            "age_days": round((now - loaded.dated_at) / _DAY, 2),
            "loaded_at": loaded.loaded_at,
            "records": loaded.records,
            "withdrawn": loaded.withdrawn,
            "malware": loaded.malware,
            "finding_count": loaded.finding_count,
            "findings": list(loaded.findings),
        }
    return said


def match_body(match: Match) -> MatchBody:
    """Return what is known of a release by one name, as the API says it."""
    return MatchBody(
        id=match.id,
        aliases=list(match.aliases),
        severity=match.severity,
        fixed=match.fixed,
        malware=match.is_malware,
    )
