"""Releases that policy refused once their bytes were looked at: they are not there when the run chooses anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from packaging.version import Version

from feedgate.model.canonical import Json
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.names import ProjectName
from feedgate.model.run import RunId
from feedgate.records import outcomes
from feedgate.records.database import Database

Release = tuple[ProjectName, Version]

_STEP: Final = "refused-releases"


@dataclass(frozen=True, slots=True)
class RefusedReleases:
    """What is known so far: of each release why, by the rule that refused a file of it; ``round`` counts from 1."""

    round: int = 1
    opinions: Mapping[Release, Opinion] = field(default_factory=dict)

    def next_round(self, opinions: Mapping[Release, Opinion]) -> "RefusedReleases":
        """Return what is known after one more round."""
        return RefusedReleases(self.round + 1, {**self.opinions, **opinions})


def refused_releases_by(records: Database, run: RunId) -> RefusedReleases:
    """Return what the run was refused so far."""
    with records.read() as view:
        body: Any = outcomes.find(view, run, _STEP)  # JSON of our own, read here only
    if body is None:
        return RefusedReleases()
    opinions = {
        (ProjectName(one["project"]), Version(one["version"])): Opinion(
            one["rule"], Verdict.REFUSE, one["reason"], findings=tuple(one["findings"])
        )
        for one in body["releases"]
    }
    return RefusedReleases(body["round"], opinions)


def keep_refused_releases(records: Database, run: RunId, refused: RefusedReleases) -> None:
    """Keep it; the steps of the next round read it."""
    releases: list[Json] = [
        {
            "project": name,
            "version": str(version),
            "rule": opinion.rule,
            "reason": opinion.reason,
            "findings": list(opinion.findings),
        }
        for (name, version), opinion in refused.opinions.items()
    ]
    with records.note() as note:
        outcomes.put(note, run, _STEP, {"round": refused.round, "releases": releases})
