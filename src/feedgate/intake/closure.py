"""What a closure asks of itself: which requirements hold on one exact Python, and where that changes.

Pure: core metadata in, answers out. The resolver decides what is chosen; this
only tells whether the chosen set is still whole on another patch.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.model.names import ProjectName
from feedgate.model.target import NEWEST_PATCH

_PATCH = re.compile(r"(<=|>=|<|>|===|==|!=|~=)\s*[\"']?3\.(\d{1,6})\.(\d{1,6})(?![\d.]*\*)")
_REVERSED = re.compile(r"[\"']3\.(\d{1,6})\.(\d{1,6})[\"']\s*(?:<=|>=|<|>|===|==|!=|~=)")
_LISTED = re.compile(r"\bin\s*[\"']([^\"']*)[\"']")
_VERSION = re.compile(r"\b3\.(\d{1,6})\.(\d{1,6})\b")

REQUEST: Final = "the request"
"""What requires the names that a request asks for; no project has a space in its name."""


@dataclass(slots=True)
class Walk:
    """What was met on the way from a request's words through a closure on one exact Python.

    ``reached`` are the closure's names that are needed there; ``lacking`` the
    requirements that no member satisfies, in words; ``specifiers`` all that request
    and closure put on each name. ``requires`` are the names that each member needs there,
    lacking ones too, and under REQUEST those that the request names.
    """

    reached: set[ProjectName] = field(default_factory=set)
    lacking: list[str] = field(default_factory=list)
    specifiers: dict[ProjectName, list[SpecifierSet]] = field(default_factory=dict)
    requires: dict[str, set[ProjectName]] = field(default_factory=dict)


def walk(
    words: Iterable[Requirement],
    members: Mapping[ProjectName, CoreMetadata],
    environment: Mapping[str, str],
) -> Walk:
    """Follow the requirements that hold in ``environment`` from the request's words on."""
    found = Walk()
    queue: deque[tuple[ProjectName, str]] = deque()
    seen: set[tuple[ProjectName, str]] = set()

    def meet(requirement: Requirement, parent: str) -> None:
        for step in _met(found, requirement, parent, members):
            if step not in seen:
                seen.add(step)
                queue.append(step)

    for word in words:
        if _holds(word, environment, ""):
            meet(word, REQUEST)
    while queue:
        name, extra = queue.popleft()
        for requirement in members[name].requires_dist:
            if requirement_holds(requirement, environment, extra):
                meet(requirement, str(name))
    return found


def _met(
    found: Walk, requirement: Requirement, parent: str, members: Mapping[ProjectName, CoreMetadata]
) -> Iterator[tuple[ProjectName, str]]:
    """Note the requirement in ``found``, and yield where the way goes on: a name, once plain and once an extra."""
    name = canonicalize_name(requirement.name)
    found.specifiers.setdefault(name, []).append(requirement.specifier)
    found.requires.setdefault(parent, set()).add(name)
    member = members.get(name)
    if member is None:
        found.lacking.append(f"{parent} requires {requirement.name}, which is not in the closure")
        return
    if not requirement.specifier.contains(member.version, prereleases=True):
        found.lacking.append(
            f"{parent} requires {requirement.name}{requirement.specifier}, chosen is {member.version}"
        )
    found.reached.add(name)
    yield name, ""
    for extra in sorted(requirement.extras):
        yield name, canonicalize_name(extra)


def patches_named(
    members: Iterable[CoreMetadata], minor: int, conditions: Iterable[str] = ()
) -> frozenset[int]:
    """Return the patches of 3.``minor`` on both sides of each one that the metadata names.

    Named by markers on ``python_full_version`` and by Requires-Python, in the
    closure and in the request's own ``conditions``; only there can a closure be
    another one than on the patch before.
    """
    found: set[int] = set()
    for text in (*conditions, *_texts(members)):
        for operator, named, patch in _comparisons(text):
            if named == minor:
                found.update(_sides(operator, patch))
    return frozenset(patch for patch in found if 0 <= patch < NEWEST_PATCH)


def words_of_patches(minor: int, proved: Mapping[int, bool]) -> str | None:
    """Say on which patches a bare minor is proved: None = on all, else in words.

    ``proved`` maps patches, among them 0 and the newest, to what was seen there.
    """
    if all(proved.values()):
        return None
    stretches: list[tuple[int, int]] = []
    begun: int | None = None
    last = 0
    for patch in sorted(proved):
        if proved[patch]:
            begun = patch if begun is None else begun
        elif begun is not None:
            stretches.append((begun, last))
            begun = None
        last = patch
    if begun is not None:
        stretches.append((begun, last))
    if not stretches:
        return f"proved for no patch of 3.{minor}"
    return "proved for " + " and ".join(_stretch(minor, *stretch) for stretch in stretches)


def _stretch(minor: int, first: int, last: int) -> str:
    if last >= NEWEST_PATCH:
        return f"3.{minor}.{first} and later"
    return f"3.{minor}.{first}" if first == last else f"3.{minor}.{first} to 3.{minor}.{last}"


def _texts(members: Iterable[CoreMetadata]) -> Iterator[str]:
    for member in members:
        if member.requires_python:
            yield member.requires_python
        for requirement in member.requires_dist:
            if requirement.marker is not None:
                text = str(requirement.marker)
                if "python_full_version" in text or "implementation_version" in text:
                    yield text


def _comparisons(text: str) -> Iterator[tuple[str, int, int]]:
    for operator, minor, patch in _PATCH.findall(text):
        yield operator, int(minor), int(patch)
    listed = (version for versions in _LISTED.findall(text) for version in _VERSION.findall(versions))
    for minor, patch in (*_REVERSED.findall(text), *listed):
        yield "==", int(minor), int(patch)


def _sides(operator: str, patch: int) -> tuple[int, ...]:
    if operator in {"<", ">=", "~="}:
        return (patch - 1, patch)
    if operator in {"<=", ">"}:
        return (patch, patch + 1)
    return (patch - 1, patch, patch + 1)


def requirement_holds(requirement: Requirement, environment: Mapping[str, str], extra: str) -> bool:
    """Whether a requirement holds by the plain name (``extra`` empty), or for that extra alone."""
    if requirement.marker is None:
        return not extra
    if extra and _holds(requirement, environment, ""):
        return False
    return _holds(requirement, environment, extra)


def _holds(requirement: Requirement, environment: Mapping[str, str], extra: str) -> bool:
    if requirement.marker is None:
        return True
    try:
        return requirement.marker.evaluate({**environment, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False
