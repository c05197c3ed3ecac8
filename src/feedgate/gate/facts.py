"""What is known of a release by its name: gathered anew each time, since the world learns.

All that a run is told is of one moment: the time, the policy and the databases that it began with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from packaging.version import Version

from feedgate.gate.advisory_database import AdvisoryDatabase
from feedgate.model.decision import Decision, Opinion
from feedgate.model.distribution import Distribution, InvalidFilename
from feedgate.model.hold import Releases
from feedgate.model.index import ProjectPage
from feedgate.model.names import ProjectName
from feedgate.policy.decide import decide
from feedgate.policy.facts import Advised, Facts, Way
from feedgate.policy.policies import DATABASE_AGE, Policy


@dataclass(frozen=True, slots=True)
class ByName:
    """The facts by name, of the moment ``now`` (aware UTC)."""

    advisories: AdvisoryDatabase
    now: datetime

    def advised(self, name: ProjectName, version: Version, before: Version | None = None) -> Advised | None:
        """Return what is published of a release; None where no database is loaded.

        It counts as a fix where the version ``before``, whose place it takes, is affected.
        """
        if not self.advisories.is_loaded:
            return None
        matches = self.advisories.match(name, version)
        fixed_here = self.advisories.fixed_by(name, version)
        fixes: tuple[str, ...] = ()
        if fixed_here and before is not None:
            still_open = {match.id for match in self.advisories.match(name, before)}
            fixes = tuple(sorted({match.id for match in fixed_here} & still_open))
        return Advised(matches, fixes)


@dataclass(slots=True)
class PageJudge:
    """Says of each file of a page what policy makes of it, as far as a page can tell; for one run."""

    policy: Policy
    by_name: ByName
    is_internal: Callable[[ProjectName], bool]
    releases: Releases = field(default_factory=Releases)
    refused: Mapping[tuple[ProjectName, Version], Opinion] = field(default_factory=dict)
    """Releases that were refused once a file of theirs was looked at, and why: whatever a page tells of them."""
    _judged: dict[ProjectName, tuple[str, Mapping[str, Decision]]] = field(default_factory=dict)

    def judge(self, page: ProjectPage) -> Mapping[str, Decision] | None:
        """Return a decision for each file by its name, None where nothing judges this page.

        What is no distribution by its name has no decision.
        """
        if not self.policy.of_pages.rules and all(name != page.name for name, _version in self.refused):
            return None
        known = self._judged.get(page.name)
        if known is None or known[0] != page.validator:
            known = self._judged[page.name] = (page.validator, self._of(page))
        return known[1]

    def decision_of(self, name: ProjectName, filename: str) -> Decision | None:
        """Return the decision on a file of a page that was judged, else None."""
        known = self._judged.get(name)
        return None if known is None else known[1].get(filename)

    def advised(self, page: ProjectPage, version: Version) -> Advised | None:
        """Return what is published of one release of the page."""
        older = [one for one in _versions(page) if one < version and _may_replace(version, one)]
        return self.by_name.advised(page.name, version, max(older, default=None))

    def why_blind(self) -> str | None:
        """Return why policy does not trust the advisory database of this moment; None where it does, or only reports it."""
        return None if DATABASE_AGE in self.policy.reported else self.why_database_is_too_old()

    def why_database_is_too_old(self) -> str | None:
        """Return what is wrong with the age of the advisory database by policy, whether that counts or not."""
        most = self.policy.database_max_age
        if most is None:
            return None
        if not self.by_name.advisories.is_loaded:
            return (
                f"no advisory database is loaded, and policy {self.policy.name} admits nothing without one. "
                "Next: feedgate advisories update"
            )
        for state in self.by_name.advisories.states:
            age = state.age(self.by_name.now)
            if age is not None and age > most:
                return (
                    f"the advisory database {state.source.name} is {age.days} days old by its newest record, "
                    f"policy {self.policy.name} takes one of at most {most.days} days. Next: feedgate advisories update"
                )
        return None

    def _of(self, page: ProjectPage) -> Mapping[str, Decision]:
        versions = _versions(page)
        way = Way.UPLOAD if self.is_internal(page.name) else Way.IMPORT
        decisions: dict[str, Decision] = {}
        before: dict[bool, Version | None] = {True: None, False: None}  # by whether it may be a pre-release
        for version in sorted(versions):
            advised = self.by_name.advised(page.name, version, before[version.is_prerelease])
            refused = self.refused.get((page.name, version))
            for file in versions[version]:
                facts = Facts(file.filename, way, file, advised=advised)
                decision = decide(self.policy.of_pages, facts, now=self.by_name.now)
                decision = self.releases.applied(decision, file.digest)
                if refused is not None:
                    decision = replace(decision, opinions=(*decision.opinions, refused))
                decisions[file.filename] = decision
            before[True] = version
            if not version.is_prerelease:
                before[False] = version
        return decisions


def _may_replace(version: Version, older: Version) -> bool:
    return version.is_prerelease or not older.is_prerelease


def _versions(page: ProjectPage) -> dict[Version, list[Distribution]]:
    found: dict[Version, list[Distribution]] = {}
    for file in page.files:
        try:
            found.setdefault(file.stem.version, []).append(file)
        except InvalidFilename:
            continue
    return found
