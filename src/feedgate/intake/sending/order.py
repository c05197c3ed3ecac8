"""In which order releases become visible, so that whatever is visible can be installed.

Pure: what releases say of themselves in, ranks out. A release depends on another where a requirement
of its own holds for one of the targets; releases that depend on each other go together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.intake.closure import requirement_holds
from feedgate.model.names import ProjectName

Release: TypeAlias = tuple[ProjectName, str]
"""A project and one version of it; all its files go in one rank."""

Group: TypeAlias = frozenset[Release]
"""One release, or several that depend on each other."""

_Edges: TypeAlias = Mapping[Release, frozenset[Release]]


@dataclass(frozen=True, slots=True)
class Order:
    """Ranks of groups: all that a group depends on lies in the ranks before its own."""

    ranks: tuple[tuple[Group, ...], ...]
    edges: _Edges

    def dependents(self, release: Release) -> frozenset[Release]:
        """Return what depends on ``release``, over however many steps; not the release itself."""
        reversed_edges: dict[Release, set[Release]] = {}
        for one, needed in self.edges.items():
            for other in needed:
                reversed_edges.setdefault(other, set()).add(one)
        found: set[Release] = set()
        waiting = [release]
        while waiting:
            for one in reversed_edges.get(waiting.pop(), ()):
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return frozenset(found - {release})


def order_of(
    members: Mapping[Release, Sequence[CoreMetadata]],
    environments: Sequence[Mapping[str, str]],
    words: Sequence[Requirement] = (),
) -> Order:
    """Return the order of ``members``: releases, with what each of their files says.

    ``environments`` are the targets' marker environments, over which dependencies are united;
    ``words`` are the request's own, for the extras that they ask for. What is no member is no dependency.
    """
    by_name: dict[ProjectName, list[Release]] = {}
    for release in members:
        by_name.setdefault(release[0], []).append(release)
    edges: dict[Release, set[Release]] = {release: set() for release in members}
    for environment in environments:
        extras = extras_asked(members, environment, words)
        for release, files in members.items():
            for requirement in requirements_holding(files, environment, extras.get(release[0], frozenset())):
                for other in by_name.get(canonicalize_name(requirement.name), ()):
                    if requirement.specifier.contains(Version(other[1]), prereleases=True):
                        edges[release].add(other)
    frozen = {release: frozenset(needed - {release}) for release, needed in edges.items()}
    return Order(_ranks(frozen), frozen)


def extras_asked(
    members: Mapping[Release, Sequence[CoreMetadata]],
    environment: Mapping[str, str],
    words: Sequence[Requirement],
) -> Mapping[ProjectName, frozenset[str]]:
    """Return the extras that words and members ask for, by name; an extra may ask for others."""
    found: dict[ProjectName, frozenset[str]] = {}
    grows = True
    while grows:
        grows = False
        members_ask = (
            requirement
            for release, files in members.items()
            for requirement in requirements_holding(files, environment, found.get(release[0], frozenset()))
        )
        for requirement in (*words, *members_ask):
            name = canonicalize_name(requirement.name)
            extras = frozenset(map(canonicalize_name, requirement.extras)) - found.get(name, frozenset())
            if extras:
                found[name] = found.get(name, frozenset()) | extras
                grows = True
    return found


def requirements_holding(
    files: Sequence[CoreMetadata], environment: Mapping[str, str], extras: frozenset[str]
) -> Iterable[Requirement]:
    """Yield what a release's files require in an environment, with those extras."""
    for metadata in files:
        for requirement in metadata.requires_dist:
            if any(requirement_holds(requirement, environment, extra) for extra in ("", *extras)):
                yield requirement


def _ranks(edges: _Edges) -> tuple[tuple[Group, ...], ...]:
    groups = _groups(edges)
    group_of = {release: group for group in groups for release in group}
    rank_of: dict[Group, int] = {}
    for group in groups:  # what a group depends on comes before it
        below = {group_of[other] for release in group for other in edges[release]} - {group}
        rank_of[group] = 1 + max((rank_of[other] for other in below), default=-1)
    ranks: list[list[Group]] = [[] for _ in range(1 + max(rank_of.values(), default=-1))]
    for group in sorted(groups, key=sorted):
        ranks[rank_of[group]].append(group)
    return tuple(map(tuple, ranks))


def _groups(edges: _Edges) -> list[Group]:
    """Return the strongly connected groups, each behind those that it depends on (Tarjan 1972, without recursion)."""
    index: dict[Release, int] = {}
    low: dict[Release, int] = {}
    stack: list[Release] = []
    on_stack: set[Release] = set()
    groups: list[Group] = []
    for root in sorted(edges):
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            release, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(edges[other]))))
                    break
                if other in on_stack:
                    low[release] = min(low[release], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[release])
                if low[release] == index[release]:
                    group = set()
                    while release not in group:
                        group.add(stack.pop())
                    on_stack -= group
                    groups.append(frozenset(group))
    return groups
