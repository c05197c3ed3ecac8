"""Every route against every caller: section 7's answers, and an entry for whatever a write changed.

A new operation fails here until it has a case.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedgate.access.permissions import NEEDS, Permission
from feedgate.intake.asked import Asked
from feedgate.intake.request import post_request
from feedgate.model.access import Role, Scope
from feedgate.model.names import FeedPath
from feedgate.model.run import RunId, RunKind, RunState
from feedgate.model.secret import Secret
from feedgate.records import runs
from feedgate.web.operation import Operation
from tests.builders.installation import FEED, LOCAL, Installation

OTHER = FeedPath("acme", "other")
OF_FEED = {"organization": FEED.organization, "feed": FEED.feed}
WHEEL = "demo-1.0-py3-none-any.whl"
METHODS_THAT_READ = frozenset({"GET", "HEAD"})

LEAVES_A_RUN = frozenset({"create-run", "cancel-run", "retry-run"})
"""Asking for something changes no feed: the run's row is its record, and its publish is the entry."""


@dataclass(frozen=True)
class Call:
    """A request that succeeds for whoever may."""

    segments: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    file: Path | None = None


@dataclass(frozen=True)
class Caller:
    """Who calls, and what section 7 lets them do."""

    name: str
    secret: Secret | None
    role: Role | None = None
    scope: Scope = Scope.READ
    is_administrator: bool = False

    def expected(self, operation: Operation) -> int | None:
        """Return the status that refuses, None where the operation is to succeed."""
        if operation.needs is None:
            return None
        if self.secret is None or self.name == "a wrong token":
            return 401
        need = NEEDS[operation.needs]
        if operation.needs is Permission.TOKEN_OWN:
            return None
        if need.administrator:
            return None if self.is_administrator and self.scope.includes(need.scope) else 403
        assert need.role is not None
        if self.role is None:
            return 404
        return None if self.role.includes(need.role) and self.scope.includes(need.scope) else 403


class Cases:
    """Makes a fresh call for each operation, so that no call finds what another one left."""

    def __init__(self, installation: Installation, make_wheel: Callable[..., Path]) -> None:
        self._installation = installation
        self._make_wheel = make_wheel
        self._numbers = itertools.count(2)

    def of(self, name: str) -> Call:
        """Return a call of the operation; KeyError for one without a case."""
        return getattr(self, "_" + name.replace("-", "_"), None) or self._plain[name]()

    @property
    def _plain(self) -> Mapping[str, Callable[[], Call]]:
        of_feed = Call(OF_FEED)
        page = Call({**OF_FEED, "name": "demo"})
        file = Call({**OF_FEED, "name": "demo", "version": "1.0", "filename": WHEEL})
        return {
            "simple-names-get": lambda: of_feed,
            "simple-names-head": lambda: of_feed,
            "simple-names-redirect-get": lambda: of_feed,
            "simple-names-redirect-head": lambda: of_feed,
            "simple-names-post": lambda: of_feed,
            "simple-page-get": lambda: page,
            "simple-page-head": lambda: page,
            "simple-page-redirect-get": lambda: page,
            "simple-page-redirect-head": lambda: page,
            "simple-page-post": lambda: page,
            "download-get": lambda: file,
            "download-head": lambda: file,
            "upload-legacy": self._file,
            "upload-legacy-slash": self._file,
            "upload": self._file,
            "list-feeds": Call,
            "create-feed": lambda: Call(json={"organization": "acme", "feed": f"new-{self._next()}"}),
            "show-feed": lambda: of_feed,
            "set-feed": self._setting,
            "add-target": lambda: Call(OF_FEED, {"target": f"3.11.{self._next()}@x86_64-manylinux_2_28"}),
            "remove-target": self._target,
            "list-grants": lambda: of_feed,
            "grant": lambda: Call({**OF_FEED, "actor": f"new-{self._next()}"}, {"role": "reader"}),
            "remove-grant": self._granted,
            "list-tokens": Call,
            "create-token": lambda: Call(json={}),
            "set-project": lambda: Call({**OF_FEED, "name": f"new-{self._next()}"}, {"upstream": "deny"}),
            "yank": lambda: Call(
                {**OF_FEED, "name": "demo", "version": "1.0"}, {"reason": f"reason {self._next()}"}
            ),
            "unyank": self._yanked,
            "list-runs": Call,
            "list-feed-runs": lambda: of_feed,
            "create-run": lambda: Call(OF_FEED, {"requirements": ["demo"]}),
            "show-run": self._run,
            "follow-run": self._run,
            "cancel-run": self._run,
            "retry-run": lambda: self._run(ended=True),
            "show-feed-ledger": lambda: of_feed,
            "verify-feed-ledger": lambda: of_feed,
            "show-ledger": Call,
            "verify-ledger": Call,
            "live": Call,
            "ready": Call,
            "show-openapi": Call,
        }

    def _next(self) -> int:
        return next(self._numbers)

    def _file(self) -> Call:
        return Call(OF_FEED, file=self._make_wheel("brought", f"1.{self._next()}"))

    def _setting(self) -> Call:
        return Call(OF_FEED, {"uploads": "look-up" if self._next() % 2 else "internal"})

    def _run(self, *, ended: bool = False) -> Call:
        records, clock = self._installation.records, self._installation.clock
        asked = Asked(RunKind.ADD, requirements=("demo",))
        run = post_request(records, LOCAL, FEED, asked, key=f"key-{self._next()}", now=clock())
        if ended:
            with records.note() as note:
                runs.finish(note, RunId(run.id), RunState.FAILED, clock())
        return Call({"run": run.id})
