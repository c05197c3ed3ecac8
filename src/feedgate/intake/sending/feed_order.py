"""In which order a feed's files are sent: many versions of a name stand for each other there.

As in a closure, what a release depends on goes before it. But one version that a destination does
not take keeps back a dependent only where no other version in the feed would do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.intake.closure import patches_named
from feedgate.intake.sending.order import Order, Release, extras_asked, order_of, requirements_holding
from feedgate.model.environment import marker_environment
from feedgate.model.names import ProjectName
from feedgate.model.target import NEWEST_PATCH, Target

_Members: TypeAlias = Mapping[Release, Sequence[CoreMetadata]]
_Alternatives: TypeAlias = frozenset[Release]


@dataclass(frozen=True, slots=True)
class FeedOrder(Order):
    """``needs`` are the alternatives of each requirement; ``missing`` what was said not to be there."""

    needs: Mapping[Release, frozenset[_Alternatives]] = field(default_factory=dict)
    missing: set[Release] = field(default_factory=set)

    def dependents(self, release: Release) -> frozenset[Release]:
        """Note that ``release`` is not there, and return what therefore can not be there either."""
        before = frozenset(self.missing)
        self.missing.add(release)
        grows = True
        while grows:
            lost = {
                one
                for one, needed in self.needs.items()
                if one not in self.missing and any(self.missing.issuperset(choice) for choice in needed)
            }
            self.missing.update(lost)
            grows = bool(lost)
        return frozenset(self.missing - before - {release})


def feed_order_of(members: _Members, environments: Sequence[Mapping[str, str]]) -> FeedOrder:
    """Return the order of a feed's releases, over all targets; extras count where they could be asked for."""
    words = [
        _asking(name, {extra for file in files for extra in file.provides_extra})
        for (name, _version), files in members.items()
    ]
    order = order_of(members, environments, words)
    by_name: dict[ProjectName, list[Release]] = {}
    for release in members:
        by_name.setdefault(release[0], []).append(release)
    needs: dict[Release, set[_Alternatives]] = {}
    for environment in environments:
        asked = extras_asked(members, environment, ())
        for release, files in members.items():
            extras = asked.get(release[0], frozenset())
            for requirement in requirements_holding(files, environment, extras):
                choice = _matching(requirement, by_name) - {release}
                if choice:
                    needs.setdefault(release, set()).add(choice)
    return FeedOrder(order.ranks, order.edges, {one: frozenset(found) for one, found in needs.items()})


def dependencies_of(order: Order, releases: Iterable[Release]) -> frozenset[Release]:
    """Return all that ``releases`` depend on, over however many steps; none of themselves."""
    start = frozenset(releases)
    found = set(start)
    waiting = list(start)
    while waiting:
        for one in order.edges.get(waiting.pop(), frozenset()) - found:
            found.add(one)
            waiting.append(one)
    return frozenset(found - start)


def environments_of(targets: Iterable[Target], members: _Members) -> list[Mapping[str, str]]:
    """Return the marker environments of all targets; a bare minor has one for each patch at which ``members`` differ."""
    texts = [file for files in members.values() for file in files]
    found: list[Mapping[str, str]] = []
    for target in targets:
        pythons = [target.python]
        if target.is_bare:
            patches = {0, NEWEST_PATCH} | patches_named(texts, target.minor)
            pythons = [target.at(patch) for patch in sorted(patches)]
        found.extend(marker_environment(target, python) for python in pythons)
    return found


def _asking(name: ProjectName, extras: set[str]) -> Requirement:
    """Return a reader's requirement; extras are what strangers wrote, and need not be spelled as ones."""
    requirement = Requirement(name)
    requirement.extras = extras
    return requirement


def _matching(requirement: Requirement, by_name: Mapping[ProjectName, Sequence[Release]]) -> _Alternatives:
    return frozenset(
        release
        for release in by_name.get(canonicalize_name(requirement.name), ())
        if requirement.specifier.contains(Version(release[1]), prereleases=True)
    )
